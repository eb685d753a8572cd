// What a run and the daemon tell each other in files: its output, why it is to stop, and a
// directory for what it keeps from one run to the next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/work.h"
#include "daemon/system/users.h"

namespace wm {

/// `outputs` and `work` are directories that other users may pass through and nobody else may
/// change: no path in them is under a run's control.
class RunFiles {
 public:
  RunFiles(std::filesystem::path outputs, std::filesystem::path work)
      : outputs_(std::move(outputs)), work_(std::move(work)) {}

  std::string output_path(const std::string& uuid) const;
  std::string stop_reason_path(const std::string& uuid) const;
  std::string state_path(std::int64_t state) const;

  /// All that the run of that user needs. What it has kept in that state directory stays. False,
  /// with errno set, if it cannot be made.
  bool prepare(const std::string& uuid, std::int64_t state, const User& user) const;

  /// For the run to read from now on.
  void tell_stop_reason(const std::string& uuid, StopReason reason) const;

  /// What is in the output file, up to more than any output may have; then removes it.
  std::string take_output(const std::string& uuid) const;

  /// What belongs to that run alone.
  void remove(const std::string& uuid) const;
  /// Removes the outputs of all runs, when none goes on. Returns how many there were.
  int remove_all() const;

 private:
  bool make_state(std::int64_t state, const User& user) const;

  std::filesystem::path outputs_;
  std::filesystem::path work_;
};

}  // namespace wm
