// Times as people write and read them: local, and relative to now.
#pragma once

#include <string>
#include <string_view>

#include "core/time.h"

namespace wm::cli {

TimePoint now();

/// `2026-11-23 10:20:45`, in the local time zone.
std::string local_time(TimePoint time);

/// `in 59m`, `3s ago`, `now`: the largest two units.
std::string relative_time(TimePoint time, TimePoint now);

/// `HH:MM` (today), `YYYY-MM-DD HH:MM[:SS]` in local time, or ISO 8601 with an offset.
Result<TimePoint> parse_local_time(std::string_view text, TimePoint now);

}  // namespace wm::cli
