// Whether files that are open still have their names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wm {

class PlacedFiles {
 public:
  /// From now on: whatever has that path now, which is open.
  void add(const std::filesystem::path& path);

  /// The first that was removed, moved or replaced since, so that what is written to it has no name
  /// any more, and what has become of it. Empty: all are where they were.
  std::string misplaced() const;

 private:
  struct File {
    std::filesystem::path path;
    dev_t device = 0;
    ino_t inode = 0;
  };
  std::vector<File> files_;
};

}  // namespace wm
