// Times as people write and read them: local, and relative to now.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.h"

namespace wm::cli {

TimePoint now();

/// `2026-11-23 10:20:45`, in the local time zone.
std::string local_time(TimePoint time);

/// `in 59m`, `3s ago`, `now`: the largest two units.
std::string relative_time(TimePoint time, TimePoint now);

/// Which day a time without one means: today, or tomorrow where it is past (as at(1)).
enum class BareTime : std::uint8_t { today, to_come };

/// `HH:MM`, `YYYY-MM-DD HH:MM[:SS]` in local time, or ISO 8601 with an offset.
Result<TimePoint> parse_local_time(std::string_view text, TimePoint now,
                                   BareTime bare = BareTime::today);

}  // namespace wm::cli
