// Times as people write and read them: local, and relative to now.
#pragma once

#include <string>
#include <string_view>

#include "core/when.h"

namespace wm::cli {

TimePoint now();

/// `2026-11-23 10:20:45`, in the local time zone.
std::string local_time(TimePoint time);

/// `today 18:00`, `tomorrow 02:30`, `monday 02:30` within a week, else `2026-12-05 02:30`; seconds
/// where there are some. What people type for it, too.
std::string day_and_time(TimePoint time, TimePoint now);

/// `in 59m`, `3s ago`, `now`: the largest two units.
std::string relative_time(TimePoint time, TimePoint now);

/// How far the local time zone is ahead of UTC then.
std::chrono::seconds utc_offset(TimePoint time);

/// What people type, read in the local time zone: see parse_when().
Result<TimePoint> typed_time(std::string_view text, Direction direction);

}  // namespace wm::cli
