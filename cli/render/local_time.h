// Times as people write and read them: local, and relative to now.
#pragma once

#include <string>
#include <string_view>

#include "core/when.h"

namespace wm::cli {

TimePoint now();

/// `2026-11-23 10:20:45`, in the local time zone.
std::string local_time(TimePoint time);

/// `today 18:00`, `tomorrow 02:30`, `yesterday 02:30`, `monday 02:30` in the week to come, else
/// `2026-12-05 02:30`; with seconds if there are any. People can type the same words.
std::string day_and_time(TimePoint time, TimePoint now);

/// The same to the minute.
std::string day_and_minute(TimePoint time, TimePoint now);

/// `in 59m`, `3s ago`, `now`: the largest two units.
std::string relative_time(TimePoint time, TimePoint now);

/// The offset of the local time zone from UTC at that time.
std::chrono::seconds utc_offset(TimePoint time);

/// Reads a time that somebody typed, in the local time zone: see parse_when().
Result<TimePoint> typed_time(std::string_view text, Direction direction);

}  // namespace wm::cli
