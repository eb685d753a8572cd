// When work is due.
#include <date/tz.h>

#include "core/explain.h"
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

TEST_F(Semantics, OneOffIsDueAtEnqueueTimePlusInitialDelay) {
  auto request = oneoff("a");
  request.initial_delay = 90s;
  const WorkId id = world_.enqueue(request);
  world_.advance(1h);
  EXPECT_EQ(starts(id), (Starts{90s}));
}

TEST_F(Semantics, OneOffAtATimeIsDueThen) {
  auto request = oneoff("a");
  request.at = began_ + 5h;
  const WorkId id = world_.enqueue(request);
  world_.advance(24h);
  EXPECT_EQ(starts(id), (Starts{5h}));
}

TEST_F(Semantics, PeriodicWithFlexRunsFirstAtTheEndOfItsFirstPeriod) {
  every_run_takes(0s);
  auto request = periodic("a", 1h);
  request.flex = 10min;
  request.initial_delay = 7min;
  const WorkId id = world_.enqueue(request);
  world_.advance(3h);
  EXPECT_EQ(starts(id), (Starts{57min, 117min, 177min}));
}

TEST_F(Semantics, CadenceIntervalCountsFromTheEndOfTheRunBefore) {
  every_run_takes(10min);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(3h);
  EXPECT_EQ(starts(id), (Starts{0s, 70min, 140min}));
}

TEST_F(Semantics, CadenceFixedKeepsItsPhase) {
  every_run_takes(10min);
  auto request = periodic("a", 1h);
  request.cadence = Cadence::fixed;
  request.initial_delay = 5min;
  const WorkId id = world_.enqueue(request);
  world_.advance(3h);
  EXPECT_EQ(starts(id), (Starts{5min, 65min, 125min}));
}

TEST_F(Semantics, MissedPeriodsOfAFixedCadenceCollapseIntoOneRun) {
  every_run_takes(0s);
  auto request = periodic("a", 1h);
  request.cadence = Cadence::fixed;
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  const WorkId id = world_.enqueue(request);
  world_.advance(5h + 30min);
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(1h);
  EXPECT_EQ(starts(id), (Starts{5h + 30min, 6h}));
  const RunInfo missed = world_.store.history({}).runs.back();
  EXPECT_EQ(missed.missed_periods, 5);
  EXPECT_EQ(missed.waited, (std::vector<Waited>{{WaitKind::constraint, "charging", 5h + 30min}}));
}

TEST_F(Semantics, ACalendarFollowsTheZoneOfItsMachine) {
  world_.zone = date::locate_zone("Europe/Berlin");
  world_.crash();
  WorkRequest request = oneoff("a");
  request.kind = WorkKind::periodic;
  request.calendar = "0 12 * * *";
  const WorkId id = world_.enqueue(request);
  const auto due = [&] {
    return world_.scheduler().find(id)->due - std::chrono::floor<Days>(began_);
  };
  EXPECT_EQ(due(), 10h) << "summer time";
  const auto* tokyo = date::locate_zone("Asia/Tokyo");
  world_.manager().set_zone(tokyo);
  world_.take_turns();
  EXPECT_EQ(due(), 3h);
  const auto waits = waiting_for(world_.scheduler(), *world_.scheduler().find(id), world_.now);
  EXPECT_EQ(waits.at(0).kind, WaitKind::period) << "no delay";
  world_.zone = date::locate_zone("America/New_York");  // And nobody was there to see it.
  world_.crash();
  EXPECT_EQ(due(), 16h);
}

TEST_F(Semantics, ACalendarWithAZoneOfItsOwnFollowsNoOther) {
  WorkRequest request = oneoff("a");
  request.kind = WorkKind::periodic;
  request.calendar = "0 12 * * *";
  request.time_zone = "Europe/Berlin";
  const WorkId id = world_.enqueue(request);
  const auto due = [&] {
    return world_.scheduler().find(id)->due - std::chrono::floor<Days>(began_);
  };
  EXPECT_EQ(due(), 10h);
  world_.manager().set_zone(date::locate_zone("Asia/Tokyo"));
  world_.take_turns();
  EXPECT_EQ(due(), 10h);
  request.time_zone = "America/New_York";
  world_.enqueue(request, ExistingPolicy::update);
  EXPECT_EQ(due(), 16h);
}

TEST_F(Semantics, ACalendarRunsAtItsLocalTimes) {
  world_.zone = date::locate_zone("Europe/Berlin");
  world_.crash();  // A daemon of that zone.
  every_run_takes(1min);
  WorkRequest request = oneoff("a");
  request.kind = WorkKind::periodic;
  request.calendar = "30 2 * * *";
  const WorkId id = world_.enqueue(request);
  world_.advance(Days{30});
  // 2024-10-04, in summer; winter comes on the 27th, when half past two comes twice.
  ASSERT_EQ(starts(id).size(), 30U);
  EXPECT_EQ(starts(id).front(), 30min);
  EXPECT_EQ(starts(id)[23], Days{23} + 30min);
  EXPECT_EQ(starts(id)[24], Days{24} + 90min);
}

