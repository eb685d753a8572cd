#include "core/time.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(Duration, IsReadInEveryUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("15m"), 15min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1h 30min"), 90min);
  EXPECT_EQ(parse_duration("2d"), Days{2});
  EXPECT_EQ(parse_duration("2 days"), Days{2});
  EXPECT_EQ(parse_duration("1 hour 30 minutes"), 90min);
  EXPECT_EQ(parse_duration("1 week 1 second"), Days{7} + 1s);
  EXPECT_EQ(parse_duration("1w"), Days{7});
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("3650d"), kMaxDuration);
}

TEST(Duration, IsRefusedWithItsText) {
  for (const char* text :
       {"", " ", "5", "-5m", "+5m", "1.5h", "5 x", "m", "1h30", "5M", "1e3s", "3651d",
        "9223372036854775807w", "99999999999999999999d", "3650d 1ms", "1\t0s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
    EXPECT_NE(parsed.error().message.find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(Duration, IsWrittenAsItIsRead) {
  for (const char* text : {"500ms", "1m30s", "15m", "1h30m", "2d", "1w", "10d", "0s", "1d1ms"}) {
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  }
}

TEST(Time, IsReadWithAnOffset) {
  const TimePoint expected = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 9h + 20min;
  EXPECT_EQ(parse_time("2026-11-23T09:20Z"), expected);
  EXPECT_EQ(parse_time("2026-11-23 10:20+01:00"), expected);
  EXPECT_EQ(parse_time("2026-11-23T03:50:00.000-0530"), expected);
  EXPECT_EQ(parse_time("2026-11-23T09:20:45.123456Z"), expected + 45s + 123ms);
  EXPECT_EQ(parse_time("2026-11-23T09:20:45.1Z"), expected + 45s + 100ms);
  EXPECT_EQ(parse_time("2026-11-23T09:20:60Z"), expected + 1min) << "a leap second";
}

TEST(Time, IsRefusedWhenItIsNone) {
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T09:20", "2026-13-23T09:20Z", "2026-02-29T09:20Z",
        "2026-11-23T24:20Z", "2026-11-23T09:60Z", "2026-11-23T09:20:61Z", "2026-11-23T09:20:45.Z",
        "2026-11-23T09:20Zx", "2026-11-23T09:20+1:00", "2026-1-23T09:20Z", "+026-11-23T09:20Z",
        "2026-11-23T09:20+25:00"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(Time, TheEarliestIsOneOfThoseThatThereAre) {
  const TimePoint first{1s};
  const TimePoint second{2s};
  EXPECT_EQ(earliest(std::nullopt, std::nullopt), std::nullopt);
  EXPECT_EQ(earliest(first, std::nullopt), first);
  EXPECT_EQ(earliest(std::nullopt, second), second);
  EXPECT_EQ(earliest(second, first), first);
}

TEST(Time, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(format_time(TimePoint{}), "1970-01-01T00:00:00.000Z");
  const char* const text = "2026-11-23T09:20:45.123Z";
  EXPECT_EQ(format_time(parse_time(text).value()), text);
}

}  // namespace
}  // namespace wm
