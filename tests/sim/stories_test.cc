// Stories in simulated time of what wm does.
#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace wm {
namespace {

// Makes children ask for another attempt until their `last` one.
auto succeed_at_attempt(int last) {
  return [last](const Launch& launch) {
    Life life;
    if (launch.info.work.attempts < last) life.end = kTryAgain;
    return life;
  };
}

TEST(Story, WorkRunsOnceAndSucceeds) {
  World world;

  const WorkId id = world.enqueue(oneoff("a"));
  world.advance(1h);

  EXPECT_EQ(world.transcript(),
            "+0s #1 enqueued\n"
            "+0s #1 enqueued -> running\n"
            "+1s #1 running -> succeeded\n");
  EXPECT_EQ(world.runs(id), 1);
}

TEST(Story, ChargingWorkWaitsForThePlug) {
  World world;
  world.conditions.holds[Constraint::charging] = false;
  auto request = oneoff("backup");
  request.constraints.set(Constraint::charging);

  const WorkId id = world.enqueue(request);
  world.advance(24h);
  EXPECT_EQ(world.state(id), WorkState::enqueued);

  world.conditions.holds[Constraint::charging] = true;
  world.advance(1s);
  EXPECT_EQ(world.state(id), WorkState::succeeded);
}

TEST(Story, UnpluggingStopsChargingWorkAndItsAttemptDoesNotCount) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 5s}; };
  auto request = oneoff("backup");
  request.constraints.set(Constraint::charging);
  request.max_attempts = 1;
  const WorkId id = world.enqueue(request);
  world.advance(10min);

  world.conditions.holds[Constraint::charging] = false;
  world.advance(2s);
  EXPECT_EQ(world.state(id), WorkState::running) << "its child is still dying";
  world.advance(3s);
  EXPECT_EQ(world.state(id), WorkState::enqueued);
  EXPECT_EQ(world.history().front().result->stop_reason, StopReason(Constraint::charging));

  world.conditions.holds[Constraint::charging] = true;
  world.advance(10s + 1h);
  EXPECT_EQ(world.state(id), WorkState::succeeded);
  EXPECT_EQ(world.history().front().attempt, 1);
}

TEST(Story, WorkThatExitsWithSuccessWhileBeingStoppedIsInterrupted) {
  World world;
  world.runner.life = [](const Launch&) {
    return Life{.takes = 1h, .finishes_when_stopped = true};
  };
  auto request = oneoff("backup");
  request.constraints.set(Constraint::charging);
  const WorkId id = world.enqueue(request);

  world.conditions.holds[Constraint::charging] = false;
  world.advance(10s);

  EXPECT_EQ(world.state(id), WorkState::enqueued) << "what it was stopped in is not done";
  EXPECT_EQ(world.history().front().result.value_or(RunResult{}).outcome, RunOutcome::interrupted);
}

TEST(Story, BackoffDoublesFromAttemptToAttempt) {
  World world;
  world.runner.life = succeed_at_attempt(4);

  world.enqueue(oneoff("a"));
  world.advance(1h);

  EXPECT_EQ(world.transcript(),
            "+0s #1 enqueued\n"
            "+0s #1 enqueued -> running\n"
            "+1s #1 running -> enqueued\n"
            "+31s #1 enqueued -> running\n"
            "+32s #1 running -> enqueued\n"
            "+1m32s #1 enqueued -> running\n"
            "+1m33s #1 running -> enqueued\n"
            "+3m33s #1 enqueued -> running\n"
            "+3m34s #1 running -> succeeded\n");
}

TEST(Story, MaxAttemptsTurnARetryIntoAFailure) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.end = kTryAgain}; };
  auto request = oneoff("a");
  request.max_attempts = 3;

  const WorkId id = world.enqueue(request);
  world.advance(24h);

  EXPECT_EQ(world.state(id), WorkState::failed);
  EXPECT_EQ(world.runs(id), 3);
}

TEST(Story, AConfiguredNumberOfAttemptsHoldsForWorkThatNamesNone) {
  World world;
  world.settings.retry.max_attempts = 2;
  world.runner.life = [](const Launch&) { return Life{.end = kTryAgain}; };

  auto tireless = oneoff("b");
  tireless.max_attempts = 0;
  const WorkId id = world.enqueue(oneoff("a"));
  const WorkId endless = world.enqueue(tireless);
  world.advance(24h);

  EXPECT_EQ(world.state(id), WorkState::failed);
  EXPECT_EQ(world.runs(id), 2);
  EXPECT_EQ(world.state(endless), WorkState::enqueued) << "what the work says wins: no end";
  EXPECT_GT(world.runs(endless), 2);
}

