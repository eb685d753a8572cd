#include "core/size.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(Size, IsReadWithItsUnit) {
  EXPECT_EQ(parse_size("4096"), 4096);
  EXPECT_EQ(parse_size("64K"), 65'536);
  EXPECT_EQ(parse_size("512MiB"), std::int64_t{512} << 20);
  EXPECT_EQ(parse_size("2G"), std::int64_t{2} << 30);
}

TEST(Size, RefusesWhatItIsNot) {
  for (const char* text : {"", "K", "-1", "1.5G", "1 G", "1X", "1Gi", "9999999999T", "1KB"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_NE(size.error().message.find("bad size"), std::string::npos);
  }
}

TEST(Size, IsWrittenAsItIsRead) {
  for (const std::int64_t size : {0, 1000, 1024, 1536, 1 << 20, 3 << 20}) {
    EXPECT_EQ(parse_size(format_size(size)), size);
  }
  EXPECT_EQ(format_size(std::int64_t{512} << 20), "512M");
}

}  // namespace
}  // namespace wm
