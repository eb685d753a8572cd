// Which options are built for a command line.
#include <gtest/gtest.h>

#include "cli/command.h"

namespace wm::cli {
namespace {

TEST(CommandLineTest, WantsTheOptionsThatAreTyped) {
  const CommandLine line{.words = {"--frequency=1h", "--no-charging", "backup", "--tag", "a"},
                         .trailing = {"--network"},
                         .whole = false};
  EXPECT_TRUE(line.wants("--every,--frequency"));
  EXPECT_TRUE(line.wants("--charging"));
  EXPECT_TRUE(line.wants("--tag"));
  EXPECT_FALSE(line.wants("--network")) << "it belongs to the job's command";
  EXPECT_FALSE(line.wants("--backup"));
  EXPECT_FALSE(line.wants("--tags"));
}

TEST(CommandLineTest, WantsAllForHelp) {
  EXPECT_TRUE(CommandLine{.words = {"--help"}}.wants("--network"));
}

}  // namespace
}  // namespace wm::cli
