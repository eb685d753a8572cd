// How often a job runs, as people type it.
#include "core/recurrence.h"

#include <gtest/gtest.h>

#include "core/calendar.h"

namespace wm {
namespace {

TEST(Recurrence, IsAPeriod) {
  const std::pair<const char*, Duration> cases[]{
      {"1d", Days{1}},   {"day", Days{1}},    {"Hour", 1h},   {"2 h", 2h},
      {"week", Days{7}}, {"1h 30min", 90min}, {"90m", 90min}, {"20 minutes", 20min}};
  for (const auto& [text, every] : cases) {
    EXPECT_EQ(parse_recurrence(text), (Recurrence{every, ""})) << text;
  }
}

TEST(Recurrence, IsACalendar) {
  const std::pair<const char*, const char*> cases[]{{"30 2 * * *", "30 2 * * *"},
                                                    {"@daily", "@daily"},
                                                    {"02:30", "30 2 * * *"},
                                                    {"noon", "0 12 * * *"},
                                                    {"day 02:30", "30 2 * * *"},
                                                    {"Mon..Fri 09:00", "0 9 * * 1-5"},
                                                    {"weekdays at 9am", "0 9 * * 1-5"},
                                                    {"mon,wed 18:05", "5 18 * * 1,3"},
                                                    {"sunday 6:00", "0 6 * * 7"},
                                                    {"fri-mon 23:59", "59 23 * * 1,5-7"},
                                                    {"sat..sun midnight", "0 0 * * 6-7"},
                                                    {"mon-sun 7:15pm", "15 19 * * *"}};
  for (const auto& [text, calendar] : cases) {
    EXPECT_EQ(parse_recurrence(text), (Recurrence{std::nullopt, calendar})) << text;
    EXPECT_TRUE(Calendar::parse(calendar)) << calendar;
  }
}

TEST(Recurrence, IsRefusedIfItMayMeanTwoThings) {
  const auto problem = [](const char* text) {
    const auto parsed = parse_recurrence(text);
    return parsed ? "none" : parsed.error().message;
  };
  const std::string right = ": write 1d, day, \"Mon..Fri 09:00\", 02:30 or \"30 2 * * *\"";
  EXPECT_EQ(problem(""), "bad period '': it is empty" + right);
  EXPECT_EQ(problem("month"), "bad period 'month': write @monthly, for the first of each month");
  EXPECT_EQ(problem("hourly"), "bad period 'hourly': write 1h, or @hourly for every full hour");
  EXPECT_EQ(problem("0 9 * *"),
            "bad period '0 9 * *': cron needs five fields, minute, hour, day, month and weekday: "
            "it has 4");
  EXPECT_EQ(problem("d"), "bad period 'd': it names no time" + right);
  EXPECT_EQ(problem("mon"), "bad period 'mon': it names no time" + right);
  EXPECT_EQ(problem("day 12am"),
            "bad period 'day 12am': 12am may be noon or midnight: write 12:00 or 00:00");
  EXPECT_EQ(problem("moo 09:00"), "bad period 'moo 09:00': 'moo' names no days" + right);
  EXPECT_EQ(problem("mon tue 09:00"),
            "bad period 'mon tue 09:00': its days are one word, such as Mon,Thu" + right);
  EXPECT_EQ(problem("09:00:30"), "bad period '09:00:30': it has seconds" + right);
}

}  // namespace
}  // namespace wm