TEST(Story, APermanentFailureIsNotRetried) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.end = kBroken}; };

  const WorkId id = world.enqueue(oneoff("a"));
  world.advance(24h);

  EXPECT_EQ(world.state(id), WorkState::failed);
  EXPECT_EQ(world.runs(id), 1);
}

TEST(Story, WorkThatCannotBeStartedFailsWithItsReason) {
  World world;
  world.runner.life = [](const Launch&) {
    return Life{.cannot_start = ChildEnd{ChildEnd::How::not_started, 0, "no such file"}};
  };

  const WorkId id = world.enqueue(oneoff("a"));

  EXPECT_EQ(world.state(id), WorkState::failed) << "at once, without another event";
  EXPECT_EQ(world.history().front().result->reason, "no such file");
}

TEST(Story, AMachineWithoutRoomForAChildIsTriedAgain) {
  World world;
  world.runner.life = [](const Launch& launch) {
    Life life;
    if (launch.info.work.attempts == 1)
      life.cannot_start = {ChildEnd::How::no_room, 0, "no memory"};
    return life;
  };

  const WorkId id = world.enqueue(oneoff("a"));
  world.advance(1min);

  EXPECT_EQ(world.state(id), WorkState::succeeded);
}

TEST(Story, PeriodicWorkRunsEveryPeriodFromTheEndOfTheRunBefore) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 10min}; };

  world.enqueue(periodic("sync", 1h));
  world.advance(3h);

  EXPECT_EQ(world.transcript(),
            "+0s #1 enqueued\n"
            "+0s #1 enqueued -> running\n"
            "+10m #1 running -> enqueued\n"
            "+1h10m #1 enqueued -> running\n"
            "+1h20m #1 running -> enqueued\n"
            "+2h20m #1 enqueued -> running\n"
            "+2h30m #1 running -> enqueued\n");
}

TEST(Story, FlexPutsTheFirstRunAtThePeriodsEnd) {
  World world;
  auto request = periodic("sync", 1h);
  request.flex = 15min;

  world.enqueue(request);
  world.advance(1h);

  EXPECT_EQ(world.transcript(),
            "+0s #1 enqueued\n"
            "+45m #1 enqueued -> running\n"
            "+45m1s #1 running -> enqueued\n");
}

TEST(Story, AFailedPeriodIsNotTheEnd) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.end = kBroken}; };

  const WorkId id = world.enqueue(periodic("sync", 1h));
  world.advance(150min);

  EXPECT_EQ(world.state(id), WorkState::enqueued);
  EXPECT_EQ(world.runs(id), 3);
}

TEST(Story, RetriesOfPeriodicWorkResetWhenTheNextPeriodOpens) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 0ms, .end = kTryAgain}; };

  world.enqueue(periodic("sync", 1h));
  world.advance(1h);

  std::vector<std::pair<Duration, int>> runs;
  const TimePoint began = world.now - 1h;
  for (const RunInfo& run : world.history()) runs.emplace_back(run.started_at - began, run.attempt);
  std::ranges::reverse(runs);
  const std::vector<std::pair<Duration, int>> expected{
      {0s, 1}, {30s, 2}, {90s, 3}, {210s, 4}, {450s, 5}, {930s, 6}, {1890s, 7}, {1h, 1},
  };
  EXPECT_EQ(runs, expected);
}

TEST(Story, PeriodsMissedWhileOffRunOnceOnReturn) {
  World world;
  const WorkId id = world.enqueue(periodic("sync", 1h));
  world.advance(1min);

  world.now += Days{7};
  world.crash();
  world.advance(1min);

  EXPECT_EQ(world.runs(id), 2);
}

TEST(Story, InitialDelayIsKeptAcrossACrash) {
  World world;
  auto request = oneoff("later");
  request.initial_delay = 2h;
  const WorkId id = world.enqueue(request);
  world.advance(1h);

  world.crash();
  world.advance(59min);
  EXPECT_EQ(world.state(id), WorkState::enqueued);
  world.advance(1min + 1s);
  EXPECT_EQ(world.state(id), WorkState::succeeded);
}

