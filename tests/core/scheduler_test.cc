// What the scheduler promises of a turn; the rules it follows are told in tests/sim.
#include "core/scheduler.h"

#include <gtest/gtest.h>

#include "core/state.h"

namespace wm {
namespace {

const TimePoint kNow{Days{20'000}};

Work work(WorkId id, Duration due = 0s) {
  Work row;
  row.id = id;
  row.due = kNow + due;
  return row;
}

TEST(Scheduler, RollingBackLeavesNoTrace) {
  Scheduler scheduler(1);
  scheduler.restore(work(1));
  scheduler.plan(kNow);
  ASSERT_EQ(scheduler.decisions().started, std::vector<WorkId>{1});
  scheduler.enqueue(work(2));
  scheduler.cancel(1);

  scheduler.roll_back();

  EXPECT_EQ(*scheduler.find(1), work(1));
  EXPECT_EQ(scheduler.find(2), nullptr);
  EXPECT_EQ(scheduler.running_count(), 0U);
  EXPECT_TRUE(scheduler.decisions().started.empty());
  EXPECT_TRUE(scheduler.decisions().changed.empty());
  EXPECT_EQ(scheduler.next_wakeup(), kNow);
}

TEST(Scheduler, FinishedWorkIsForgottenOnceItsEndIsAccepted) {
  Scheduler scheduler(1);
  scheduler.restore(work(1));
  scheduler.cancel(1);
  ASSERT_EQ(scheduler.decisions().changed.front().state, WorkState::cancelled);

  scheduler.accept();

  EXPECT_EQ(scheduler.find(1), nullptr);
  EXPECT_EQ(scheduler.unfinished_count(), 0U);
}

TEST(Scheduler, UnknownWorkIsIgnored) {
  Scheduler scheduler(1);
  scheduler.cancel(7);
  scheduler.plan(kNow);
  EXPECT_TRUE(scheduler.decisions().changed.empty());
}

TEST(Scheduler, WakesForTheEarliestDueWhoseConstraintsHold) {
  Scheduler scheduler(2);
  Work blocked = work(1, 1min);
  blocked.constraints.charging = true;
  scheduler.restore(blocked);
  scheduler.restore(work(2, 2min));
  scheduler.set_conditions({.charging = false});
  EXPECT_EQ(scheduler.next_wakeup(), kNow + 2min);
  scheduler.set_conditions({.charging = true});
  EXPECT_EQ(scheduler.next_wakeup(), kNow + 1min);
}

TEST(Scheduler, DoesNotWakeWhileEverySlotIsTaken) {
  Scheduler scheduler(1);
  scheduler.restore(work(1));
  scheduler.restore(work(2, 1min));
  scheduler.plan(kNow);
  EXPECT_EQ(scheduler.next_wakeup(), std::nullopt);
}

TEST(Scheduler, NamesTheConstraintsThatAreWorthMeasuring) {
  Scheduler scheduler(1);
  EXPECT_EQ(scheduler.wanted(), Constraints{});
  Work row = work(1);
  row.constraints = {NetworkType::connected, false, true, false, false};
  scheduler.restore(row);
  scheduler.plan(kNow);
  EXPECT_EQ(scheduler.wanted(), row.constraints) << "running work counts too";
}

TEST(Scheduler, ALowerLimitStartsNothingUntilThereIsRoom) {
  Scheduler scheduler(2);
  scheduler.restore(work(1));
  scheduler.restore(work(2));
  scheduler.restore(work(3));
  scheduler.plan(kNow);
  scheduler.accept();
  scheduler.set_max_parallel(1);
  scheduler.run_ended(1, {}, {}, kNow);
  scheduler.plan(kNow);
  EXPECT_TRUE(scheduler.decisions().started.empty());
}

TEST(States, OnlyTheArrowsOfTheTable) {
  using enum WorkState;
  for (const auto from : {succeeded, failed, cancelled}) {
    for (int event = 0; event <= static_cast<int>(WorkEvent::cancel); ++event) {
      EXPECT_FALSE(next_state(from, static_cast<WorkEvent>(event)));
    }
  }
  EXPECT_EQ(next_state(running, WorkEvent::retry), enqueued);
  EXPECT_EQ(next_state(running, WorkEvent::interrupt), enqueued);
  EXPECT_EQ(next_state(running, WorkEvent::repeat), enqueued);
  EXPECT_EQ(next_state(blocked, WorkEvent::start), std::nullopt);
}

TEST(Row, IsSmall) { EXPECT_LE(sizeof(Work), 120U); }

}  // namespace
}  // namespace wm
