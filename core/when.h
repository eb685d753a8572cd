// Points in time as people type them, in their local time.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/time.h"

namespace wm {

/// How far local time is ahead of UTC at an instant.
using UtcOffset = std::function<std::chrono::seconds(TimePoint)>;

/// Where the time is looked for that a weekday, a time of day or a duration alone names.
enum class Direction : std::uint8_t { past, future };

/// `now`; `HH:MM[:SS]`; `today`, `yesterday`, `tomorrow`, a weekday (`monday`, `mon`) or
/// `YYYY-MM-DD`, each perhaps with a time of day, else from its midnight on; a duration (`2h`,
/// `2 days ago`, `in 2h`); ISO 8601 with an offset. A weekday, and a time of day alone, is the last
/// one until `now`, or the next one after it. Of a local time that comes twice, it is the first;
/// for one that is skipped, the first instant after the gap.
Result<TimePoint> parse_when(std::string_view text, Direction direction, TimePoint now,
                             const UtcOffset& offset);

}  // namespace wm
