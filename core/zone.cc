#include "core/zone.h"

#include <date/tz.h>

namespace wm {

ZoneOffset offset_at(TimePoint instant, const date::time_zone* zone) {
  if (!zone) return {Duration{0}, TimePoint::max()};
  const date::sys_info info = zone->get_info(std::chrono::floor<std::chrono::seconds>(instant));
  // The last of all offsets ends after what milliseconds can say.
  const bool last = info.end >= std::chrono::floor<std::chrono::seconds>(TimePoint::max());
  return {info.offset, last ? TimePoint::max() : std::chrono::time_point_cast<Duration>(info.end)};
}

LocalTime local_time_at(TimePoint instant, const date::time_zone* zone) {
  return LocalTime{instant.time_since_epoch() + offset_at(instant, zone).offset};
}

TimePoint instant_of(LocalTime local, const date::time_zone* zone) {
  if (!zone) return TimePoint{local.time_since_epoch()};
  const date::local_time<Duration> time{local.time_since_epoch()};
  const date::local_info info = zone->get_info(std::chrono::floor<std::chrono::seconds>(time));
  if (info.result == date::local_info::nonexistent) {
    return std::chrono::time_point_cast<Duration>(info.first.end);
  }
  return TimePoint{time.time_since_epoch() - info.first.offset};
}

}  // namespace wm
