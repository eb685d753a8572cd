#include "core/zone.h"

#include <algorithm>
#include <vector>

#include <date/tz.h>

#include "core/suggest.h"
#include "core/text.h"

namespace wm {
namespace {

// The zone that was meant, also by its city alone; empty: none comes close.
std::string_view closest_zone(std::string_view name) {
  std::vector<std::string_view> zones;
  std::vector<std::string_view> cities;
  for (const date::time_zone& zone : date::get_tzdb().zones) {
    zones.emplace_back(zone.name());
    cities.push_back(zones.back().substr(zones.back().rfind('/') + 1));
  }
  if (const std::string_view zone = closest(name, zones); !zone.empty()) return zone;
  const std::string_view city = closest(name, cities);
  if (city.empty()) return {};
  return zones[static_cast<std::size_t>(std::ranges::find(cities, city) - cities.begin())];
}

}  // namespace

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
  const std::string_view meant = closest_zone(name);
  return invalid("unknown time zone '" + printable(name) + "': " +
                 (meant.empty() ? "write for example Europe/Berlin"
                                : "did you mean " + std::string(meant) + "?"));
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
