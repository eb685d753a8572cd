// Windows of local time in which a job may run: --between.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/zone.h"

namespace wm {

/// From `begin` until just before `end` on each of the days. If `end` is not later than `begin`, it
/// is on the day after.
struct Window {
  std::uint8_t days = kEveryDay;  // One bit per day; Sunday's is the lowest.
  std::chrono::minutes begin{};   // Since midnight, under 24 h.
  std::chrono::minutes end{};     // Since midnight, at most 24 h.

  static constexpr std::uint8_t kEveryDay = 0x7f;

  auto operator<=>(const Window&) const = default;
};

using Windows = std::vector<Window>;

/// `22:00-06:00`, `Mon-Fri 09:00-17:30`, `Sat,Sun 00:00-24:00`. Days wrap around: `Sat-Mon`.
Result<Window> parse_window(std::string_view text);

/// The form that parse_window() reads back.
std::string format_window(const Window& window);

/// The local time as windows name it: `Fri 14:05`.
std::string format_day_and_time(ZonedTime time);

/// True if the local time lies in any of them.
bool is_inside(const Windows& windows, ZonedTime time);

/// The next instant at which is_inside() changes; nothing: it never does. When the clock is put
/// forward or back, skipped local times do not come, and repeated ones come twice.
std::optional<TimePoint> next_change(const Windows& windows, ZonedTime time);

/// The last one until then, if there was one in two weeks.
std::optional<TimePoint> last_change(const Windows& windows, ZonedTime time);

}  // namespace wm
