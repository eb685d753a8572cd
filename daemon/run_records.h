// A file for each run that is alive, so that a daemon that comes after a crash finds what is left
// of it.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/work.h"
#include "daemon/unique_fd.h"

namespace wm {

class RunRecords {
 public:
  /// Keeps its files in `directory`, which is there.
  explicit RunRecords(std::filesystem::path directory);

  /// A new record for the run; its child adds itself (ChildPlan::record). Nothing, with errno set,
  /// if the file cannot be written.
  UniqueFd create(const WorkInfo& info);
  void remove(WorkId id);

  /// Kills every process of the recorded runs and returns once they are gone. Throws
  /// std::runtime_error if one does not die. Records of an earlier boot are only removed.
  void end_all();

 private:
  std::filesystem::path path_of(WorkId id) const;

  std::filesystem::path directory_;
  std::string boot_id_;
};

}  // namespace wm
