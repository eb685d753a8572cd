// The program that records the tour of the README.
#include "tests/system/commands.h"

namespace wm {
namespace {

TEST(Tour, SaysNothingToWhoeverHasSeenEnough) {
  const std::string wm = WM_PROGRAM;
  if (wm != WM_SOURCE_DIR "/build/release/cli/wm") GTEST_SKIP() << "it records a release build";
  const Output output =
      run_program({"/bin/sh", "-c", WM_SOURCE_DIR "/scripts/record-tour --text | true"});
  EXPECT_EQ(output.err, "");
}

}  // namespace
}  // namespace wm
