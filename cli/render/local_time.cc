#include "cli/render/local_time.h"

#include <ctime>

#include <fmt/chrono.h>

namespace wm::cli {
namespace {

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

Result<TimePoint> parse_local_time(std::string_view text, TimePoint now) {
  if (auto time = parse_time(text)) return time;
  const std::string copy(text);
  for (const char* format :
       {"%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
    std::tm parts = broken_down(now);
    parts.tm_sec = parts.tm_min = parts.tm_hour = 0;
    if (!matches(copy, format, parts)) continue;
    parts.tm_isdst = -1;
    return std::chrono::floor<Duration>(std::chrono::system_clock::from_time_t(::mktime(&parts)));
  }
  return fail(ErrorCode::invalid,
              "bad time '" + copy + "': write HH:MM, YYYY-MM-DD HH:MM, or ISO 8601 with an offset");
}

}  // namespace wm::cli
