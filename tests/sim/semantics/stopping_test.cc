// Time limits, and the length of runs.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

TEST_F(Semantics, ATimeLimitStopsARunAndCountsAsARetry) {
  every_run_takes(5h);
  auto request = oneoff("a");
  request.time_limit = 1h;
  request.max_attempts = 2;
  const WorkId id = world_.enqueue(request);
  world_.advance(1h + 1s);
  EXPECT_EQ(last_run().result->stop_reason, StopReason::timeout);
  EXPECT_EQ(last_run().result->outcome, RunOutcome::retry);
  world_.advance(24h);
  EXPECT_EQ(starts(id), (Starts{0s, 1h + 31s}));
  EXPECT_EQ(state(id), WorkState::failed);
}

TEST_F(Semantics, ATimeLimitIsNotMovedByTheClock) {
  every_run_takes(5h);
  auto request = oneoff("a");
  request.time_limit = 1h;
  const WorkId id = world_.enqueue(request);
  world_.advance(10min);
  world_.set_clock(world_.now + Days{1});
  world_.advance(10min);
  world_.set_clock(world_.now - Days{2});
  world_.advance(39min);
  EXPECT_EQ(state(id), WorkState::running);
  EXPECT_EQ(world_.scheduler().find(id)->stopping, StopReason::none);
  world_.advance(1min);
  EXPECT_EQ(world_.scheduler().find(id)->stopping, StopReason::timeout);
}

TEST_F(Semantics, ASilentRunIsStoppedByItsWatchdogAndThatCountsAsARetry) {
  every_run_takes(5h);
  auto request = oneoff("a");
  request.watchdog = 30s;
  request.max_attempts = 2;
  const WorkId id = world_.enqueue(request);
  world_.advance(32s);
  EXPECT_EQ(last_run().result->stop_reason, StopReason::watchdog);
  EXPECT_EQ(last_run().result->outcome, RunOutcome::retry);
  EXPECT_EQ(last_run().result->reason, "nothing was heard for 30s");
  world_.advance(24h);
  EXPECT_EQ(starts(id), (Starts{0s, 61s}));
  EXPECT_EQ(state(id), WorkState::failed);
  EXPECT_EQ(last_run().result->reason, "nothing was heard for 30s, attempt 2 of 2 was the last");
}

TEST_F(Semantics, WhoeverIsHeardOfInTimeIsLeftAlone) {
  every_run_takes(5h);
  auto request = oneoff("a");
  request.watchdog = 30s;
  const WorkId id = world_.enqueue(request);
  for (int i = 0; i < 20; ++i) {
    world_.advance(29s);
    world_.hear(id);
  }
  const auto stopping = [&] { return world_.scheduler().find(id)->stopping; };
  world_.advance(30s - 1ms);
  EXPECT_EQ(stopping(), StopReason::none);
  world_.advance(1ms);
  EXPECT_EQ(stopping(), StopReason::watchdog);
}

TEST_F(Semantics, SilenceIsNotMeasuredByTheClock) {
  every_run_takes(5h);
  auto request = oneoff("a");
  request.watchdog = 1h;
  const WorkId id = world_.enqueue(request);
  const auto stopping = [&] { return world_.scheduler().find(id)->stopping; };
  world_.advance(10min);
  world_.hear(id);
  world_.set_clock(world_.now + Days{1});
  world_.advance(20min);
  world_.set_clock(world_.now - Days{2});
  world_.advance(39min);
  EXPECT_EQ(stopping(), StopReason::none);
  world_.advance(1min);
  EXPECT_EQ(stopping(), StopReason::watchdog);
}

TEST_F(Semantics, TheNextRunIsNotSilentForWhatTheLastOneWas) {
  every_run_takes(20s);
  auto request = periodic("a", 15min);
  request.watchdog = 30s;
  const WorkId id = world_.enqueue(request);
  world_.advance(5s);
  world_.hear(id);
  world_.advance(24h);
  EXPECT_GT(world_.runs(id), 50);
  for (const RunInfo& run : world_.history()) {
    EXPECT_EQ(run.result->outcome, RunOutcome::succeeded);
  }
}

