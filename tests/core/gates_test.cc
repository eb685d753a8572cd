// The distinct needs of jobs, and when each was last met.
#include "core/gates.h"

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

const Needs kPower{{{.flags = {Constraint::charging}}}};
const Needs kQuiet{{{.flags = {Constraint::idle}}}};

TEST(Gates, OneIsMadeForAllWhoNeedTheSame) {
  Gates gates;
  EXPECT_EQ(gates.find({}), Gates::kNone);
  EXPECT_TRUE(gates[Gates::kNone].open);
  const Gates::Id power = gates.find(kPower);
  EXPECT_NE(power, Gates::kNone);
  EXPECT_EQ(gates.find(kPower), power);
  EXPECT_NE(gates.find(kQuiet), power);
}

TEST(Gates, MoveOnlyWithTheirOwnConditions) {
  Gates gates;
  gates.set_conditions({.holds = {{Constraint::charging, false}, {Constraint::idle, false}}}, kNow);
  const Gates::Id power = gates.find(kPower);
  const Gates::Id quiet = gates.find(kQuiet);
  gates.set_conditions({.holds = {{Constraint::charging, true}, {Constraint::idle, false}}},
                       kNow + 1min);
  EXPECT_TRUE(gates[power].open);
  EXPECT_EQ(gates[power].since, kNow + 1min);
  EXPECT_FALSE(gates[quiet].open);
  EXPECT_EQ(gates[quiet].since, kNow);

  gates.set_conditions({.holds = {{Constraint::charging, true}, {Constraint::idle, false}}},
                       kNow + 2min);
  EXPECT_EQ(gates[power].since, kNow + 1min) << "nothing has changed";
  EXPECT_EQ(gates.since({{{.flags = {Constraint::storage_not_low}}}}), kNow + 1min)
      << "nobody has asked before";
}

TEST(Gates, ForgottenOnesMakeRoom) {
  Gates gates;
  const Gates::Id power = gates.find(kPower);
  const Gates::Id quiet = gates.find(kQuiet);
  EXPECT_FALSE(gates.are_crowded());
  gates.keep_only({power});
  EXPECT_EQ(gates.find(kPower), power);
  EXPECT_EQ(gates.find({}), Gates::kNone);
  EXPECT_EQ(gates.find({{{.flags = {Constraint::storage_not_low}}}}), quiet) << "its place is free";
}

TEST(Gates, ABackwardClockLeavesNoneInTheFuture) {
  Gates gates;
  gates.set_conditions({.holds = {{Constraint::charging, false}}}, kNow);
  const Gates::Id power = gates.find(kPower);
  gates.clock_was_set(kNow - 1h);
  EXPECT_EQ(gates[power].since, kNow - 1h);
}

class NeedsTest : public testing::Test {
 protected:
  NeedsTest() { work_.enqueued_at = work_.due = kNow; }

  Work work_;
  const Policy policy_{.constraints = {.flags = {Constraint::charging}},
                       .prefer = {{{.flags = {Constraint::idle}}, 1h}},
                       .deadline = 2h};
};

TEST_F(NeedsTest, APreferenceIsDroppedWhenItsTimeHasCome) {
  EXPECT_EQ(needs_at(work_, policy_, kNow + 1h - 1ms, nullptr),
            (Needs{{kPower.all[0], kQuiet.all[0]}}));
  EXPECT_EQ(needs_at(work_, policy_, kNow + 1h, nullptr), kPower);
}

TEST_F(NeedsTest, NothingIsNeededAfterTheDeadlineOrACall) {
  EXPECT_EQ(needs_at(work_, policy_, kNow + 2h - 1ms, nullptr), kPower);
  EXPECT_TRUE(needs_at(work_, policy_, kNow + 2h, nullptr).empty());
  work_.run_now = true;
  EXPECT_TRUE(needs_at(work_, policy_, kNow, nullptr).empty());
}

TEST_F(NeedsTest, TheNextChangeIsTheEarliestThatIsStillToCome) {
  EXPECT_EQ(needs_change_at(work_, policy_, kNow), kNow + 1h);
  EXPECT_EQ(needs_change_at(work_, policy_, kNow + 1h), kNow + 2h);
  EXPECT_EQ(needs_change_at(work_, policy_, kNow + 2h), std::nullopt);
  EXPECT_EQ(needs_change_at(work_, {}, kNow), std::nullopt);
}

}  // namespace
}  // namespace wm
