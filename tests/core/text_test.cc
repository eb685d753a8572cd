#include "core/text.h"

#include <vector>

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(Utf8, TellsWellFormedText) {
  for (const char* text : {"", "plain", "Zürich", "日本語", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const char* text : {"\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xe2\x82", "a\x80z"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(Control, IsWhatATerminalMightObey) {
  for (const char* text :
       {"\x1b[31m", "a\nb", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6"}) {
    EXPECT_TRUE(has_control(text)) << text;
  }
  EXPECT_TRUE(has_control(std::string_view("a\0b", 3)));
  EXPECT_FALSE(has_control("Zürich – naïve 日本語"));
}

TEST(Printable, EscapesControlsAndBrokenBytes) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("a\nb"), "a\\x0ab");
  EXPECT_EQ(printable("a\n\tb", true), "a\n\tb");
  EXPECT_EQ(printable("Zürich"), "Zürich");
}

TEST(Number, IsTheWholeText) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<int>("-7"), -7);
  EXPECT_EQ(parse_number<unsigned>("1f", 16), 31);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "0x1", "1.5", "99999999999"}) {
    EXPECT_EQ(parse_number<int>(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
}

TEST(Join, LeavesEmptyPartsOut) {
  EXPECT_EQ(join(std::vector<std::string>{}), "");
  EXPECT_EQ(join(std::vector<std::string>{"", "a", "", "b"}), "a, b");
  EXPECT_EQ(join(std::vector<std::string_view>{"a", "b", ""}, " "), "a b");
}

}  // namespace
}  // namespace wm
