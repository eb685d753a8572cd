#include "daemon/triggers/path_watches.h"

#include <array>
#include <cstring>
#include <memory>
#include <tuple>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "daemon/system/rights.h"

namespace wm {
namespace {

// However fast something changes, events are read this often: a file that is being written causes
// an event per write.
constexpr std::chrono::milliseconds kBetweenReads{100};
constexpr std::chrono::seconds kScanPatience{5};
// Unwatched paths are scanned this often: nobody reports when there are watches again.
constexpr std::chrono::minutes kBetweenLooks{1};

using boost::asio::posix::descriptor_base;

PathScan scan_as(uid_t uid, int inotify, const PathWatches::Globs& globs) {
  const BorrowedRights rights(uid);
  if (!rights.problem().empty()) return {.problem = rights.problem()};
  return scan_paths(inotify, globs);
}

}  // namespace

PathWatches::PathWatches(boost::asio::io_context& loop, HelperThreads& helpers,
                         const Limits& limits, Changed changed)
    : loop_(loop),
      limits_(limits),
      changed_(std::move(changed)),
      helpers_(helpers),
      inotify_(loop),
      mounts_(loop),
      pause_(loop),
      again_(loop) {}

void PathWatches::look(uid_t owner, std::vector<Globs> list, Seen seen) {
  const auto timer = std::make_shared<boost::asio::steady_timer>(loop_, kScanPatience);
  const auto answered = std::make_shared<bool>(false);
  timer->async_wait([answered, seen](const boost::system::error_code& cancelled) {
    if (cancelled || std::exchange(*answered, true)) return;
    seen(fail(ErrorCode::failed, "the file system with its paths does not answer"));
  });
  helpers_.run(
      owner,
      [owner, list = std::move(list)] {
        std::vector<PathScan> scans;
        for (const Globs& globs : list) scans.push_back(scan_as(owner, -1, globs));
        return scans;
      },
      [this, owner, answered, timer, seen = std::move(seen)](const std::vector<PathScan>& scans) {
        timer->cancel();
        if (std::exchange(*answered, true)) return;
        std::size_t directories = watched_by(owner);
        std::vector<std::int64_t> found;
        for (const PathScan& scan : scans) {
          if (!scan.problem.empty()) return seen(fail(ErrorCode::refused, scan.problem));
          found.push_back(scan.fingerprint);
          directories += scan.directories;
        }
        if (directories > limits_.max_watches) {
          return seen(fail(ErrorCode::refused, "with these paths, your jobs would watch " +
                                                   std::to_string(directories) +
                                                   " directories, and may watch at most " +
                                                   std::to_string(limits_.max_watches) +
                                                   " (limits.max_watches)"));
        }
        seen(found);
      });
}

void PathWatches::watch(WorkId id, uid_t owner, Globs globs, std::optional<std::int64_t> seen) {
  forget(id);
  Entry entry;
  entry.owner = owner;
  entry.globs = std::move(globs);
  entry.seen = seen;
  entry.version = ++versions_;
  works_.emplace(id, std::move(entry));
  scan(id);
}

void PathWatches::forget(WorkId id) {
  const auto found = works_.find(id);
  if (found == works_.end()) return;
  drop_interests(id, found->second);
  works_.erase(found);
  to_scan_.erase(id);
  drop_watches();
}

bool PathWatches::is_watching(WorkId id, const Globs& globs) const {
  const auto found = works_.find(id);
  return found != works_.end() && found->second.globs == globs;
}

std::string PathWatches::problem(WorkId id) const {
  const auto found = works_.find(id);
  return found == works_.end() ? "" : found->second.problem;
}

PathWatches::Use PathWatches::use() const {
  Use use{.watched = interests_.size(), .unwatched = no_inotify_};
  for (const auto& [owner, watches] : shares_) {
    if (watches.size() > use.most) std::tie(use.owner, use.most) = std::pair(owner, watches.size());
  }
  for (const auto& [id, entry] : works_) {
    if (use.unwatched.empty() && entry.starved) use.unwatched = entry.problem;
  }
  return use;
}

std::size_t PathWatches::watched_by(uid_t owner) const {
  const auto share = shares_.find(owner);
  return share == shares_.end() ? 0 : share->second.size();
}

// The descriptor of inotify; -1 if the machine has none.
int PathWatches::descriptor() {
  if (!mounts_.is_open()) {
    const int mounts = ::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (mounts >= 0) {
      mounts_.assign(mounts);
      listen_to_mounts();
    }
  }
  if (inotify_.is_open()) return inotify_.native_handle();
  const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) {
    no_inotify_ = std::string("the kernel has no inotify instance left (") +
                  ::strerrordesc_np(errno) + "): raise fs.inotify.max_user_instances";
    return fd;
  }
  no_inotify_.clear();
  inotify_.assign(fd);
  listen();
  return fd;
}

void PathWatches::try_again_later() {
  if (std::exchange(tries_again_, true)) return;
  again_.expires_after(kBetweenLooks);
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    tries_again_ = false;
    if (!cancelled) try_again();
  });
}

void PathWatches::try_again() {
  for (auto& [id, entry] : works_) {
    if (!entry.problem.empty()) scan(id);
  }
}

void PathWatches::scan(WorkId id) {
  Entry& entry = works_.at(id);
  if (std::exchange(entry.scanning, true)) {
    entry.again = true;
    return;
  }
  ++scans_;
  helpers_.run(
      entry.owner,
      [owner = entry.owner, fd = descriptor(), globs = entry.globs] {
        return scan_as(owner, fd, globs);
      },
      [this, id, version = entry.version](PathScan found) {
        scanned(id, version, std::move(found));
      });
}