TEST_F(Semantics, LinearBackoffIsBaseTimesAttempt) {
  every_run_ends(kTryAgain);
  auto request = oneoff("a");
  set_backoff(request, {BackoffPolicy::linear, 10s});
  const WorkId id = world_.enqueue(request);
  world_.advance(100s);
  EXPECT_EQ(starts(id), (Starts{0s, 10s, 30s, 60s, 100s}));
}

TEST_F(Semantics, ExponentialBackoffIsBaseTimesTwoToTheAttemptMinusOne) {
  every_run_ends(kTryAgain);
  const WorkId id = world_.enqueue(oneoff("a"));
  world_.advance(450s);
  EXPECT_EQ(starts(id), (Starts{0s, 30s, 90s, 210s, 450s}));
}

TEST_F(Semantics, JitterLengthensEachBackoffByAPartOfIt) {
  world_.settings.retry.jitter = 0.5;
  world_.crash();  // A daemon with that setting.
  every_run_ends(kTryAgain);
  const WorkId one = world_.enqueue(oneoff("a"));
  const WorkId other = world_.enqueue(oneoff("b"));
  world_.advance(1min);
  ASSERT_GE(starts(one).size(), 2U);
  ASSERT_GE(starts(other).size(), 2U);
  for (const WorkId id : {one, other}) {
    EXPECT_GE(starts(id)[1], 30s);
    EXPECT_LT(starts(id)[1], 47s);
  }
  EXPECT_NE(starts(one)[1], starts(other)[1]);
}

TEST_F(Semantics, ExitCodesThatTheConfigurationNamesFailForGood) {
  world_.settings.retry.fail_on.set(3);
  every_run_ends({ChildEnd::How::exited, 3, ""});
  auto request = oneoff("says its own");
  request.exit_rules.fail_on.set(4);
  const WorkId own = world_.enqueue(request);
  const WorkId none = world_.enqueue(oneoff("says nothing"));
  world_.advance(10s);
  EXPECT_EQ(world_.state(none), WorkState::failed);
  EXPECT_EQ(world_.state(own), WorkState::enqueued) << "to be tried again";
}

TEST_F(Semantics, NoBackoffIsLongerThanFiveHours) {
  every_run_ends(kTryAgain);
  const WorkId id = world_.enqueue(oneoff("a"));
  world_.advance(Days{10});
  const Starts all = starts(id);
  ASSERT_GT(all.size(), 40U);
  for (std::size_t i = 11; i < all.size(); ++i) EXPECT_EQ(all[i] - all[i - 1], 5h);
}

TEST_F(Semantics, RetriesOfPeriodicWorkStayInsideThePeriodAndResetWithTheNext) {
  every_run_ends(kTryAgain);
  auto request = periodic("a", 15min);
  set_backoff(request, {BackoffPolicy::exponential, 4min});
  const WorkId id = world_.enqueue(request);
  world_.advance(19min);
  EXPECT_EQ(starts(id), (Starts{0s, 4min, 12min, 15min, 19min}));
  EXPECT_EQ(last_run().attempt, 2);
}

TEST_F(Semantics, WhatWasMissedWhileTheDaemonWasOffIsDueAtOnceOnReturnOnce) {
  every_run_takes(1s);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(30min);
  world_.now += Days{3};
  world_.crash();
  world_.advance(30min);
  EXPECT_EQ(starts(id), (Starts{0s, Days{3} + 30min}));
}

TEST_F(Semantics, TheClockSteppingBackPostponesNothingByMoreThanItsOwnDelay) {
  every_run_takes(0s);
  auto later = oneoff("later");
  later.initial_delay = 2h;
  auto retried = oneoff("retried");
  const WorkId periodic_id = world_.enqueue(periodic("periodic", 1h));
  const WorkId later_id = world_.enqueue(later);
  every_run_ends(kTryAgain);
  const WorkId retried_id = world_.enqueue(retried);
  world_.advance(10s);

  const TimePoint set_back = world_.now - Days{300};
  world_.set_clock(set_back);

  const auto due = [&](WorkId id) { return world_.scheduler().find(id)->due - set_back; };
  EXPECT_EQ(due(periodic_id), 1h);
  EXPECT_EQ(due(later_id), 2h);
  EXPECT_EQ(due(retried_id), 30s);
}

TEST_F(Semantics, ATimeThatWasNamedStaysWhenTheClockIsSet) {
  auto request = oneoff("a");
  request.at = began_ + 5h;
  const WorkId id = world_.enqueue(request);
  world_.set_clock(began_ - Days{1});
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ + 5h);
}

TEST_F(Semantics, AFixedCadenceKeepsItsPhaseWhenTheClockIsSetBack) {
  every_run_takes(0s);
  auto request = periodic("a", 1h);
  request.cadence = Cadence::fixed;
  const WorkId id = world_.enqueue(request);
  world_.advance(90min);
  world_.set_clock(began_ - Days{1} - 20min);
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ - Days{1});
}

TEST_F(Semantics, TheClockSteppingForwardMakesWhatIsPassedDueOnce) {
  every_run_takes(0s);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(10min);
  world_.set_clock(world_.now + Days{400});
  world_.advance(59min);
  EXPECT_EQ(starts(id), (Starts{0s, Days{400} + 10min}));
}

}  // namespace
}  // namespace wm
