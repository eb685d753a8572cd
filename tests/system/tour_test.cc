// The program that records the tour of the README.
#include "tests/system/commands.h"

namespace wm {
namespace {

TEST(Tour, SaysNothingToWhoeverHasSeenEnough) {
  const std::string wm = WM_PROGRAM;
  if (wm != WM_SOURCE_DIR "/build/release/cli/wm") GTEST_SKIP() << "it records a release build";
  const std::string tour = "env -u PYTHONUNBUFFERED " WM_SOURCE_DIR "/scripts/record-tour --text";
  const Output output = run_program({"/bin/sh", "-c", tour + " | true"});
  EXPECT_EQ(output.err, "");
}

}  // namespace
}  // namespace wm
