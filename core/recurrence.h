// How often a job runs, as people type it: a period, or days and times.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace wm {

/// One of the two.
struct Recurrence {
  std::optional<Duration> every;
  std::string calendar;  // In the form of Calendar::parse().

  bool operator==(const Recurrence&) const = default;
};

/// `2h`, `day`; `30 2 * * *`, `@daily`; `09:00`, `Mon..Fri 09:00`, `mon,thu at 18:30`, `weekdays
/// noon`, `day 02:30`. Refuses what may mean two things.
Result<Recurrence> parse_recurrence(std::string_view text);

}  // namespace wm
