#include "daemon/probes/storage.h"

#include <algorithm>
#include <limits>

#include <spdlog/fmt/fmt.h>
#include <sys/statvfs.h>

namespace wm {
namespace {

constexpr std::chrono::seconds kFar{3600};
constexpr std::chrono::seconds kNear{300};
constexpr std::chrono::seconds kClose{30};

// A file system that has not answered by then is reported, though it may answer later.
constexpr std::chrono::seconds kFileSystemPatience{5};

}  // namespace

std::optional<StorageProbe::Space> StorageProbe::space_of(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) return std::nullopt;
  return Space{std::uint64_t{status.f_bavail} * status.f_frsize,
               std::uint64_t{status.f_blocks} * status.f_frsize};
}

StorageProbe::StorageProbe(boost::asio::io_context& loop, HelperThreads& helpers,
                           std::string state_directory, const StorageSettings& settings,
                           Report report)
    : helpers_(helpers),
      state_directory_(std::move(state_directory)),
      settings_(settings),
      report_(std::move(report)),
      again_(loop) {}

void StorageProbe::measure() {
  if (!wanted_ || std::exchange(looking_, true)) return;
  std::vector<std::string> paths{state_directory_};
  paths.insert(paths.end(), settings_.paths.begin(), settings_.paths.end());
  look_again_in(kFileSystemPatience);
  helpers_.run(
      HelperThreads::disk_space,
      [paths = std::move(paths)] {
        Spaces spaces;
        for (const std::string& path : paths) spaces.emplace_back(path, space_of(path));
        return spaces;
      },
      [this](const Spaces& found) {
        looking_ = false;
        if (wanted_) judge(found);
      });
}

void StorageProbe::judge(const Spaces& spaces) {
  bool low = false;
  std::optional<std::uint64_t> least;
  // The free space above the limit.
  std::uint64_t margin = std::numeric_limits<std::uint64_t>::max();
  std::string where;
  for (const auto& [path, space] : spaces) {
    if (!space) continue;
    low = low || storage_is_low(low_, space->free, space->total, settings_.levels);
    const std::uint64_t limit = storage_limit(space->total, settings_.levels);
    margin = std::min(margin, space->free / std::max<std::uint64_t>(limit, 1));
    if (least && space->free >= *least) continue;
    least = space->free;
    where = path;
  }
  if (!least) {
    report_(
        {Constraint::storage_not_low, std::monostate{}, "statvfs", "no watched path can be read"});
    look_again_in(kNear);
    return;
  }
  low_ = low;
  report_({Constraint::storage_not_low, !low, "statvfs",
           fmt::format("{} MiB free at {}", *least >> 20, where)});
  look_again_in(margin > 8 ? kFar : margin > 2 ? kNear : kClose);
}

void StorageProbe::set_wanted(const Constraints& wanted) {
  const bool now = wanted.has(Constraint::storage_not_low);
  if (std::exchange(wanted_, now) == now) return;
  if (wanted_) {
    measure();
  } else {
    again_.cancel();
  }
}

void StorageProbe::look_again_in(std::chrono::seconds time) {
  again_.expires_after(time);
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (!looking_) return measure();
    report_({Constraint::storage_not_low, std::monostate{}, "statvfs",
             "a watched path does not answer"});
  });
}

}  // namespace wm
