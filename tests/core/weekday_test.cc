#include "core/weekday.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(Weekday, IsKnownByThreeLettersOrMoreOfItsName) {
  for (const char* const text : {"tue", "Tues", "TUESDAY"}) {
    EXPECT_EQ(parse_weekday(text), std::chrono::Tuesday) << text;
  }
  EXPECT_EQ(parse_weekday("sun"), std::chrono::Sunday);
  EXPECT_EQ(parse_weekday("saturday"), std::chrono::Saturday);
  for (const char* const text : {"", "t", "tu", "tuesdays", "tuez", " tue", "2"}) {
    EXPECT_EQ(parse_weekday(text), std::nullopt) << text;
  }
}

TEST(Weekday, NamesAreInTheOrderOfTheirNumbers) {
  EXPECT_EQ(short_name(std::chrono::Monday), "Mon");
  for (unsigned day = 0; day < kWeekdayNames.size(); ++day) {
    EXPECT_EQ(parse_weekday(kWeekdayNames[day]), std::chrono::weekday{day});
    EXPECT_EQ(parse_weekday(short_name(std::chrono::weekday{day})), std::chrono::weekday{day});
  }
}

}  // namespace
}  // namespace wm
