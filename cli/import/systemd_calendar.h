// Times of systemd in the words of wm: calendar events and time spans (systemd.time(7)).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace wm::cli {

struct CronTime {
  std::string calendar;   // Five fields.
  std::string time_zone;  // Empty: the machine's.

  bool operator==(const CronTime&) const = default;
};

/// The same times as five fields of cron; the error says why five fields cannot say it.
Result<CronTime> cron_time(std::string_view on_calendar);

/// As few as possible that name the times of all: two that differ in one field become one.
std::vector<CronTime> merged(const std::vector<CronTime>& times);

/// `5min`, `1h 30s`, `90` (seconds), `infinity` (nothing). An error for what is no time span.
Result<std::optional<Duration>> time_span(std::string_view text);

}  // namespace wm::cli
