// Identifies the runs in progress on disk, so that a daemon after a crash finds what is left of
// them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/work.h"
#include "daemon/system/unique_fd.h"

namespace wm {

/// One file with fixed places, so that no run has to make and remove a file.
class RunRecords {
 public:
  /// The place where a child adds itself: see ChildPlan::record_offset.
  struct Place {
    int file = -1;  // -1: there is nothing to add.
    off_t offset = 0;
    std::size_t number = 0;
  };

  /// Keeps its file at `path`, in an existing directory. If not `on_disk`, it writes nothing,
  /// because the control group finds what is left of a run.
  RunRecords(std::filesystem::path path, bool on_disk);

  /// A place for a run. Nothing, with errno set, if the file cannot be opened.
  std::optional<Place> reserve();
  /// Assigns the place to a run of that job. False, with errno set, if it cannot be written.
  bool add(const Place& place, const WorkInfo& info);
  void remove(const Place& place);

  /// Goes on with the place of a run that an earlier daemon in this process has started.
  Place resume(std::size_t number);

  /// Kills every process of the recorded runs and returns once they are gone. Throws
  /// std::runtime_error if one does not die. Records of an earlier boot, or of another container,
  /// are only removed: their pids are other processes now.
  void end_all();

 private:
  bool open();

  std::filesystem::path path_;
  bool on_disk_;
  std::string world_;  // The scope of the records' pids.
  UniqueFd file_;
  std::vector<bool> taken_;
};

/// Kills that process, and waits until it is gone. Throws std::runtime_error if it does not die.
void kill_and_wait(pid_t pid);

}  // namespace wm
