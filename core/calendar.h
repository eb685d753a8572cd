// Calendar expressions: five-field cron and its words, in a time zone with daylight saving.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "core/time.h"

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's.
}

namespace wm {

/// `MINUTE HOUR DAY MONTH WEEKDAY`: numbers, names (jan, mon), lists, ranges, steps. If both the
/// day and the weekday are restricted, either suffices (as in crontab(5)). Or @hourly, @daily,
/// @midnight, @weekly, @monthly, @yearly, @annually.
class Calendar {
 public:
  /// Refuses text that it cannot read, and dates that never come (30 February).
  static Result<Calendar> parse(std::string_view text);

  /// The first instant after `after` that the expression names, in local time of `zone` (nullptr:
  /// UTC). When daylight saving begins or ends, it behaves like Vixie cron: an expression with a
  /// star in its hours or minutes follows real time, and matches at every instant whose local time
  /// matches. Any other runs a skipped time at the first valid instant after it, and a repeated
  /// time only once, the first time.
  TimePoint next(TimePoint after, const date::time_zone* zone) const;

  bool operator==(const Calendar&) const = default;

 private:
  using LocalDay = std::chrono::local_days;
  using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

  bool names(std::chrono::year_month_day day) const;
  std::optional<LocalDay> next_day(LocalDay from) const;
  std::optional<LocalMinute> next_match(LocalMinute from) const;
  TimePoint next_by_real_time(TimePoint after, const date::time_zone* zone) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1 to 31.
  std::bitset<13> months_;   // 1 to 12.
  std::bitset<7> weekdays_;  // Sunday is 0.
  bool any_day_ = true;
  bool any_weekday_ = true;
  bool by_real_time_ = false;
};

}  // namespace wm
