// The run time that expedited work of each owner may still use.
#include "core/quota.h"

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

class QuotaTest : public testing::Test {
 protected:
  QuotaTest() {
    quota_.add(1, kNow, 5min);
    quota_.accept();
  }

  Duration used(uid_t owner, TimePoint now) {
    quota_.move_on(now);
    return quota_.used(owner);
  }

  ExpeditedQuota quota_;
};

TEST_F(QuotaTest, ARunCountsForTheWindowAndNoLonger) {
  EXPECT_EQ(used(1, kNow), 5min);
  EXPECT_EQ(used(1, kNow + kQuotaWindow - 1ms), 5min);
  EXPECT_EQ(used(1, kNow + kQuotaWindow), 0s);
}

TEST_F(QuotaTest, SaysWhenEnoughOfItIsOver) {
  quota_.add(1, kNow + 1h, 2min);
  EXPECT_EQ(quota_.falls_below(1, 3min), kNow + kQuotaWindow);
  EXPECT_EQ(quota_.falls_below(1, 2min), kNow + 1h + kQuotaWindow) << "what is left is not less";
  EXPECT_EQ(quota_.falls_below(1, 0s), std::nullopt);
  EXPECT_EQ(quota_.falls_below(2, 3min), std::nullopt);
}

TEST_F(QuotaTest, EachOwnerHasOne) {
  quota_.add(2, kNow, 1min);
  quota_.add(1, kNow + 1h, 1min);
  EXPECT_EQ(used(1, kNow + 1h), 6min);
  EXPECT_EQ(used(2, kNow + 1h), 1min);
  EXPECT_EQ(used(3, kNow + 1h), 0s);
}

TEST_F(QuotaTest, AClockThatIsSetBackGivesNothing) {
  quota_.add(1, kNow, -1h);
  EXPECT_EQ(used(1, kNow), 5min);
}

TEST_F(QuotaTest, TheWindowMovesWithTheClock) {
  quota_.clock_was_set(1h);
  EXPECT_EQ(used(1, kNow + kQuotaWindow), 5min);
  EXPECT_EQ(used(1, kNow + kQuotaWindow + 1h), 0s);
}

TEST_F(QuotaTest, ARollBackTakesBackWhatWasAddedSince) {
  quota_.add(1, kNow + 1min, 2min);
  quota_.add(2, kNow + 1min, 3min);
  quota_.roll_back();
  EXPECT_EQ(used(1, kNow + 1min), 5min);
  EXPECT_EQ(used(2, kNow + 1min), 0s);

  quota_.roll_back();
  EXPECT_EQ(used(1, kNow + 1min), 5min) << "what was accepted stays";
}

}  // namespace
}  // namespace wm
