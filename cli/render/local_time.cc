#include "cli/render/local_time.h"

#include <ctime>
#include <tuple>

#include <fmt/chrono.h>

namespace wm::cli {
namespace {

constexpr std::size_t kBareLength = 5;  // Of HH:MM.

std::tm broken_down(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

// `text` wholly in that format, into `parts`.
bool matches(const std::string& text, const char* format, std::tm& parts) {
  const char* end = ::strptime(text.c_str(), format, &parts);
  return end && *end == '\0';
}

TimePoint instant_of(std::tm parts) {
  parts.tm_isdst = -1;
  return std::chrono::floor<Duration>(std::chrono::system_clock::from_time_t(::mktime(&parts)));
}

std::tuple<int, int, int> date_of(const std::tm& parts) {
  return {parts.tm_year, parts.tm_mon, parts.tm_mday};
}

}  // namespace

TimePoint now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

std::string local_time(TimePoint time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", broken_down(time));
}

std::string relative_time(TimePoint time, TimePoint now) {
  const Duration distance = std::chrono::abs(time - now);
  if (distance < 1s) return "now";
  return time > now ? "in " + rough_duration(distance) : rough_duration(distance) + " ago";
}

Result<TimePoint> parse_local_time(std::string_view text, TimePoint now, BareTime bare) {
  if (auto time = parse_time(text)) return time;
  const std::string copy(text);
  for (const char* format :
       {"%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
    std::tm parts = broken_down(now);
    parts.tm_sec = parts.tm_min = parts.tm_hour = 0;
    if (!matches(copy, format, parts)) continue;
    const TimePoint time = instant_of(parts);
    if (date_of(broken_down(time)) != date_of(parts)) {
      return fail(ErrorCode::invalid, "bad time '" + copy + "': there is no such date");
    }
    if (bare == BareTime::to_come && copy.size() <= kBareLength && time <= now) {
      ++parts.tm_mday;
      return instant_of(parts);
    }
    return time;
  }
  return fail(ErrorCode::invalid,
              "bad time '" + copy + "': write HH:MM, YYYY-MM-DD HH:MM, or ISO 8601 with an offset");
}

}  // namespace wm::cli
