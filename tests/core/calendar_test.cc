#include "core/calendar.h"

#include <date/tz.h>
#include <gtest/gtest.h>

namespace wm {
namespace {

TimePoint at(const char* text) { return parse_time(text).value(); }

const date::time_zone* berlin() { return date::locate_zone("Europe/Berlin"); }

TimePoint next(const char* expression, const char* after, const date::time_zone* zone = nullptr) {
  return Calendar::parse(expression).value().next(at(after), zone);
}

TEST(Calendar, FieldsRangesStepsListsAndNames) {
  struct Row {
    const char* expression;
    const char* after;
    const char* next;
  };
  for (const Row& row : {
           Row{"* * * * *", "2026-11-23T10:00:00Z", "2026-11-23T10:01:00Z"},
           Row{"*/15 * * * *", "2026-11-23T10:07:30Z", "2026-11-23T10:15:00Z"},
           Row{"5/20 * * * *", "2026-11-23T10:26:00Z", "2026-11-23T10:45:00Z"},
           Row{"30 8-17/3 * * *", "2026-11-23T11:31:00Z", "2026-11-23T14:30:00Z"},
           Row{"0 9 * * mon-fri", "2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z"},
           Row{"0 9 * * 7", "2026-11-23T00:00:00Z", "2026-11-29T09:00:00Z"},
           Row{"0 0 1 JAN,jul *", "2026-11-23T00:00:00Z", "2027-01-01T00:00:00Z"},
           Row{"0 0 31 * *", "2026-11-23T00:00:00Z", "2026-12-31T00:00:00Z"},
           Row{"0 0 29 2 *", "2026-11-23T00:00:00Z", "2028-02-29T00:00:00Z"},
           Row{"0 0 13 * fri", "2026-11-23T00:00:00Z", "2026-11-27T00:00:00Z"},
           Row{"@hourly", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"},
           Row{"@daily", "2026-11-23T10:00:00Z", "2026-11-24T00:00:00Z"},
           Row{"@midnight", "2026-11-23T10:00:00Z", "2026-11-24T00:00:00Z"},
           Row{"@weekly", "2026-11-23T10:00:00Z", "2026-11-29T00:00:00Z"},
           Row{"@monthly", "2026-11-23T10:00:00Z", "2026-12-01T00:00:00Z"},
           Row{"@yearly", "2026-11-23T10:00:00Z", "2027-01-01T00:00:00Z"},
           Row{"@annually", "2026-11-23T10:00:00Z", "2027-01-01T00:00:00Z"},
       }) {
    EXPECT_EQ(format_time(next(row.expression, row.after)), format_time(at(row.next)))
        << row.expression;
  }
}

TEST(Calendar, IsInLocalTime) {
  EXPECT_EQ(next("0 3 * * *", "2026-07-01T00:30:00Z", berlin()), at("2026-07-01T01:00:00Z"));
  EXPECT_EQ(next("0 3 * * *", "2026-12-01T00:30:00Z", berlin()), at("2026-12-01T02:00:00Z"));
}

// Berlin goes from 02:00 to 03:00 on 29 March 2026, and back from 03:00 on 25 October.
TEST(Calendar, ASkippedTimeRunsAtTheFirstValidInstantAfterIt) {
  EXPECT_EQ(next("30 2 * * *", "2026-03-28T02:00:00Z", berlin()), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(next("30 2 * * *", "2026-03-29T01:00:00Z", berlin()), at("2026-03-30T00:30:00Z"));
  EXPECT_EQ(next("*/20 2-3 * * *", "2026-03-29T00:59:00Z", berlin()), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(next("*/20 2-3 * * *", "2026-03-29T01:00:00Z", berlin()), at("2026-03-29T01:20:00Z"))
      << "three skipped times are one run";
}

TEST(Calendar, ARepeatedTimeRunsOnce) {
  EXPECT_EQ(next("30 2 * * *", "2026-10-24T12:00:00Z", berlin()), at("2026-10-25T00:30:00Z"));
  EXPECT_EQ(next("30 2 * * *", "2026-10-25T00:30:00Z", berlin()), at("2026-10-26T01:30:00Z"));
}

// An expression with a star matches by the clock on the wall, minute by minute.
TEST(Calendar, WithAStarItComesAtEveryInstantWhoseLocalTimeMatches) {
  struct Row {
    const char* zone;
    const char* from;
  };
  for (const Row& row :
       {Row{"Europe/Berlin", "2026-03-28T20:00:00Z"}, Row{"Europe/Berlin", "2026-10-24T20:00:00Z"},
        Row{"America/New_York", "2026-03-08T02:00:00Z"},
        Row{"America/New_York", "2026-11-01T02:00:00Z"},
        Row{"Australia/Lord_Howe", "2026-04-04T08:00:00Z"},
        Row{"Australia/Lord_Howe", "2026-10-03T08:00:00Z"}}) {
    const date::time_zone* zone = date::locate_zone(row.zone);
    const auto matches = [&](TimePoint time, const auto& wanted) {
      const auto offset = zone->get_info(std::chrono::floor<std::chrono::seconds>(time)).offset;
      const auto local = (time.time_since_epoch() + offset) % 24h;
      return wanted(local / 1h, local % 1h / 1min);
    };
    const auto compare = [&](const char* expression, const auto& wanted) {
      TimePoint seen = at(row.from);
      for (TimePoint time = seen + 1min; time < seen + 24h; time += 1min) {
        if (!matches(time, wanted)) continue;
        EXPECT_EQ(format_time(next(expression, format_time(seen).c_str(), zone)), format_time(time))
            << expression << " in " << row.zone;
        seen = time;
        if (time > at(row.from) + 20h) break;
      }
    };
    compare("*/15 * * * *", [](auto, auto minute) { return minute % 15 == 0; });
    compare("0 * * * *", [](auto, auto minute) { return minute == 0; });
    compare("30 * * * *", [](auto, auto minute) { return minute == 30; });
    compare("* 2 * * *", [](auto hour, auto) { return hour == 2; });
    compare("10,*/20 1-3 * * *", [](auto hour, auto minute) {
      return hour >= 1 && hour <= 3 && (minute == 10 || minute % 20 == 0);
    });
  }
}

TEST(Calendar, AYearOfDaysHasARunEach) {
  const Calendar daily = Calendar::parse("30 2 * * *").value();
  TimePoint time = at("2026-01-01T00:00:00Z");
  int runs = 0;
  for (; time < at("2027-01-01T00:00:00Z"); ++runs) time = daily.next(time, berlin());
  EXPECT_EQ(runs, 366) << "365, and the one that ends the year";
}

TEST(Calendar, RefusesWhatItCannotReadAndWhatNeverComes) {
  for (const char* bad : {"0 9 * * monday", "0 9 * * tues", "",           "* * * *",
                          "* * * * * *",    "60 * * * *",   "* 24 * * *", "* * 0 * *",
                          "* * 32 * *",     "* * * 13 *",   "* * * * 8",  "5-1 * * * *",
                          "*/0 * * * *",    "*/61 * * * *", "a * * * *",  "1,,2 * * * *",
                          "1- * * * *",     "-1 * * * *",   "@reboot",    "@",
                          "0 0 30 2 *",     "0 0 31 4,6 *"}) {
    EXPECT_FALSE(Calendar::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace wm
