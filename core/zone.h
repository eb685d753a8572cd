// Local time: what a clock on the wall says in a time zone, and when its offset changes.
#pragma once

#include <chrono>
#include <string_view>

#include "core/error.h"
#include "core/time.h"

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's.
}

namespace wm {

using LocalTime = std::chrono::local_time<Duration>;

/// An instant, and the zone whose local time counts then. nullptr: UTC.
struct ZonedTime {
  TimePoint instant{};
  const date::time_zone* zone = nullptr;
};

/// One offset from UTC, and the instant from which on it is another.
struct ZoneOffset {
  Duration offset{};
  TimePoint until{};
};

/// The offset at an instant. nullptr: UTC, whose offset never changes.
ZoneOffset offset_at(TimePoint instant, const date::time_zone* zone);

LocalTime local_time_at(TimePoint instant, const date::time_zone* zone);

/// The zone with that name of the IANA database: Europe/Berlin; nullptr: there is none.
const date::time_zone* find_zone(std::string_view name);

/// Refuses any other name, and says what is wrong with it.
Result<> check_zone(std::string_view name);

/// False on a machine without tzdata.
bool has_zone_database();

/// The instant of a local time: the first of two, and the first valid one after a gap.
TimePoint instant_of(LocalTime local, const date::time_zone* zone);

}  // namespace wm
