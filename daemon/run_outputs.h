// What the runs give back: a file each, which the run may write and nobody else may change.
#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace wm {

class RunOutputs {
 public:
  /// Keeps its files in `directory`, which is there, and which other users may pass through.
  explicit RunOutputs(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::string path_of(const std::string& uuid) const { return (directory_ / uuid).string(); }

  /// An empty file for that user to write. False, with errno set, if it cannot be made.
  bool create(const std::string& uuid, uid_t uid, gid_t gid) const;

  /// What is in the file, up to more than any output may have; then removes it.
  std::string take(const std::string& uuid) const;

  void remove(const std::string& uuid) const;
  void remove_all() const;

 private:
  std::filesystem::path directory_;
};

}  // namespace wm
