#include "cli/render/runs.h"

#include <gtest/gtest.h>

namespace wm::cli {
namespace {

TEST(Runs, HaveBarsAsLongAsTheyTook) {
  const auto bar = [](Duration took) { return duration_bar(Style(false, false), took, 40s, 10); };
  EXPECT_EQ(bar(40s), "##########");
  EXPECT_EQ(bar(22s), "######");
  EXPECT_EQ(bar(1ms), "#") << "it has run";
  EXPECT_EQ(bar({}), "") << "it runs";
  EXPECT_EQ(bar(41s), "") << "not of this page";
  EXPECT_EQ(duration_bar(Style(false), 20s, 40s, 10), "█████");
  EXPECT_EQ(longest_of({{{"durationMs", 1}}, {{"durationMs", 3}}, boost::json::object{}}), 3ms);
}

TEST(Runs, AreCountedByTheirEnds) {
  RunTotals totals;
  totals.add({{{"outcome", "succeeded"}, {"durationMs", 1000}}});
  EXPECT_EQ(totals.text(), "1 run: 1 succeeded; mean 1s");
  totals.add({{{"outcome", "retry"}, {"durationMs", 2000}},
              {{"outcome", "failed"}, {"durationMs", 3000}},
              {{"outcome", "interrupted"}, {"durationMs", 2000}},
              boost::json::object{}});
  EXPECT_EQ(totals.text(), "5 runs: 1 succeeded, 2 failed, 1 interrupted, 1 running; mean 2s");
  totals.add({{{"outcome", "interrupted"}, {"stopReason", "daemon-lost"}, {"durationMs", 9000}}});
  EXPECT_EQ(totals.text(), "6 runs: 1 succeeded, 2 failed, 2 interrupted, 1 running; mean 2s")
      << "nobody saw when it ended";
}

}  // namespace
}  // namespace wm::cli
