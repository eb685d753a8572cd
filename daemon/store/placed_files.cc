#include "daemon/store/placed_files.h"

#include <cerrno>

#include <sys/stat.h>

namespace wm {

void PlacedFiles::add(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) files_.push_back({path, status.st_dev, status.st_ino});
}

std::string PlacedFiles::misplaced() const {
  for (const File& file : files_) {
    struct stat status{};
    if (::stat(file.path.c_str(), &status) == 0) {
      if (status.st_dev == file.device && status.st_ino == file.inode) continue;
      return file.path.string() + " is not the file that wmd has open";
    }
    if (errno == ENOENT || errno == ENOTDIR) {
      return file.path.string() + " is gone: it, or its directory, was removed or moved";
    }
  }
  return "";
}

}  // namespace wm
