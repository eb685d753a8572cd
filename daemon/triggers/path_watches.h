// The paths that triggered jobs wait for. They are watched by inotify; scanned again if inotify
// cannot tell what has happened; and scanned once a minute if the machine, or the owner's share,
// has no watches left.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/inotify.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/work.h"
#include "daemon/system/helper_threads.h"
#include "daemon/triggers/path_scan.h"

namespace wm {

class PathWatches {
 public:
  using Changed = std::function<void(WorkId)>;
  using Globs = std::vector<std::string>;
  /// The result of scan_paths() for each of a list, or the reason why some cannot be watched.
  using Seen = std::function<void(const Result<std::vector<std::int64_t>>&)>;

  /// The use of watches.
  struct Use {
    std::size_t watched = 0;
    uid_t owner = 0;        // The user who has most of them.
    std::size_t most = 0;   // The number that this user has.
    std::string unwatched;  // The reason why some are only scanned now and then; empty: none is.
  };

  /// `limits` says how many directories each owner's jobs may watch; it is read each time.
  PathWatches(boost::asio::io_context& loop, HelperThreads& helpers, const Limits& limits,
              Changed changed);

  /// Scans once, with the rights of `owner`. The error says that it cannot be watched, does not
  /// answer, or is more than the owner may watch.
  void look(uid_t owner, std::vector<Globs> list, Seen seen);

  /// Watches for a job until forget(). Changes since it was `seen` count; nothing: changes from now
  /// on.
  void watch(WorkId id, uid_t owner, Globs globs, std::optional<std::int64_t> seen);
  void forget(WorkId id);
  /// Tries again to watch everything that is not watched: there may be more watches now.
  void try_again();
  bool is_watching(WorkId id, const Globs& globs) const;

  /// Says why its paths are not watched; empty: they are.
  std::string problem(WorkId id) const;
  Use use() const;

 private:
  struct Entry {
    uid_t owner = 0;
    Globs globs;
    std::optional<std::int64_t> seen;
    std::set<int> watches;
    std::string problem;
    bool starved = false;  // The problem is a lack of watches.
    bool scanning = false;
    bool again = false;       // Something asked for a scan while one was on its way.
    std::set<int> meanwhile;  // The watches that had events meanwhile.
    // Counts the calls of watch() for this id: a scan may come back too late.
    std::int64_t version = 0;
  };
  struct Interest {
    WorkId work = 0;
    WatchedName names;
  };

  int descriptor();
  std::size_t watched_by(uid_t owner) const;
  void keep(WorkId id, Entry& entry, std::vector<WatchedName> names);
  void try_again_later();
  void scan(WorkId id);
  void scan_all();
  void scanned(WorkId id, std::int64_t version, PathScan scan);
  void drop_interests(WorkId id, Entry& entry);
  void drop_watches();
  void listen();
  void read_events();
  void take(const inotify_event& event);
  void listen_to_mounts();

  boost::asio::io_context& loop_;
  const Limits& limits_;
  Changed changed_;
  HelperThreads& helpers_;
  boost::asio::posix::stream_descriptor inotify_;
  boost::asio::posix::stream_descriptor mounts_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer again_;
  bool tries_again_ = false;
  std::string no_inotify_;  // The reason for having none; empty: there is one, or nobody needs it.
  std::unordered_map<WorkId, Entry> works_;
  std::unordered_map<int, std::vector<Interest>> interests_;  // The interests in each watch.
  std::set<int> watches_;                                     // All that the kernel has for us.
  // The number of each owner's jobs that need each watch.
  std::map<uid_t, std::map<int, int>> shares_;
  std::set<WorkId> to_scan_;  // The jobs to scan after the present events.
  int scans_ = 0;             // The scans in progress: each may rely on any watch.
  std::int64_t versions_ = 0;
};

}  // namespace wm
