#include "core/explain.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

const TimePoint kNow{Days{20'000}};

TEST(WaitingFor, EverythingThatHoldsWorkBack) {
  Work work;
  work.due = kNow + 1min;
  work.constraints.charging = true;
  const std::vector<Wait> expected{{WaitKind::delay, "", kNow + 1min},
                                   {WaitKind::constraint, "charging", {}}};
  EXPECT_EQ(waiting_for(work, {.charging = false}, kNow), expected);
}

TEST(WaitingFor, TellsDelayBackoffAndPeriodApart) {
  Work work;
  work.due = kNow + 1min;
  EXPECT_EQ(waiting_for(work, {}, kNow).front().kind, WaitKind::delay);
  work.runs = work.attempts = 1;
  EXPECT_EQ(waiting_for(work, {}, kNow).front().kind, WaitKind::backoff);
  work.kind = WorkKind::periodic;
  work.attempts = 0;
  EXPECT_EQ(waiting_for(work, {}, kNow).front().kind, WaitKind::period);
}

TEST(WaitingFor, ASlotWhereNothingElseIsMissing) {
  Work work;
  work.due = kNow;
  EXPECT_EQ(waiting_for(work, {}, kNow).front().kind, WaitKind::slot);
}

TEST(WaitingFor, NothingOnceItRunsOrHasFinished) {
  Work work;
  work.due = kNow + 1min;
  for (const auto state : {WorkState::running, WorkState::succeeded, WorkState::cancelled}) {
    work.state = state;
    EXPECT_TRUE(waiting_for(work, {}, kNow).empty());
  }
}

}  // namespace
}  // namespace wm