TEST(Story, KeepLeavesUnfinishedWorkAlone) {
  World world;
  auto request = oneoff("a");
  request.initial_delay = 1h;
  const WorkId first = world.enqueue(request);

  EXPECT_EQ(world.enqueue(oneoff("a"), ExistingPolicy::keep), first);

  world.advance(59min);
  EXPECT_EQ(world.state(first), WorkState::enqueued);
}

TEST(Story, KeepEnqueuesWhereTheNamesWorkHasFinished) {
  World world;
  const WorkId first = world.enqueue(oneoff("a"));
  world.advance(1min);

  const WorkId second = world.enqueue(oneoff("a"));
  world.advance(1min);

  EXPECT_NE(second, first);
  EXPECT_EQ(world.state(second), WorkState::succeeded);
  EXPECT_EQ(world.runs(second), 2) << "runs are numbered by name";
}

TEST(Story, ReplaceWaitsForTheOldChild) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 10s}; };
  world.enqueue(oneoff("a"));

  world.enqueue(oneoff("a"), ExistingPolicy::replace);
  world.advance(10s);

  EXPECT_EQ(world.transcript(),
            "+0s #1 enqueued\n"
            "+0s #1 enqueued -> running\n"
            "+0s #2 enqueued\n"
            "+10s #1 running -> cancelled\n"
            "+10s #2 enqueued -> running\n");
  EXPECT_EQ(world.history().back().result->stop_reason, StopReason::replaced);
}

TEST(Story, AReplacementCanItselfBeReplacedBeforeItRan) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 10s}; };
  world.enqueue(oneoff("a"));
  const WorkId second = world.enqueue(oneoff("a"), ExistingPolicy::replace);

  const WorkId third = world.enqueue(oneoff("a"), ExistingPolicy::replace);
  world.advance(10s);

  EXPECT_EQ(world.state(second), WorkState::cancelled);
  EXPECT_EQ(world.runs(second), 1) << "it never started";
  EXPECT_EQ(world.state(third), WorkState::running);
}

TEST(Story, AReplacementSurvivesACrashWhileTheOldChildDies) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 10s}; };
  const WorkId first = world.enqueue(oneoff("a"));
  const WorkId second = world.enqueue(oneoff("a"), ExistingPolicy::replace);
  world.advance(5s);

  world.crash();

  EXPECT_EQ(world.state(first), WorkState::cancelled);
  EXPECT_EQ(world.state(second), WorkState::running);
}

TEST(Story, CancelledWorkStaysRunningUntilItsChildIsGone) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 10s}; };
  const WorkId id = world.enqueue(oneoff("a"));

  world.cancel(id);
  world.advance(9s);
  EXPECT_EQ(world.state(id), WorkState::running);
  world.advance(1s);
  EXPECT_EQ(world.state(id), WorkState::cancelled);
}

TEST(Story, ADyingChildKeepsItsSlot) {
  World world(1);
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 10s}; };
  const WorkId first = world.enqueue(oneoff("a"));
  const WorkId second = world.enqueue(oneoff("b"));

  world.cancel(first);
  world.advance(9s);
  EXPECT_EQ(world.state(second), WorkState::enqueued);
  world.advance(1s);
  EXPECT_EQ(world.state(second), WorkState::running);
}

TEST(Story, WaitingWorkIsCancelledAtOnce) {
  World world;
  world.conditions.network = NetworkReading{};
  auto request = oneoff("a");
  request.constraints.network = NetworkType::connected;
  const WorkId id = world.enqueue(request);

  world.cancel(id);
  world.conditions = good_conditions();
  world.advance(1h);

  EXPECT_EQ(world.state(id), WorkState::cancelled);
  EXPECT_EQ(world.runs(id), 0);
}

TEST(Story, NoMoreChildrenThanAllowedAndTheEarliestDueFirst) {
  World world(1);
  auto late = oneoff("late");
  late.initial_delay = 20s;
  auto early = oneoff("early");
  early.initial_delay = 10s;
  world.runner.life = [](const Launch&) { return Life{.takes = 1min}; };
  world.enqueue(oneoff("first"));
  world.enqueue(late);
  world.enqueue(early);

  world.advance(4min);

  EXPECT_EQ(world.transcript(),
            "+0s #1 enqueued\n"
            "+0s #1 enqueued -> running\n"
            "+0s #2 enqueued\n"
            "+0s #3 enqueued\n"
            "+1m #1 running -> succeeded\n"
            "+1m #3 enqueued -> running\n"
            "+2m #2 enqueued -> running\n"
            "+2m #3 running -> succeeded\n"
            "+3m #2 running -> succeeded\n");
}