void PathWatches::scan_all() {
  for (const auto& [id, entry] : works_) to_scan_.insert(id);
}

void PathWatches::scanned(WorkId id, std::int64_t version, PathScan found) {
  --scans_;
  for (const WatchedName& names : found.names) watches_.insert(names.watch);
  const auto place = works_.find(id);
  if (place != works_.end() && place->second.version == version) {
    Entry& entry = place->second;
    drop_interests(id, entry);
    entry.starved = found.problem.empty();
    if (found.problem.empty()) found.problem = found.unwatched;
    if (found.problem.empty()) found.problem = no_inotify_;
    keep(id, entry, std::move(found.names));
    if (watched_by(entry.owner) > limits_.max_watches) {
      drop_interests(id, entry);
      found.problem = "its owner's jobs may watch at most " + std::to_string(limits_.max_watches) +
                      " directories (limits.max_watches)";
    }
    if (std::exchange(entry.problem, found.problem) != found.problem && !found.problem.empty()) {
      spdlog::warn("the paths of a job are looked at once a minute, not watched: {}",
                   found.problem);
    }
    entry.starved = entry.starved && !found.problem.empty();
    if (!found.problem.empty()) try_again_later();
    const bool changed = entry.seen && *entry.seen != found.fingerprint;
    entry.seen = found.fingerprint;
    entry.scanning = false;
    if (std::exchange(entry.again, false)) scan(id);
    if (changed) changed_(id);
  }
  drop_watches();
}

void PathWatches::keep(WorkId id, Entry& entry, std::vector<WatchedName> names) {
  const std::set<int> meanwhile = std::exchange(entry.meanwhile, {});
  std::map<int, int>& share = shares_[entry.owner];
  for (WatchedName& name : names) {
    if (entry.watches.insert(name.watch).second) ++share[name.watch];
    entry.again = entry.again || meanwhile.contains(name.watch);
    interests_[name.watch].push_back({id, std::move(name)});
  }
}

void PathWatches::drop_interests(WorkId id, Entry& entry) {
  std::map<int, int>& share = shares_[entry.owner];
  for (const int watch : std::exchange(entry.watches, {})) {
    std::erase_if(interests_[watch], [id](const Interest& one) { return one.work == id; });
    if (interests_[watch].empty()) interests_.erase(watch);
    if (--share[watch] == 0) share.erase(watch);
  }
  if (share.empty()) shares_.erase(entry.owner);
}

// Drops watches that nobody needs any more. A scan on its way may rely on one of them: the kernel
// reports that it is gone, and the scan is repeated.
void PathWatches::drop_watches() {
  constexpr std::size_t kMostUseless = 1000;
  if (scans_ > 0 && watches_.size() <= interests_.size() + kMostUseless) return;
  if (works_.empty() && scans_ == 0) {
    pause_.cancel();
    again_.cancel();
    no_inotify_.clear();
    inotify_.close();
    mounts_.close();
    watches_.clear();
    return;
  }
  std::erase_if(watches_, [this](int watch) {
    if (interests_.contains(watch)) return false;
    ::inotify_rm_watch(inotify_.native_handle(), watch);
    return true;
  });
}

void PathWatches::listen() {
  inotify_.async_wait(descriptor_base::wait_read, [this](const boost::system::error_code& closed) {
    if (closed) return;
    read_events();
    pause_.expires_after(kBetweenReads);
    pause_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) listen();
    });
  });
}

void PathWatches::read_events() {
  alignas(inotify_event) std::array<char, 65'536> buffer{};
  ssize_t size = 0;
  while ((size = ::read(inotify_.native_handle(), buffer.data(), buffer.size())) > 0) {
    for (const char* next = buffer.data(); next < buffer.data() + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(next);
      take(*event);
      next += sizeof(inotify_event) + event->len;
    }
  }
  for (const WorkId id : std::exchange(to_scan_, {})) scan(id);
}

void PathWatches::take(const inotify_event& event) {
  if (event.mask & IN_Q_OVERFLOW) return scan_all();
  if (event.mask & IN_IGNORED) watches_.erase(event.wd);
  // It may be news to a scan on its way, whose watches are not known yet.
  for (auto& [id, entry] : works_) {
    if (entry.scanning) entry.meanwhile.insert(event.wd);
  }
  const auto interests = interests_.find(event.wd);
  if (interests == interests_.end()) return;
  const bool of_itself = event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT);
  const std::string_view name = event.len > 0 ? event.name : "";
  for (const auto& [work, names] : interests->second) {
    if (of_itself) {
      to_scan_.insert(work);
    } else if (matches(names, name)) {
      // An attribute can change without the file's content, and a directory may contain more.
      const bool uncertain = event.mask & (IN_ATTRIB | IN_ISDIR);
      if (!names.named || uncertain) to_scan_.insert(work);
      if (names.named && !(event.mask & IN_ATTRIB)) changed_(work);
    }
  }
}

// A mount on a directory hides what was watched there.
void PathWatches::listen_to_mounts() {
  mounts_.async_wait(descriptor_base::wait_error, [this](const boost::system::error_code& closed) {
    if (closed) return;
    scan_all();
    for (const WorkId id : std::exchange(to_scan_, {})) scan(id);
    listen_to_mounts();
  });
}

}  // namespace wm
