#include "core/windows.h"

#include <date/tz.h>
#include <gtest/gtest.h>

namespace wm {
namespace {

Window window(std::string_view text) {
  const auto parsed = parse_window(text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed.value_or(Window{});
}

TimePoint time_at(std::string_view text) {
  const auto time = parse_time(text);
  EXPECT_TRUE(time) << text;
  return time.value_or(TimePoint{});
}

TEST(Windows, AreWrittenAsTheyAreRead) {
  for (const char* const text :
       {"22:00-06:00", "09:00-17:30", "Mon-Fri 22:00-06:00", "Sat,Sun 00:00-24:00",
        "Tue 10:00-12:00", "Mon,Wed-Fri,Sun 01:00-02:00"}) {
    EXPECT_EQ(format_window(window(text)), text);
  }
  EXPECT_EQ(format_window(window("monday-FRI  9:00-17:30")), "Mon-Fri 09:00-17:30");
  EXPECT_EQ(format_window(window("Tues,thurs 9:00-17:30")), "Tue,Thu 09:00-17:30");
  EXPECT_EQ(format_window(window("Sat-Mon 09:00-10:00")), "Mon,Sat,Sun 09:00-10:00");
  EXPECT_EQ(format_window(window(" Mon - Wed , fri  9:00 - 17:30 ")), "Mon-Wed,Fri 09:00-17:30");
}

TEST(Windows, OthersAreRefusedByTheirText) {
  for (const char* const text :
       {"", "22:00", "22:00-", "22-06", "25:00-06:00", "22:60-06:00", "24:00-06:00", "22:00-24:01",
        "9:00-9:00", "Foo 09:00-10:00", "Mo 09:00-10:00", "Mondays 09:00-10:00", "Mon- 09:00-10:00",
        "09:00-10:00 Mon", "-1:00-02:00"}) {
    const auto parsed = parse_window(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed.error().message.starts_with("bad window '" + std::string(text) + "'"));
  }
}

// 2026-11-27 is a Friday.
TEST(Windows, OneOverMidnightBeginsOnItsDays) {
  const Windows nights{window("Mon-Fri 22:00-06:00")};
  EXPECT_FALSE(is_inside(nights, {time_at("2026-11-27T21:59:59.999Z"), nullptr}));
  EXPECT_TRUE(is_inside(nights, {time_at("2026-11-27T22:00:00Z"), nullptr}));
  EXPECT_TRUE(is_inside(nights, {time_at("2026-11-28T05:59:59.999Z"), nullptr}));
  EXPECT_FALSE(is_inside(nights, {time_at("2026-11-28T06:00:00Z"), nullptr}));
  EXPECT_FALSE(is_inside(nights, {time_at("2026-11-28T23:00:00Z"), nullptr})) << "a Saturday";
  EXPECT_FALSE(is_inside(nights, {time_at("2026-11-30T05:00:00Z"), nullptr})) << "a Sunday's night";
  EXPECT_EQ(next_change(nights, {time_at("2026-11-28T06:00:00Z"), nullptr}),
            time_at("2026-11-30T22:00:00Z"));
}

TEST(Windows, AnyOfThemSuffices) {
  const Windows several{window("09:00-10:00"), window("09:30-11:00"), window("Sun 00:00-24:00")};
  EXPECT_EQ(next_change(several, {time_at("2026-11-27T09:15:00Z"), nullptr}),
            time_at("2026-11-27T11:00:00Z"));
  EXPECT_EQ(next_change(several, {time_at("2026-11-29T09:15:00Z"), nullptr}),
            time_at("2026-11-30T00:00:00Z"));
  EXPECT_EQ(next_change({window("00:00-24:00")}, {time_at("2026-11-27T09:15:00Z"), nullptr}),
            std::nullopt);
  EXPECT_EQ(next_change(Windows{}, {time_at("2026-11-27T09:15:00Z"), nullptr}), std::nullopt);
}

TEST(Windows, AreOfLocalTime) {
  const auto* berlin = date::locate_zone("Europe/Berlin");
  const Windows nights{window("22:00-06:00")};
  EXPECT_EQ(next_change(nights, {time_at("2026-11-27T12:00:00Z"), berlin}),
            time_at("2026-11-27T21:00:00Z"));
  // The night lasts 7 hours when the clock is put forward, and 9 when it is put back.
  EXPECT_EQ(next_change(nights, {time_at("2026-03-28T21:00:00Z"), berlin}),
            time_at("2026-03-29T04:00:00Z"));
  EXPECT_EQ(next_change(nights, {time_at("2026-10-24T20:00:00Z"), berlin}),
            time_at("2026-10-25T05:00:00Z"));
}

TEST(Windows, SkippedTimesDoNotComeAndRepeatedOnesComeTwice) {
  const auto* berlin = date::locate_zone("Europe/Berlin");
  const Windows early{window("02:15-02:45")};
  // A quarter past two does not come on 29 March: the next one is on the 30th, in summer time.
  EXPECT_EQ(next_change(early, {time_at("2026-03-28T12:00:00Z"), berlin}),
            time_at("2026-03-30T00:15:00Z"));
  // It comes twice on 25 October.
  EXPECT_EQ(next_change(early, {time_at("2026-10-25T00:00:00Z"), berlin}),
            time_at("2026-10-25T00:15:00Z"));
  EXPECT_EQ(next_change(early, {time_at("2026-10-25T00:15:00Z"), berlin}),
            time_at("2026-10-25T00:45:00Z"));
  EXPECT_EQ(next_change(early, {time_at("2026-10-25T00:45:00Z"), berlin}),
            time_at("2026-10-25T01:15:00Z"));
  // A window that the step forward cuts short ends with it.
  const Windows cut{window("01:30-02:30")};
  EXPECT_EQ(next_change(cut, {time_at("2026-03-29T00:30:00Z"), berlin}),
            time_at("2026-03-29T01:00:00Z"));
}

TEST(Windows, TheLastChangeIsTheOneBefore) {
  const Windows nights{window("Mon-Fri 22:00-06:00")};
  EXPECT_EQ(last_change(nights, {time_at("2026-11-28T07:00:00Z"), nullptr}),
            time_at("2026-11-28T06:00:00Z"));
  EXPECT_EQ(last_change(nights, {time_at("2026-11-28T06:00:00Z"), nullptr}),
            time_at("2026-11-28T06:00:00Z"));
  EXPECT_EQ(last_change(nights, {time_at("2026-11-30T21:59:00Z"), nullptr}),
            time_at("2026-11-28T06:00:00Z"));
  EXPECT_EQ(last_change({window("00:00-24:00")}, {time_at("2026-11-28T06:00:00Z"), nullptr}),
            std::nullopt);
}

TEST(Windows, TheTimeIsShownAsTheyNameIt) {
  const auto* const tokyo = date::locate_zone("Asia/Tokyo");
  EXPECT_EQ(format_day_and_time({time_at("2026-11-27T22:05:59Z"), nullptr}), "Fri 22:05");
  EXPECT_EQ(format_day_and_time({time_at("2026-11-27T22:05:59Z"), tokyo}), "Sat 07:05");
}

TEST(Zones, AreKnownByTheirNameAndMeantByTheirCity) {
  EXPECT_EQ(find_zone("Europe/Berlin"), date::locate_zone("Europe/Berlin"));
  EXPECT_TRUE(check_zone("UTC"));
  EXPECT_FALSE(find_zone("../../etc/passwd"));
  for (const char* const name : {"berlin", "Berlin", "europe/berlin", "Europe/Berln"}) {
    EXPECT_FALSE(find_zone(name));
    EXPECT_EQ(check_zone(name).error().message,
              "unknown time zone '" + std::string(name) + "': did you mean Europe/Berlin?");
  }
  EXPECT_EQ(check_zone("Mars/Olympus").error().message,
            "unknown time zone 'Mars/Olympus': write for example Europe/Berlin");
}

}  // namespace
}  // namespace wm
