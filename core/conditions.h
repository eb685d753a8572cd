// The machine's present conditions, and whether they meet a job's constraints.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/work.h"
#include "core/zone.h"

namespace wm {

struct NetworkReading {
  bool connected = false;
  bool metered = false;
  bool roaming = false;

  bool operator==(const NetworkReading&) const = default;
};

/// The word for a reading, both shown and accepted as an override; `none`: not connected.
std::string_view word(const NetworkReading& reading);
inline constexpr std::array<std::string_view, 5> kNetworkWords{"none", "connected", "unmetered",
                                                               "metered", "roaming"};

/// How an unknown condition counts, if the configuration says so (`[unknown]`). By default it
/// counts as holding, because no absent sensor may block a job by accident; except for network
/// `metered`, which must be known to hold.
using UnknownPolicy = ByConstraint<std::optional<bool>>;

/// One value per sensor; nothing where there is none.
struct Conditions {
  std::optional<NetworkReading> network;
  ByConstraint<std::optional<bool>> holds;  // The values of the flags.
  std::map<std::string, bool> custom;       // Unknown: does not hold.
  UnknownPolicy unknown;

  bool operator==(const Conditions&) const = default;
};

/// True if all that `wanted` names holds at once.
bool hold(const Constraints& wanted, const Conditions& conditions, ZonedTime time);

/// The next instant at which local time may decide otherwise about `wanted`, while the conditions
/// stay as they are; nothing: never.
std::optional<TimePoint> next_change(const Constraints& wanted, ZonedTime time);

/// One constraint beside the present condition, as people read it.
struct Need {
  Constraint constraint = Constraint::network;
  std::string name;                // `network`, `charging`, or the name of a custom condition.
  std::string required;            // `unmetered`, `yes`, `ok`.
  std::string actual;              // `metered`, `no`, `low`, `unknown`.
  std::optional<TimePoint> since;  // For windows, which no history of conditions knows.
  std::optional<TimePoint> until;  // When it will hold, if that is known.

  bool operator==(const Need&) const = default;
};

/// Lists the constraints of `wanted` that do not hold, in the order of the enumerators.
std::vector<Need> unmet(const Constraints& wanted, const Conditions& conditions, ZonedTime time);

/// Lists the constraints of `wanted` that hold, in the order of the enumerators.
std::vector<Need> met(const Constraints& wanted, const Conditions& conditions, ZonedTime time);

/// The first that does not hold; nothing: all hold.
std::optional<Constraint> first_unmet(const Constraints& wanted, const Conditions& conditions,
                                      ZonedTime time);

/// Names everything that can be measured, including these conditions of the configuration.
Constraints all_constraints(std::vector<std::string> custom);

/// Names each constraint that either of the two names: what to measure for both.
Constraints either(const Constraints& a, const Constraints& b);

/// The percentages at which a battery becomes low, and stops being low.
struct BatteryLevels {
  int low = 15;
  int ok = 20;

  bool operator==(const BatteryLevels&) const = default;
};

/// True at `levels.low` or below; once low, until it is above `levels.ok`.
bool battery_is_low(bool was_low, int percent, const BatteryLevels& levels);

/// The limits below which a file system is low on space: see storage_limit().
struct StorageLevels {
  int low_percent = 5;
  std::uint64_t low_bytes = std::uint64_t{500} << 20;

  bool operator==(const StorageLevels&) const = default;
};

/// The smaller of the two limits.
std::uint64_t storage_limit(std::uint64_t total_bytes, const StorageLevels& levels);

/// True at the limit or below; once low, until there is more than 1.5 times the limit.
bool storage_is_low(bool was_low, std::uint64_t free_bytes, std::uint64_t total_bytes,
                    const StorageLevels& levels);

}  // namespace wm