TEST(Story, ACrashInterruptsRunsWhichAreRepeatedAndNotCounted) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  auto request = oneoff("a");
  request.max_attempts = 1;
  const WorkId id = world.enqueue(request);
  world.advance(10min);

  world.crash();
  EXPECT_EQ(world.state(id), WorkState::running);
  world.advance(1h);

  EXPECT_EQ(world.state(id), WorkState::succeeded);
  EXPECT_EQ(world.history().back().result->outcome, RunOutcome::interrupted);
  EXPECT_EQ(world.history().back().result->stop_reason, StopReason::daemon_lost);
}

TEST(Story, ShuttingDownStopsRunsAndStartsNone) {
  World world(1);
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 2s}; };
  const WorkId first = world.enqueue(oneoff("a"));
  const WorkId second = world.enqueue(oneoff("b"));

  world.shut_down();
  world.advance(1min);

  EXPECT_EQ(world.state(first), WorkState::enqueued);
  EXPECT_EQ(world.state(second), WorkState::enqueued);
  EXPECT_EQ(world.runs(second), 0);
  EXPECT_EQ(world.history().front().result->stop_reason, StopReason::shutdown);
}

TEST(Story, AFullDiskMovesNeitherMemoryNorTheWorld) {
  World world;
  auto request = oneoff("a");
  request.initial_delay = 1min;
  const WorkId id = world.enqueue(request);

  world.store.full = true;
  world.advance(10min);
  EXPECT_EQ(world.state(id), WorkState::enqueued);
  EXPECT_TRUE(world.runner.children().empty());

  world.store.full = false;
  world.advance(1s);
  EXPECT_EQ(world.state(id), WorkState::succeeded);
  EXPECT_EQ(world.runs(id), 1);
}

TEST(Story, AnEndWhileTheDiskIsFullIsNotForgotten) {
  World world;
  const WorkId id = world.enqueue(oneoff("a"));

  world.store.full = true;
  world.advance(10min);
  EXPECT_EQ(world.state(id), WorkState::running);

  world.store.full = false;
  world.advance(1s);
  EXPECT_EQ(world.state(id), WorkState::succeeded);
}

TEST(Story, AStopDoesNotWaitUntilItCanBeWrittenDown) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  const WorkId id = world.enqueue(request);

  world.store.full = true;
  world.conditions.holds[Constraint::charging] = false;
  world.advance(1min);
  EXPECT_TRUE(world.runner.children().empty()) << "it was told to stop, and did";
  EXPECT_EQ(world.state(id), WorkState::running);
  world.conditions.holds[Constraint::charging] = true;  // And yet this was the reason.

  world.store.full = false;
  world.advance(1s);
  EXPECT_EQ(world.state(id), WorkState::enqueued);
  EXPECT_EQ(world.history().front().result->outcome, RunOutcome::interrupted);
  EXPECT_EQ(world.history().front().result->stop_reason, StopReason(Constraint::charging));
}

TEST(Story, ARunThatIsStoppingWhenTheDiskHasRoomAgainKeepsItsReason) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 1h, .dying = 10s}; };
  auto request = oneoff("a");
  request.watchdog = 30s;
  const WorkId id = world.enqueue(request);

  world.store.full = true;
  world.advance(35s);
  EXPECT_TRUE(world.runner.children().at(id).told_to_stop);
  world.store.full = false;
  world.hear(id);
  world.advance(10s);

  EXPECT_EQ(world.history().front().result->stop_reason, StopReason::watchdog);
}

TEST(Story, AnEndThatWaitsForTheDiskIsNoStop) {
  World world;
  world.runner.life = [](const Launch&) { return Life{.takes = 10s}; };
  auto request = oneoff("a");
  request.watchdog = 30s;
  const WorkId id = world.enqueue(request);

  world.store.full = true;
  world.advance(1min);
  world.store.full = false;
  world.advance(1s);

  EXPECT_EQ(world.state(id), WorkState::succeeded);
}

TEST(Story, AYearOfHourlyWorkTakesNoTime) {
  World world;
  const WorkId id = world.enqueue(periodic("sync", 1h));

  world.advance(Days{365});

  EXPECT_EQ(world.runs(id), 365 * 24 * 3600 / 3601 + 1);
}

}  // namespace
}  // namespace wm
