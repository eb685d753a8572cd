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

std::chrono::seconds utc_offset(TimePoint time) {
  return std::chrono::seconds{broken_down(time).tm_gmtoff};
}

Result<TimePoint> typed_time(std::string_view text, Direction direction) {
  return parse_when(text, direction, now(), utc_offset);
}

}  // namespace wm::cli
