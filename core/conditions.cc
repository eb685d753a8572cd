#include "core/conditions.h"

#include <algorithm>

namespace wm {
namespace {

bool network_holds(NetworkType wanted, const std::optional<NetworkReading>& network) {
  if (wanted == NetworkType::not_required) return true;
  if (!network) return wanted != NetworkType::metered;
  if (!network->connected) return false;
  switch (wanted) {
    case NetworkType::not_required:
    case NetworkType::connected:
      return true;
    case NetworkType::unmetered:
      return !network->metered;
    case NetworkType::metered:
      return network->metered;
    case NetworkType::not_roaming:
      return !network->roaming;
  }
  return false;
}

// Calls `report` for each constraint that does not hold.
template <class Report>
void each_unmet(const Constraints& wanted, const Conditions& now, Report report) {
  const auto check = [&](bool required, std::optional<bool> holds, Constraint constraint) {
    if (required && !holds.value_or(true)) report(constraint);
  };
  check(true, network_holds(wanted.network, now.network), Constraint::network);
  check(wanted.charging, now.charging, Constraint::charging);
  check(wanted.battery_not_low, now.battery_not_low, Constraint::battery_not_low);
  check(wanted.storage_not_low, now.storage_not_low, Constraint::storage_not_low);
  check(wanted.idle, now.idle, Constraint::idle);
}

}  // namespace

bool hold(const Constraints& wanted, const Conditions& conditions) {
  bool all = true;
  each_unmet(wanted, conditions, [&](Constraint) { all = false; });
  return all;
}

std::vector<Constraint> unmet(const Constraints& wanted, const Conditions& conditions) {
  std::vector<Constraint> missing;
  each_unmet(wanted, conditions, [&](Constraint constraint) { missing.push_back(constraint); });
  return missing;
}

bool battery_is_low(bool was_low, int percent, const BatteryLevels& levels) {
  return percent <= (was_low ? levels.ok : levels.low);
}

bool storage_is_low(bool was_low, std::uint64_t free_bytes, std::uint64_t total_bytes,
                    const StorageLevels& levels) {
  const std::uint64_t share = total_bytes / 100 * static_cast<std::uint64_t>(levels.low_percent);
  const std::uint64_t limit = std::min(share, levels.low_bytes);
  return free_bytes <= (was_low ? limit + limit / 2 : limit);
}

}  // namespace wm
