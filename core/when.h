// Points in time as people type them, in their local time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace wm {

/// The offset of local time from UTC at an instant.
using UtcOffset = std::function<std::chrono::seconds(TimePoint)>;

/// The direction in which to look for a weekday, a time of day or a duration.
enum class Direction : std::uint8_t { past, future };

/// Its words in lower case.
std::vector<std::string> lower_words(std::string_view text);

/// `09:30`, `9:30:15`, `9am`, `9:30pm`, `noon`, `midnight`: the time since the day began.
/// Nothing for 12am and 12pm, about which people disagree.
std::optional<Duration> parse_time_of_day(std::string_view word);
/// `12am`, `12:00pm`
bool is_noon_or_midnight(std::string_view word);

/// `now`; `HH:MM[:SS]`, `9am`, `noon`; `today`, `yesterday`, `tomorrow`, a weekday (`monday`,
/// `mon`) or `YYYY-MM-DD`, each optionally with a time of day (`tomorrow at 10:00`), otherwise at
/// its beginning; a duration (`2h`, `2 days ago`, `in 2h`); ISO 8601 with an offset. A weekday, or
/// a time of day alone, is the last one until `now`, or the next one after it. A local time that
/// comes twice is the first of the two; one that is skipped is the first instant after the gap.
Result<TimePoint> parse_when(std::string_view text, Direction direction, TimePoint now,
                             const UtcOffset& offset);

}  // namespace wm
