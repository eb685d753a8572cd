// The files between a run and the daemon: its output, the reason why it must stop, and a directory
// that is kept from one run to the next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/work.h"
#include "daemon/system/users.h"

namespace wm {

/// Other users may pass through the directories `outputs` and `work`, and nobody else may change
/// them: no path in them is under a run's control.
class RunFiles {
 public:
  RunFiles(std::filesystem::path outputs, std::filesystem::path work)
      : outputs_(std::move(outputs)), work_(std::move(work)) {}

  std::string output_path(const std::string& uuid) const;
  std::string stop_reason_path(const std::string& uuid) const;
  std::string state_path(std::int64_t state) const;

  /// Makes what the run of that user cannot make itself. False, with errno set, if that fails.
  bool prepare(const std::string& uuid, const User& user) const;

  /// The run can read it from now on.
  void tell_stop_reason(const std::string& uuid, StopReason reason) const;

  /// Returns the content of the output file, up to more than any output may have; then removes it.
  std::string take_output(const std::string& uuid) const;

  /// Removes the files of that run.
  void remove(const std::string& uuid) const;
  /// Removes the outputs of all runs, when none is in progress. Returns how many there were.
  int remove_all() const;

 private:
  std::filesystem::path outputs_;
  std::filesystem::path work_;
};

}  // namespace wm
