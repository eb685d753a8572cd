// Checks that open files still have their names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wm {

class PlacedFiles {
 public:
  /// Adds the file that has that path now, and is open.
  void add(const std::filesystem::path& path);

  /// The first file that was removed, moved or replaced since, and what happened to it: further
  /// writes would go to a file without a name. Empty: all are where they were.
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
