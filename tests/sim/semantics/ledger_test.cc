// The record of what held a run back, and for how long.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

TEST_F(Semantics, TheLedgerSaysWhatHeldARunBackAndForHowLong) {
  world_.settings.run.max_parallel = 1;
  every_run_takes(3h);
  world_.enqueue(oneoff("first"));
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  const WorkId id = world_.enqueue(request);
  world_.advance(1h);
  world_.conditions.holds[Constraint::charging] = true;
  world_.change([&](WorkManager& manager) { manager.pause("", world_.now + 30min); });
  world_.advance(2h);
  EXPECT_EQ(starts(id), (Starts{3h}));
  const std::vector<Waited> expected{{WaitKind::constraint, "charging", 1h},
                                     {WaitKind::paused, "", 30min},
                                     {WaitKind::slot, "", 90min}};
  EXPECT_EQ(last_run().waited, expected);
}

using Waits = std::vector<Waited>;

TEST_F(Semantics, WhatIsToldToRunHadWaitedForItsConstraints) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  const WorkId id = world_.enqueue(request);
  world_.advance(5s);
  world_.change([&](WorkManager& manager) { (void)manager.registrar().run_now(id, world_.now); });
  EXPECT_EQ(starts(id), (Starts{5s}));
  EXPECT_EQ(last_run().waited, (Waits{{WaitKind::constraint, "charging", 5s}}));
}

TEST_F(Semantics, WhatIsToldToRunMayWaitForASlotThen) {
  world_.settings.run.max_parallel = 1;
  every_run_takes(1h);
  world_.enqueue(oneoff("first"));
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  const WorkId id = world_.enqueue(request);
  world_.advance(5min);
  world_.change([&](WorkManager& manager) { (void)manager.registrar().run_now(id, world_.now); });
  world_.hand_over();
  world_.advance(1h);
  EXPECT_EQ(last_run().waited,
            (Waits{{WaitKind::constraint, "charging", 5min}, {WaitKind::slot, "", 55min}}))
      << "another daemon tells the same";
}

TEST_F(Semantics, AnUpdateDoesNotChangeWhatAJobHasWaitedFor) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  world_.conditions.holds[Constraint::battery_not_low] = false;
  world_.enqueue(request);
  world_.advance(1h);
  request.constraints = {.flags = {Constraint::battery_not_low}};
  world_.enqueue(request, ExistingPolicy::update);
  world_.advance(2h);
  request.constraints = {};
  world_.enqueue(request, ExistingPolicy::update);
  EXPECT_EQ(last_run().waited, (Waits{{WaitKind::constraint, "charging", 1h},
                                      {WaitKind::constraint, "battery-not-low", 2h}}));
}

TEST_F(Semantics, ALaterRunHasNothingOfAnEarlierWait) {
  auto request = periodic("a", 1h);
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  world_.enqueue(request);
  world_.advance(10min);
  request.constraints = {};
  world_.enqueue(request, ExistingPolicy::update);
  EXPECT_EQ(last_run().waited, (Waits{{WaitKind::constraint, "charging", 10min}}));
  world_.advance(2h);
  EXPECT_EQ(last_run().waited, Waits{});
}

TEST_F(Semantics, TheLedgerBlamesTheRightThingAfterTheClockWasSetBack) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  request.constraints.set(Constraint::battery_not_low);
  world_.advance(48h);
  world_.conditions.holds[Constraint::charging] = false;
  world_.take_turns();
  world_.set_clock(began_);
  world_.enqueue(request);
  world_.advance(1h);
  world_.conditions.holds[Constraint::charging] = true;
  world_.conditions.holds[Constraint::battery_not_low] = false;
  world_.take_turns();
  world_.advance(2h);
  world_.crash();
  world_.conditions.holds[Constraint::battery_not_low] = true;
  world_.advance(1s);
  const auto waited = last_run().waited;
  ASSERT_GE(waited.size(), 2U);
  EXPECT_EQ(waited[0], (Waited{WaitKind::constraint, "charging", 1h}));
  EXPECT_EQ(waited[1], (Waited{WaitKind::constraint, "battery-not-low", 2h}));
}

TEST_F(Semantics, TheLedgerOutlivesTheDaemonAndSaysWhenItWasAway) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  world_.enqueue(request);
  world_.advance(1h);
  world_.crash();
  world_.advance(2h);
  world_.shut_down();
  world_.now += 3h;  // And nobody is there.
  world_.conditions.holds[Constraint::charging] = true;
  world_.crash();
  const std::vector<Waited> expected{{WaitKind::constraint, "charging", 3h},
                                     {WaitKind::daemon, "", 3h}};
  EXPECT_EQ(last_run().waited, expected);
}

TEST_F(Semantics, WhatWasDueWhenThePowerWasGoneWaitedForTheDaemon) {
  every_run_takes(1h);
  world_.enqueue(oneoff("first"));
  auto request = oneoff("a");
  request.initial_delay = 30min;
  const WorkId due_while_off = world_.enqueue(request);
  request.unique_name = "b";
  request.constraints.set(Constraint::charging);
  const WorkId held = world_.enqueue(request);
  world_.conditions.holds[Constraint::charging] = false;
  world_.advance(10min);
  world_.now += 3h;  // And no daemon said good-bye.
  world_.crash();
  world_.advance(1h);
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(3h);
  const auto waited = [this](WorkId id) {
    for (const RunInfo& run : world_.history()) {
      if (run.work == id) return run.waited;
    }
    return std::vector<Waited>{};
  };
  EXPECT_EQ(waited(due_while_off), (std::vector<Waited>{{WaitKind::daemon, "", 2h + 40min}}));
  EXPECT_EQ(waited(held), (std::vector<Waited>{{WaitKind::constraint, "charging", 3h + 40min}}));
}

TEST_F(Semantics, TheLedgerSaysWhichBackoffARetryWaitedFor) {
  every_run_ends(kTryAgain);
  world_.enqueue(oneoff("a"));
  world_.advance(30s);
  EXPECT_EQ(last_run().waited, (std::vector<Waited>{{WaitKind::backoff, "", 30s}}));
}

}  // namespace
}  // namespace wm
