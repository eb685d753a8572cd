#include "cli/render/local_time.h"

#include <ctime>

#include <fmt/chrono.h>

#include "core/weekday.h"

namespace wm::cli {
namespace {

std::tm broken_down(TimePoint time) {
  // system_clock's own conversion counts nanoseconds, which end in 2262.
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

// system_clock's own now() ends in 2038 in a library that was built for 32 bits.
TimePoint now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return TimePoint(std::chrono::floor<Duration>(std::chrono::seconds{time.tv_sec} +
                                                std::chrono::nanoseconds{time.tv_nsec}));
}

std::string local_time(TimePoint time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", broken_down(time));
}

std::string day_and_time(TimePoint time, TimePoint now) {
  const auto local_day = [](TimePoint instant) {
    return std::chrono::floor<Days>(instant + utc_offset(instant));
  };
  const std::tm parts = broken_down(time);
  const std::string clock =
      parts.tm_sec == 0 ? fmt::format("{:%H:%M}", parts) : fmt::format("{:%H:%M:%S}", parts);
  const auto days = (local_day(time) - local_day(now)).count();
  if (days == 0) return "today " + clock;
  if (days == 1) return "tomorrow " + clock;
  if (days == -1) return "yesterday " + clock;
  if (days > 1 && days < 7) {
    return std::string(kWeekdayNames[static_cast<std::size_t>(parts.tm_wday)]) + " " + clock;
  }
  return fmt::format("{:%Y-%m-%d} ", parts) + clock;
}

std::string day_and_minute(TimePoint time, TimePoint now) {
  return day_and_time(std::chrono::floor<std::chrono::minutes>(time), now);
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
