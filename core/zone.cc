#include "core/zone.h"

#include <vector>

#include <date/tz.h>

#include "core/suggest.h"
#include "core/text.h"

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

const date::time_zone* find_zone(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return nullptr;
  }
}

Result<> check_zone(std::string_view name) {
  if (find_zone(name)) return {};
  if (!has_zone_database()) {
    return invalid("time zone '" + printable(name) +
                   "' means nothing without a time zone database (package tzdata)");
  }
  std::vector<std::string_view> known;
  for (const date::time_zone& zone : date::get_tzdb().zones) known.push_back(zone.name());
  const std::string meant = did_you_mean(name, known);
  return invalid("unknown time zone '" + printable(name) + "'" +
                 (meant.empty() ? ": write for example Europe/Berlin" : meant));
}

bool has_zone_database() {
  try {
    return !date::get_tzdb().zones.empty();
  } catch (const std::exception&) {
    return false;
  }
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
