#include "core/windows.h"

#include <algorithm>

#include "core/text.h"
#include "core/weekday.h"

namespace wm {
namespace {

using std::chrono::minutes;
using std::chrono::weekday;

constexpr Duration kTwoWeeks = Days{15};  // And a day for changes of the offset.

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid, "bad window '" + printable(text) + "': " + std::string(why) +
                                      "; write for example 22:00-06:00, or Mon-Fri 09:00-17:30");
}

// Keeps one space between two words, and none around a dash or a comma.
std::string without_spare_spaces(std::string_view text) {
  const auto joins = [](char c) { return c == '-' || c == ','; };
  std::string tight;
  bool space = false;
  for (const char c : text) {
    if (c == ' ') {
      space = !tight.empty();
      continue;
    }
    if (space && !joins(c) && !joins(tight.back())) tight += ' ';
    space = false;
    tight += c;
  }
  return tight;
}

bool add_days(std::string_view range, std::uint8_t& days) {
  const std::size_t dash = range.find('-');
  const auto first = parse_weekday(range.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_weekday(range.substr(dash + 1));
  if (!first || !last) return false;
  for (weekday day = *first;; ++day) {
    days |= static_cast<std::uint8_t>(1U << day.c_encoding());
    if (day == *last) return true;
  }
}

std::optional<std::uint8_t> parse_days(std::string_view text) {
  std::uint8_t days = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    if (!add_days(text.substr(0, comma), days)) return std::nullopt;
    if (comma == std::string_view::npos) return days;
    text.remove_prefix(comma + 1);
  }
}

std::optional<minutes> parse_clock(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 2 || text.size() != colon + 3) {
    return std::nullopt;
  }
  const auto hour = parse_number<int>(text.substr(0, colon));
  const auto minute = parse_number<int>(text.substr(colon + 1));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  const minutes time = std::chrono::hours{*hour} + minutes{*minute};
  return time <= 24h ? std::optional(time) : std::nullopt;
}

std::string clock(minutes time) {
  const auto two = [](std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return two(time.count() / 60) + ":" + two(time.count() % 60);
}

// Three days and more in a row are written as a range.
std::string format_days(std::uint8_t days) {
  constexpr unsigned kSunday = 7;  // It ends the week here.
  const auto has = [&](unsigned day) { return ((days >> weekday{day}.c_encoding()) & 1U) != 0; };
  std::vector<std::string> parts;
  for (unsigned first = 1; first <= kSunday; ++first) {
    if (!has(first)) continue;
    unsigned last = first;
    while (last < kSunday && has(last + 1)) ++last;
    if (last >= first + 2) {
      parts.push_back(short_name(weekday{first}) + "-" + short_name(weekday{last}));
    } else {
      for (unsigned day = first; day <= last; ++day) parts.push_back(short_name(weekday{day}));
    }
    first = last;
  }
  return join(parts, ",");
}

bool contains(const Window& window, LocalTime local) {
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const unsigned today = weekday{day}.c_encoding();
  const Duration time = local - day;
  const auto begins_on = [&](unsigned one) { return ((window.days >> one) & 1U) != 0; };
  const bool over_midnight = window.end <= window.begin;
  const bool begun = begins_on(today) && time >= window.begin;
  if (!over_midnight) return begun && time < window.end;
  return begun || (begins_on((today + 6) % 7) && time < window.end);
}

// The next local time at which a window begins or ends on some day.
LocalTime next_edge(const Windows& windows, LocalTime after) {
  const LocalTime midnight = std::chrono::floor<std::chrono::days>(after);
  LocalTime next = LocalTime::max();
  for (const Window& window : windows) {
    for (const minutes edge : {window.begin, window.end}) {
      LocalTime time = midnight + edge;
      if (time <= after) time += std::chrono::days{1};
      next = std::min(next, time);
    }
  }
  return next;
}

}  // namespace

Result<Window> parse_window(std::string_view text) {
  Window window;
  const std::string tight = without_spare_spaces(text);
  std::string_view times = tight;
  if (const std::size_t space = times.rfind(' '); space != std::string_view::npos) {
    const auto days = parse_days(times.substr(0, space));
    if (!days) return bad(text, "its days are not understood");
    window.days = *days;
    times.remove_prefix(space + 1);
  }
  const std::size_t dash = times.find('-');
  const auto begin = parse_clock(times.substr(0, dash));
  const auto end =
      dash == std::string_view::npos ? std::nullopt : parse_clock(times.substr(dash + 1));
  if (!begin || !end || *begin == 24h) return bad(text, "it is not HH:MM-HH:MM");
  if (*begin == *end) return bad(text, "it ends when it begins");
  window.begin = *begin;
  window.end = *end;
  return window;
}

std::string format_window(const Window& window) {
  const std::string times = clock(window.begin) + "-" + clock(window.end);
  return window.days == Window::kEveryDay ? times : format_days(window.days) + " " + times;
}

std::string format_day_and_time(ZonedTime time) {
  const LocalTime local = local_time_at(time.instant, time.zone);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  return short_name(weekday{day}) + " " + clock(std::chrono::floor<minutes>(local - day));
}

bool is_inside(const Windows& windows, ZonedTime time) {
  const LocalTime local = local_time_at(time.instant, time.zone);
  return std::ranges::any_of(windows, [&](const Window& one) { return contains(one, local); });
}

std::optional<TimePoint> next_change(const Windows& windows, ZonedTime time) {
  if (windows.empty()) return std::nullopt;
  const bool inside = is_inside(windows, time);
  // Windows repeat every week, but a week in which the offset changes may differ.
  const TimePoint last = time.instant + kTwoWeeks;
  while (time.instant < last) {
    const ZoneOffset now = offset_at(time.instant, time.zone);
    const LocalTime edge =
        next_edge(windows, LocalTime{time.instant.time_since_epoch() + now.offset});
    time.instant = std::min(TimePoint{edge.time_since_epoch() - now.offset}, now.until);
    if (is_inside(windows, time) != inside) return time.instant;
  }
  return std::nullopt;
}

std::optional<TimePoint> last_change(const Windows& windows, ZonedTime time) {
  std::optional<TimePoint> last;
  ZonedTime from{time.instant - kTwoWeeks, time.zone};
  while (const auto change = next_change(windows, from)) {
    if (*change > time.instant) break;
    last = from.instant = *change;
  }
  return last;
}

}  // namespace wm
