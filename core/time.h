// Points in time and durations: milliseconds, wall clock, UTC; and how people write and read them.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace wm {

using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Duration>;

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using Days = std::chrono::days;

/// The wall clock minus the time since boot. It changes when somebody sets the clock; only the time
/// since boot measures how long something took.
using ClockOffset = Duration;

/// The longest accepted duration (10 years); sums of a few of them stay far from overflow.
constexpr Duration kMaxDuration = Days{3650};

/// `500ms`, `90s`, `15m`, `1h30m`, `2d`, `1w`, `"1h 30min"`, `"2 days"`: whole numbers with a unit,
/// added up.
/// Refused: no unit, a sign, a fraction, anything over kMaxDuration.
Result<Duration> parse_duration(std::string_view text);

/// The shortest form parse_duration() reads back: `1h30m`, `2d`, `500ms`, `0s`.
std::string format_duration(Duration duration);

/// An approximate duration: rounded to the largest two units, `1h30m`; below a second,
/// milliseconds.
std::string rough_duration(Duration duration);

/// The earlier of the two, if there are any.
constexpr std::optional<TimePoint> earliest(std::optional<TimePoint> a,
                                            std::optional<TimePoint> b) {
  return a && b ? std::min(a, b) : a ? a : b;
}

/// ISO 8601 with an offset: `2026-11-23T09:20:45.123Z`, `2026-11-23 09:20+01:00`.
Result<TimePoint> parse_time(std::string_view text);

/// ISO 8601, UTC, milliseconds: `2026-11-23T09:20:45.123Z`.
std::string format_time(TimePoint time);

}  // namespace wm
