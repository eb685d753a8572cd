// Points in time as people type them.
#include "core/when.h"

#include <date/tz.h>
#include <gtest/gtest.h>

namespace wm {
namespace {

TimePoint at(std::string_view text) { return parse_time(text).value(); }

std::chrono::seconds vienna(TimePoint time) {
  static const date::time_zone* const kZone = date::locate_zone("Europe/Vienna");
  return kZone->get_info(std::chrono::floor<std::chrono::seconds>(time)).offset;
}

// A Wednesday.
const TimePoint kNoon = at("2026-11-25T12:00:00+01:00");

Result<TimePoint> past(std::string_view text, TimePoint now = kNoon) {
  return parse_when(text, Direction::past, now, vienna);
}

Result<TimePoint> future(std::string_view text, TimePoint now = kNoon) {
  return parse_when(text, Direction::future, now, vienna);
}

TEST(When, PastTimesAreTheLastOnes) {
  const std::pair<const char*, const char*> cases[]{
      {"now", "2026-11-25T12:00+01:00"},
      {"today", "2026-11-25T00:00+01:00"},
      {"yesterday", "2026-11-24T00:00+01:00"},
      {"Yesterday 18:30", "2026-11-24T18:30+01:00"},
      {"09:30", "2026-11-25T09:30+01:00"},
      {"9:30:15", "2026-11-25T09:30:15+01:00"},
      {"23:00", "2026-11-24T23:00+01:00"},
      {"monday", "2026-11-23T00:00+01:00"},
      {"wednesday", "2026-11-25T00:00+01:00"},
      {"wed 11:00", "2026-11-25T11:00+01:00"},
      {"wed 13:00", "2026-11-18T13:00+01:00"},
      {"thu", "2026-11-19T00:00+01:00"},
      {"2h", "2026-11-25T10:00+01:00"},
      {"2 days ago", "2026-11-23T12:00+01:00"},
      {"1h 30min ago", "2026-11-25T10:30+01:00"},
      {"2026-11-01", "2026-11-01T00:00+01:00"},
      {"2026-07-01 09:30", "2026-07-01T09:30+02:00"},
      {"2026-07-01T09:30:15", "2026-07-01T09:30:15+02:00"},
      {"2026-07-01T09:30:15Z", "2026-07-01T09:30:15Z"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(past(text), at(expected)) << text;
}

TEST(When, FutureTimesAreTheNextOnes) {
  const std::pair<const char*, const char*> cases[]{
      {"now", "2026-11-25T12:00+01:00"},
      {"tomorrow", "2026-11-26T00:00+01:00"},
      {"tomorrow 09:00", "2026-11-26T09:00+01:00"},
      {"today 18:00", "2026-11-25T18:00+01:00"},
      {"09:30", "2026-11-26T09:30+01:00"},
      {"12:00", "2026-11-26T12:00+01:00"},
      {"23:30", "2026-11-25T23:30+01:00"},
      {"monday 09:00", "2026-11-30T09:00+01:00"},
      {"wed", "2026-12-02T00:00+01:00"},
      {"wed 13:00", "2026-11-25T13:00+01:00"},
      {"2h", "2026-11-25T14:00+01:00"},
      {"in 2 hours", "2026-11-25T14:00+01:00"},
      {"in 5 minutes", "2026-11-25T12:05+01:00"},
      {"noon", "2026-11-26T12:00+01:00"},
      {"midnight", "2026-11-26T00:00+01:00"},
      {"tomorrow at noon", "2026-11-26T12:00+01:00"},
      {"at 9:30pm", "2026-11-25T21:30+01:00"},
      {"fri 7am", "2026-11-27T07:00+01:00"},
      {"2026-07-01 09:30", "2026-07-01T09:30+02:00"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(future(text), at(expected)) << text;
}

TEST(When, DaylightSavingMovesNoDay) {
  const TimePoint sunday = at("2026-03-29T12:00:00+02:00");
  EXPECT_EQ(past("today", sunday), at("2026-03-29T00:00+01:00"));
  EXPECT_EQ(past("yesterday", sunday), at("2026-03-28T00:00+01:00"));
  EXPECT_EQ(past("saturday 09:00", sunday), at("2026-03-28T09:00+01:00"));
  EXPECT_EQ(past("02:30", sunday), at("2026-03-29T03:00+02:00")) << "there is no such time";
  EXPECT_EQ(past("1 day ago", sunday), at("2026-03-28T11:00+01:00")) << "24 hours";
  const TimePoint saturday = at("2026-10-24T12:00:00+02:00");
  EXPECT_EQ(future("tomorrow 02:30", saturday), at("2026-10-25T02:30+02:00")) << "the first of two";
  EXPECT_EQ(future("tomorrow 03:30", saturday), at("2026-10-25T03:30+01:00"));
  EXPECT_EQ(future("02:30", at("2026-10-25T02:45:00+02:00")), at("2026-10-26T02:30+01:00"));
}

// Samoa had no 30 December 2011; in Lebanon the first day of summer time begins at 1.
TEST(When, ADayWithoutAMidnightBeginsAfterTheGap) {
  const auto in = [](const char* name) {
    return [zone = date::locate_zone(name)](TimePoint time) {
      return zone->get_info(std::chrono::floor<std::chrono::seconds>(time)).offset;
    };
  };
  EXPECT_EQ(parse_when("2011-12-30", Direction::past, kNoon, in("Pacific/Apia")),
            at("2011-12-30T10:00Z"));
  EXPECT_EQ(parse_when("2022-03-27", Direction::past, kNoon, in("Asia/Beirut")),
            at("2022-03-26T22:00Z"));
}

TEST(When, ErrorsNameTheValueAndWhatIsRight) {
  const auto problem = [](const Result<TimePoint>& time) {
    return time ? "none" : time.error().message;
  };
  EXPECT_EQ(problem(past("later")),
            "bad time 'later': write 2h, 09:30, yesterday, monday 09:30 or 2026-11-23 09:30");
  EXPECT_EQ(problem(past("yesteday 09:00")), "bad time 'yesteday 09:00': did you mean yesterday?");
  EXPECT_EQ(problem(past("tues 09:00")), "bad time 'tues 09:00': did you mean tuesday?");
  EXPECT_EQ(problem(future("tomorrow midnight")),
            "bad time 'tomorrow midnight': write 00:00 and the day that begins then");
  EXPECT_EQ(problem(future("at")), "bad time 'at': the time is missing");
  EXPECT_FALSE(future("12am") || future("13pm") || future("0am") || future("at at"));
  EXPECT_EQ(problem(future("12am")),
            "bad time '12am': 12am may be noon or midnight: write 12:00 or 00:00");
  EXPECT_EQ(future("12:30pm"), future("12:30"));
  EXPECT_EQ(future("12:30am"), future("00:30"));
  EXPECT_EQ(problem(future("in 5")), "bad time 'in 5': 5 of what? Write in 5m or in 5h");
  EXPECT_EQ(problem(past("tomorrow")), "bad time 'tomorrow': it is in the future");
  EXPECT_EQ(problem(future("yesterday")), "bad time 'yesterday': it is in the past");
  EXPECT_EQ(problem(future("2 days ago")), "bad time '2 days ago': it is in the past");
  for (const char* text : {"2027-02-31 10:00", "2027-02-29", "2026-04-31 00:00:00"}) {
    EXPECT_EQ(problem(past(text)), "bad time '" + std::string(text) + "': there is no such date");
  }
  for (const char* text : {"", " ", "25:00", "09:60", "9", "monday 9", "today now", "26-11-23",
                           "monday tuesday", "2026-11-23 09:30 x", "ago", "in", "in 2h ago"}) {
    EXPECT_FALSE(past(text)) << text;
    EXPECT_FALSE(future(text)) << text;
  }
}

}  // namespace
}  // namespace wm
