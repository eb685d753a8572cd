#include "core/exit_codes.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(ExitCodes, AreListsAndRanges) {
  const auto codes = parse_exit_codes("2,64-66,255");
  ASSERT_TRUE(codes);
  EXPECT_EQ(codes->count(), 5U);
  EXPECT_TRUE(codes->test(65));
  EXPECT_TRUE(codes->test(255));
  EXPECT_FALSE(codes->test(67));
}

TEST(ExitCodes, AreRefusedOutsideTheirBounds) {
  for (const char* text : {"", "256", "-1", "2,", ",2", "5-2", "1-", "a", "1 2", "0x10"}) {
    EXPECT_FALSE(parse_exit_codes(text)) << text;
  }
}

TEST(ExitCodes, AreWrittenAsTheyAreRead) {
  for (const char* text : {"0", "2,64-78", "0-255", "1-2,255"}) {
    EXPECT_EQ(format_exit_codes(parse_exit_codes(text).value()), text);
  }
  EXPECT_EQ(format_exit_codes({}), "");
}

}  // namespace
}  // namespace wm
