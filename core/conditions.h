// What the machine is like now, and whether that is what a work needs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/work.h"

namespace wm {

struct NetworkReading {
  bool connected = false;
  bool metered = false;
  bool roaming = false;

  bool operator==(const NetworkReading&) const = default;
};

/// One value each sensor; nothing where there is none. An unknown condition never blocks work by
/// accident: it counts as holding, but for network `metered`, which must be known to hold.
struct Conditions {
  std::optional<NetworkReading> network;
  std::optional<bool> charging;
  std::optional<bool> battery_not_low;
  std::optional<bool> storage_not_low;
  std::optional<bool> idle;

  bool operator==(const Conditions&) const = default;
};

/// Whether all that `wanted` names holds at once.
bool hold(const Constraints& wanted, const Conditions& conditions);

/// Those of `wanted` that do not hold, in the order of the enumerators.
std::vector<Constraint> unmet(const Constraints& wanted, const Conditions& conditions);

/// Percentages at which a battery counts as low, and as well again.
struct BatteryLevels {
  int low = 15;
  int ok = 20;

  bool operator==(const BatteryLevels&) const = default;
};

/// Low at `levels.low` or under; once low, until it is above `levels.ok`.
bool battery_is_low(bool was_low, int percent, const BatteryLevels& levels);

/// When a file system is low on space: under the smaller of the two.
struct StorageLevels {
  int low_percent = 5;
  std::uint64_t low_bytes = std::uint64_t{500} << 20;

  bool operator==(const StorageLevels&) const = default;
};

/// Low at the limit or under; once low, until there is more than 1.5 times the limit.
bool storage_is_low(bool was_low, std::uint64_t free_bytes, std::uint64_t total_bytes,
                    const StorageLevels& levels);

}  // namespace wm
