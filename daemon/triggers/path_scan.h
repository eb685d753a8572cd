// One scan of the paths that a trigger names: what exists, and which directories to watch for more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wm {

/// The relevant names in a watched directory.
struct WatchedName {
  int watch = 0;        // The number that inotify gave it.
  std::string pattern;  // A pattern of fnmatch(3); empty: only the directory itself matters.
  bool named = false;   // Such a name is one of the paths; otherwise it may lead to some.
  bool hidden = false;  // `*` also matches names that begin with a dot.
};

struct PathScan {
  std::int64_t fingerprint = 0;  // It covers everything that exists; equal if nothing has changed.
  std::vector<WatchedName> names;
  std::size_t directories = 0;  // Directories to watch; those that are named twice count twice.
  std::string problem;          // The reason why they cannot be scanned; empty: they can.
  std::string unwatched;        // The reason why some are scanned and not watched; empty: none.
};

/// Scans what matches `globs`, absolute patterns as in glob(7); a directory that is named without a
/// pattern stands for its entries. With an inotify descriptor, watches are added before the scan,
/// so that no change falls between the two; with -1 it only scans. Blocks as long as the file
/// systems do.
PathScan scan_paths(int inotify, const std::vector<std::string>& globs);

/// True if a directory's event about `name` concerns `watched`.
bool matches(const WatchedName& watched, std::string_view name);

}  // namespace wm
