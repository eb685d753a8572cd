// The private directories of a daemon, and the lock that keeps others out.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include <sys/types.h>

#include "daemon/system/unique_fd.h"

namespace wm {

/// Another daemon has the state directory or the socket, so that this one ends at once.
class AnotherServes : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// All of these throw std::runtime_error with a sentence for people. If a directory cannot be made,
// it ends with `way_out`.

/// Makes all directories above `path`.
void make_parent(const std::filesystem::path& path, const std::string& way_out);

/// Makes a private directory: nobody else can look into it, or lead us astray in it. With the mode
/// 0711 others may pass through to their own files below it. Refuses a directory that belongs to
/// another user, or is open to others.
void make_directory(const std::filesystem::path& path, mode_t mode, const std::string& way_out);

/// Makes the state directory and its parts. From then on nobody else can read what this process
/// writes, unless it says so.
void make_state_directory(const std::filesystem::path& directory, const std::string& way_out);

/// Holds the state directory for this process until it ends; no child has the lock. Throws
/// AnotherServes if another process holds it.
UniqueFd lock_state(const std::filesystem::path& directory);

}  // namespace wm
