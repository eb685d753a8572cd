// Local time: what a clock on the wall says in a time zone, and when its offset changes.
#pragma once

#include <chrono>

#include "core/time.h"

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's.
}

namespace wm {

using LocalTime = std::chrono::local_time<Duration>;

/// One offset from UTC, and the instant from which on it is another.
struct ZoneOffset {
  Duration offset{};
  TimePoint until{};
};

/// The offset at an instant. nullptr: UTC, whose offset never changes.
ZoneOffset offset_at(TimePoint instant, const date::time_zone* zone);

LocalTime local_time_at(TimePoint instant, const date::time_zone* zone);

/// The instant of a local time: the first of two, and the first valid one after a gap.
TimePoint instant_of(LocalTime local, const date::time_zone* zone);

}  // namespace wm
