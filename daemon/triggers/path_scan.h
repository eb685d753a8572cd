// One look at the paths that a trigger names: what there is, and which directories to watch for
// more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wm {

/// Names in a watched directory that matter.
struct WatchedName {
  int watch = 0;        // As inotify numbers it.
  std::string pattern;  // As in fnmatch(3); empty: only the directory itself matters.
  bool named = false;   // Such a name is one of the paths; else it leads to some, perhaps.
  bool hidden = false;  // `*` stands for names that begin with a dot too.
};

struct PathScan {
  std::int64_t fingerprint = 0;  // Of all that there is: equal as long as nothing changes.
  std::vector<WatchedName> names;
  std::size_t directories = 0;  // To be watched; those that are named twice count twice.
  std::string problem;          // Why nothing can be said of them; empty: it can.
  std::string unwatched;        // Why some could be looked at and not watched; empty: none.
};

/// Looks at what matches `globs`, absolute patterns as in glob(7); a directory that is named
/// without any stands for what is in it. With an inotify descriptor, watches are added before it
/// looks, so that no change falls between the two; with -1 it only looks. Blocks as long as the
/// file systems do.
PathScan scan_paths(int inotify, const std::vector<std::string>& globs);

/// Whether a directory's event about `name` is one about `watched`.
bool matches(const WatchedName& watched, std::string_view name);

}  // namespace wm
