// The directories where a daemon keeps what is its own, and the lock that keeps others out.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include <sys/types.h>

#include "daemon/system/unique_fd.h"

namespace wm {

/// Why a daemon ends at once: another one has its state directory, or its socket.
class AnotherServes : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// All of these throw std::runtime_error with a sentence for people. `way_out` says what to do where
// a directory cannot be made.

/// Makes all directories above `path`.
void make_parent(const std::filesystem::path& path, const std::string& way_out);

/// Makes a directory of our own: nobody else can look into it, or lead us astray in it. With the
/// mode 0711 others may pass through it, to what lies there for them. One that belongs to another
/// user, or is open to others, is refused.
void make_directory(const std::filesystem::path& path, mode_t mode, const std::string& way_out);

/// Makes the state directory and its parts. From then on nobody else can read what this process
/// writes, unless it says so.
void make_state_directory(const std::filesystem::path& directory, const std::string& way_out);

/// Holds the state directory for this process until it ends; no child has the lock. Throws
/// AnotherServes where another process holds it.
UniqueFd lock_state(const std::filesystem::path& directory);

}  // namespace wm