TEST_F(Semantics, TheNextProgramGoesOnFromWhatWasHeardLast) {
  every_run_takes(5h);
  auto request = oneoff("a");
  request.watchdog = 30s;
  const WorkId id = world_.enqueue(request);
  world_.advance(20s);
  world_.hear(id);
  world_.advance(10s);
  world_.hand_over();
  const auto stopping = [&] { return world_.scheduler().find(id)->stopping; };
  world_.advance(20s - 1ms);
  EXPECT_EQ(stopping(), StopReason::none);
  world_.advance(1ms);
  EXPECT_EQ(stopping(), StopReason::watchdog);
}

TEST_F(Semantics, ARunKeepsTheWatchdogWithWhichItBegan) {
  every_run_takes(5h);
  auto request = oneoff("a");
  request.watchdog = 1h;
  const WorkId id = world_.enqueue(request);
  request.watchdog = 1min;
  world_.enqueue(request, ExistingPolicy::update);
  world_.advance(1h - 1s);
  EXPECT_EQ(world_.scheduler().find(id)->stopping, StopReason::none);
  world_.advance(1h);
  EXPECT_EQ(world_.history().back().result->stop_reason, StopReason::watchdog);
  EXPECT_EQ(world_.history().back().result->reason, "nothing was heard for 1h");
  EXPECT_EQ(world_.history().front().length, 1min + 1s) << "the next run has the new one";
}

TEST_F(Semantics, HowLongARunTookIsNotToldByTheClock) {
  every_run_takes(20min);
  world_.enqueue(oneoff("a"));
  world_.advance(5min);
  world_.set_clock(world_.now + Days{400});
  world_.advance(1h);
  EXPECT_EQ(last_run().length, 20min);
  EXPECT_EQ(last_run().started_at, began_);
  EXPECT_EQ(last_run().finished_at, began_ + Days{400} + 20min);
}

TEST_F(Semantics, ARunThatWasLostTookNoLongerThanTheMachineWasUp) {
  every_run_takes(5h);
  world_.enqueue(oneoff("a"));
  world_.advance(5min);
  world_.set_clock(world_.now + Days{400});
  world_.crash();
  EXPECT_EQ(world_.history().back().length, 5min);

  world_.set_clock(world_.now - Days{1});
  world_.advance(7min);
  world_.boot = "another boot";
  world_.clock_offset += 1h;  // The time since boot begins again.
  world_.crash();
  EXPECT_EQ(world_.history().front().length, 0min) << "as far as the clock tells";
}

TEST_F(Semantics, AStepOfTheClockSpendsNoBudget) {
  world_.settings.expedited_budget = 10min;
  every_run_takes(5min);
  auto expedited = oneoff("a");
  expedited.expedited = true;
  world_.enqueue(expedited);
  world_.advance(1min);
  world_.set_clock(world_.now + Days{400});
  world_.advance(10min);
  const auto run_again = [&](const std::string& name) {
    expedited.unique_name = name;
    world_.enqueue(expedited);
    world_.advance(6min);
    return last_run().expedited;
  };
  EXPECT_TRUE(run_again("b"));
  EXPECT_FALSE(run_again("c"));
  world_.set_clock(world_.now - Days{400});
  EXPECT_FALSE(run_again("d")) << "what was spent is not forgotten";
  world_.advance(24h);
  EXPECT_TRUE(run_again("e")) << "nor is it kept longer";
}

TEST_F(Semantics, TheConfiguredTimeLimitIsForWorkThatNamesNone) {
  every_run_takes(5h);
  world_.settings.run.time_limit = 10min;
  const WorkId usual = world_.enqueue(oneoff("usual"));
  auto request = oneoff("long");
  request.time_limit = 0s;
  const WorkId unlimited = world_.enqueue(request);
  world_.advance(6h);
  EXPECT_GT(world_.runs(usual), 1);
  EXPECT_EQ(state(unlimited), WorkState::succeeded);
}

}  // namespace
}  // namespace wm
