// Checks what the scheduler promises of a turn; tests/sim has the rules that it follows.
#include "core/scheduler.h"

#include <gtest/gtest.h>

#include "core/state.h"
#include "tests/support/now.h"

namespace wm {
namespace {

Work work(WorkId id, Duration due = 0s, const Policy& policy = {}) {
  Work row;
  row.id = id;
  row.policy = row.run_policy = SharedPolicy(policy);
  row.enqueued_at = row.since = kNow;
  row.due = kNow + due;
  return row;
}

Scheduler scheduler_for(int max_parallel) { return Scheduler({.max_parallel = max_parallel}); }

TEST(Scheduler, RollingBackLeavesNoTrace) {
  Scheduler scheduler = scheduler_for(1);
  scheduler.restore(work(1));
  scheduler.plan(kNow);
  ASSERT_EQ(scheduler.decisions().started.front().id, 1);
  scheduler.enqueue(work(2));
  scheduler.cancel(1, kNow);

  scheduler.roll_back();

  EXPECT_EQ(*scheduler.find(1), work(1));
  EXPECT_EQ(scheduler.find(2), nullptr);
  EXPECT_EQ(scheduler.running_count(), 0U);
  EXPECT_TRUE(scheduler.decisions().started.empty());
  EXPECT_TRUE(scheduler.decisions().changed.empty());
  EXPECT_EQ(scheduler.next_wakeup(), kNow);
}

// The owner that has waited longest for a slot comes first.
TEST(Scheduler, ATurnThatIsUndoneCostsItsOwnerNothing) {
  Scheduler scheduler = scheduler_for(1);
  SchedulingRules rules = scheduler.rules();
  rules.max_parallel_total = 1;
  scheduler.set_rules(rules);
  Work first = work(1);
  first.owner = 1;
  scheduler.restore(first);
  scheduler.plan(kNow);
  ASSERT_EQ(scheduler.decisions().started.size(), 1U);
  scheduler.roll_back();
  Work second = work(2);
  second.owner = 2;
  scheduler.restore(second);

  scheduler.plan(kNow);

  ASSERT_EQ(scheduler.decisions().started.size(), 1U);
  EXPECT_EQ(scheduler.decisions().started.front().id, 1);
}

TEST(Scheduler, APauseThatIsUndonePausesNothing) {
  Scheduler scheduler = scheduler_for(1);
  scheduler.pause("", {});
  scheduler.roll_back();
  EXPECT_TRUE(scheduler.pauses().empty());
  EXPECT_FALSE(scheduler.decisions().pauses);
}

TEST(Scheduler, StartsNothingWhileStartsAreHeld) {
  Scheduler scheduler = scheduler_for(1);
  scheduler.restore(work(1));
  scheduler.hold_starts(true);
  scheduler.plan(kNow);
  EXPECT_TRUE(scheduler.decisions().started.empty());
  EXPECT_EQ(scheduler.next_wakeup(), std::nullopt);
  scheduler.hold_starts(false);
  scheduler.plan(kNow);
  EXPECT_EQ(scheduler.decisions().started.size(), 1U);
}

TEST(Scheduler, AnExpeditedRunSpendsItsBudgetWhileItRuns) {
  Scheduler scheduler = scheduler_for(2);
  const Policy policy{.expedited = true, .out_of_quota = OutOfQuota::drop};
  scheduler.restore(work(1, 0s, policy));
  scheduler.plan(kNow);
  scheduler.accept();
  scheduler.restore(work(2, 0s, policy));
  scheduler.plan(kNow + scheduler.rules().expedited_budget);
  ASSERT_TRUE(scheduler.find(2));
  EXPECT_EQ(scheduler.find(2)->state, WorkState::cancelled);
}

TEST(Scheduler, FinishedWorkIsForgottenOnceItsEndIsAccepted) {
  Scheduler scheduler = scheduler_for(1);
  scheduler.restore(work(1));
  scheduler.cancel(1, kNow);
  ASSERT_EQ(scheduler.decisions().changed.front().state, WorkState::cancelled);

  scheduler.accept();

  EXPECT_EQ(scheduler.find(1), nullptr);
  EXPECT_EQ(scheduler.unfinished_count(), 0U);
}

TEST(Scheduler, KnowsOfWhichJobsNothingButTheEndHasChanged) {
  Scheduler scheduler = scheduler_for(1);
  for (const WorkId id : {1, 2, 3}) scheduler.restore(work(id, 1h));
  scheduler.restore(work(4));
  const std::vector<WorkId> first{1};
  Work blocked = work(5);
  blocked.state = WorkState::blocked;
  blocked.blocked_on = 1;
  scheduler.restore(blocked, first);
  scheduler.plan(kNow);
  scheduler.accept();

  scheduler.update(2, SharedPolicy(Policy{.priority = 3}), kNow);
  scheduler.enqueue(work(6, 1h));
  for (const WorkId id : {1, 2, 4, 6}) scheduler.cancel(id, kNow);

  const Decisions decisions = scheduler.decisions();
  EXPECT_EQ(decisions.changed.size(), 5U) << "3 is untouched";
  EXPECT_EQ(decisions.cancelled, (std::vector<WorkId>{1, 5}))
      << "2 has other terms, 4 still runs, and 6 is new";
}

TEST(Scheduler, UnknownWorkIsIgnored) {
  Scheduler scheduler = scheduler_for(1);
  scheduler.cancel(7, kNow);
  scheduler.plan(kNow);
  EXPECT_TRUE(scheduler.decisions().changed.empty());
}

TEST(Scheduler, WakesForTheEarliestDue) {
  Scheduler scheduler = scheduler_for(2);
  scheduler.restore(work(1, 1min));
  scheduler.restore(work(2, 2min));
  EXPECT_EQ(scheduler.next_wakeup(), kNow + 1min);
}

TEST(Scheduler, DoesNotWakeForWhatIsDueAndWaitsForItsConstraints) {
  Scheduler scheduler = scheduler_for(2);
  scheduler.set_conditions({.holds = {{Constraint::charging, false}}}, kNow);
  scheduler.restore(work(1, 0s, {.constraints = {.flags = {Constraint::charging}}}));
  scheduler.plan(kNow);
  EXPECT_EQ(scheduler.next_wakeup(), std::nullopt);
}

TEST(Scheduler, DoesNotWakeWhileEverySlotIsTaken) {
  Scheduler scheduler = scheduler_for(1);
  scheduler.restore(work(1));
  scheduler.restore(work(2, 1min));
  scheduler.plan(kNow);
  EXPECT_EQ(scheduler.next_wakeup(), std::nullopt);
}

TEST(Scheduler, NamesTheConstraintsThatAreWorthMeasuring) {
  Scheduler scheduler = scheduler_for(1);
  EXPECT_EQ(scheduler.wanted(), Constraints{});
  const Constraints needed{.network = NetworkType::connected,
                           .flags = {Constraint::battery_not_low}};
  scheduler.restore(work(1, 0s, {.constraints = needed}));
  EXPECT_EQ(scheduler.wanted(), needed);
  scheduler.plan(kNow);
  EXPECT_EQ(scheduler.running_count(), 1U);
  EXPECT_EQ(scheduler.wanted(), needed) << "running work counts too";
  scheduler.run_ended(1, {}, {}, kNow);
  EXPECT_EQ(scheduler.wanted(), Constraints{}) << "finished work does not";
}

TEST(Scheduler, ALowerLimitStartsNothingUntilThereIsRoom) {
  Scheduler scheduler = scheduler_for(2);
  scheduler.restore(work(1));
  scheduler.restore(work(2));
  scheduler.restore(work(3));
  scheduler.plan(kNow);
  scheduler.accept();
  scheduler.set_rules({.max_parallel = 1});
  scheduler.run_ended(1, {}, {}, kNow);
  scheduler.plan(kNow);
  EXPECT_TRUE(scheduler.decisions().started.empty());
}

TEST(AfterRun, OnlyAnInterruptedRunIsStillToldToRunNow) {
  Work running = work(1);
  running.state = WorkState::running;
  running.run_now = true;
  running.attempts = 1;
  EXPECT_TRUE(after_run(running, RunOutcome::interrupted, kNow, {}).run_now);
  for (const auto outcome : {RunOutcome::succeeded, RunOutcome::failed, RunOutcome::retry}) {
    EXPECT_FALSE(after_run(running, outcome, kNow, {}).run_now) << word(outcome);
  }
}

TEST(States, OnlyTheArrowsOfTheTable) {
  using enum WorkState;
  for (const auto from : {succeeded, failed, cancelled}) {
    for (int event = 0; event < static_cast<int>(WorkEvent::reenqueue); ++event) {
      EXPECT_FALSE(next_state(from, static_cast<WorkEvent>(event)));
    }
  }
  EXPECT_EQ(next_state(running, WorkEvent::retry), enqueued);
  EXPECT_EQ(next_state(running, WorkEvent::interrupt), enqueued);
  EXPECT_EQ(next_state(running, WorkEvent::repeat), enqueued);
  EXPECT_EQ(next_state(blocked, WorkEvent::start), std::nullopt);
  EXPECT_EQ(next_state(blocked, WorkEvent::unblock), enqueued);
  EXPECT_EQ(next_state(failed, WorkEvent::reenqueue), enqueued);
  EXPECT_EQ(next_state(cancelled, WorkEvent::reenqueue), enqueued);
  EXPECT_EQ(next_state(succeeded, WorkEvent::reenqueue), std::nullopt);
}

// A row also needs 8 + 8 + 8 bytes for its node and bucket in the table, and 8 of the allocator's.
TEST(Row, TakesAtMost200BytesOfMemory) { EXPECT_LE(sizeof(Row) + 32, 200U); }

}  // namespace
}  // namespace wm
