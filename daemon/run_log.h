// What the runs print: a file each for standard output and standard error, written by the child
// itself.
#pragma once

#include <filesystem>

#include "core/work.h"
#include "daemon/unique_fd.h"

namespace wm {

enum class LogStream : std::uint8_t { output, errors };

class RunLog {
 public:
  /// Keeps its files in `directory`, which is there.
  explicit RunLog(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::filesystem::path path_of(WorkId work, int run, LogStream stream) const;

  /// For the child to write. Nothing, with errno set, if the file cannot be made.
  UniqueFd create(WorkId work, int run, LogStream stream) const;

  /// Once the run is over: a log that stayed empty is no file.
  void finish(WorkId work, int run) const;

  void remove(WorkId work, int run) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace wm
