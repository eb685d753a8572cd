#include "daemon/turn/log_space.h"

#include <algorithm>
#include <limits>

namespace wm {
namespace {

constexpr std::int64_t kMost = std::int64_t{4} << 30;
constexpr std::int64_t kLeast = std::int64_t{16} << 20;
// The most logs that go in one turn.
constexpr std::size_t kRemovedAtOnce = 1000;

}  // namespace

std::int64_t most_log_bytes(const KeepLimits& limits, const DiskSpace& disk, std::int64_t used) {
  if (disk.size == 0) {
    return limits.max_log_space_total.value_or(std::numeric_limits<std::int64_t>::max());
  }
  const std::int64_t most = limits.max_log_space_total.value_or(std::min(disk.size / 10, kMost));
  const std::int64_t stays_free = limits.keep_free.value_or(std::min(disk.size / 20 * 3, kMost));
  return std::min(most, std::max(kLeast, used + disk.free - stays_free));
}

RemovedLogs make_room_for_logs(Store& store, const KeepLimits& limits, const DiskSpace& disk) {
  RemovedLogs removed;
  std::vector<OwnerUse> uses = store.uses();
  std::int64_t total = 0;
  const auto remove_from = [&](OwnerUse& use, std::int64_t bytes) {
    const auto limit = static_cast<int>(kRemovedAtOnce - removed.runs.size());
    std::int64_t gone = 0;
    for (const RemovedLog& one : store.remove_logs(use.owner, bytes, limit)) {
      gone += one.bytes;
      removed.runs.push_back(one.run);
    }
    use.log_bytes -= gone;
    total -= gone;
    removed.all = removed.runs.size() < kRemovedAtOnce;
    return gone > 0 && removed.all;
  };
  for (const OwnerUse& use : uses) total += use.log_bytes;
  const std::int64_t most = most_log_bytes(limits, disk, total);
  for (OwnerUse& use : uses) {
    if (use.log_bytes > limits.max_log_space)
      remove_from(use, use.log_bytes - limits.max_log_space);
    if (!removed.all) return removed;
  }
  while (total > most) {
    std::ranges::sort(uses, std::greater(), &OwnerUse::log_bytes);
    const std::int64_t next = uses.size() > 1 ? uses[1].log_bytes : 0;
    const std::int64_t bytes = std::min(total - most, uses[0].log_bytes - next + 1);
    if (!remove_from(uses[0], bytes)) break;
  }
  return removed;
}

}  // namespace wm
