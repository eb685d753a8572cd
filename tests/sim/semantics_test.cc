// The rules of wm, one by one, each named after itself: the place to look up what it does.
#include <date/tz.h>
#include <gtest/gtest.h>

#include "core/schedule.h"
#include "tests/support/backoff.h"
#include "tests/support/world.h"

namespace wm {
namespace {

class Semantics : public testing::Test {
 protected:
  // When the runs of a work started, counted from the beginning of the test.
  std::vector<Duration> starts(WorkId id) {
    std::vector<Duration> list;
    for (const RunInfo& run : world_.store.history({}).runs) {
      if (run.work == id) list.insert(list.begin(), run.started_at - began_);
    }
    return list;
  }

  void every_run_ends(const ChildEnd& end) {
    world_.runner.life = [end](const Launch&) { return Life{.takes = 0s, .end = end}; };
  }
  void every_run_takes(Duration time) {
    world_.runner.life = [time](const Launch&) { return Life{.takes = time}; };
  }

  RunInfo last_run() { return world_.store.history({.limit = 1}).runs.front(); }
  WorkState state(WorkId id) { return world_.state(id); }

  World world_;
  const TimePoint began_ = world_.now;
};

using Starts = std::vector<Duration>;

// When work is due.

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
  world_.settle();
  EXPECT_EQ(due(), 3h);
  const auto waits = waiting_for(world_.scheduler(), *world_.scheduler().find(id), world_.now);
  EXPECT_EQ(waits.at(0).kind, WaitKind::period) << "no delay";
  world_.zone = date::locate_zone("America/New_York");  // And nobody was there to see it.
  world_.crash();
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

// Constraints.

TEST_F(Semantics, AllThatAWorkNamesMustHoldAtOnce) {
  auto request = oneoff("a");
  request.constraints.flags = {Constraint::charging, Constraint::battery_not_low};
  world_.conditions.holds[Constraint::charging] =
      world_.conditions.holds[Constraint::battery_not_low] = false;
  const WorkId id = world_.enqueue(request);
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(1h);
  EXPECT_EQ(state(id), WorkState::enqueued);
  world_.conditions.holds[Constraint::battery_not_low] = true;
  world_.advance(1h);
  EXPECT_EQ(starts(id), (Starts{1h}));
}

// Paths.

WorkRequest on_path(const std::string& name) {
  auto request = oneoff(name);
  request.trigger.paths = {"/in/*"};
  return request;
}

TEST_F(Semantics, WorkWithAPathIsDueOnceThatHasChangedAndIsQuiet) {
  const WorkId id = world_.enqueue(on_path("a"));
  world_.advance(24h);
  EXPECT_EQ(starts(id), Starts{});
  EXPECT_FALSE(world_.scheduler().next_wakeup());
  for (int i = 0; i < 10; ++i) {
    world_.change_path(id);
    world_.advance(400ms);
  }
  world_.advance(1h);
  EXPECT_EQ(starts(id), (Starts{24h + 9 * 400ms + 500ms}));
  EXPECT_EQ(last_run().waited, (std::vector<Waited>{{WaitKind::trigger, "", 9 * 400ms + 500ms}}));
  EXPECT_EQ(state(id), WorkState::succeeded);
}

TEST_F(Semantics, APathThatIsNeverQuietDelaysForAMinute) {
  auto request = on_path("a");
  request.trigger.delay = 10s;
  const WorkId id = world_.enqueue(request);
  for (int i = 0; i < 100; ++i) {
    world_.change_path(id);
    world_.advance(1s);
  }
  EXPECT_EQ(starts(id), (Starts{1min}));
  request.unique_name = "b";
  request.trigger.delay = 5min;  // Longer than the usual most.
  const WorkId slow = world_.enqueue(request);
  world_.change_path(slow);
  world_.advance(1h);
  EXPECT_EQ(starts(slow), (Starts{100s + 5min}));
}

TEST_F(Semantics, AChangeIsNotForgottenByACrashNorByAFullDisk) {
  auto request = on_path("a");
  request.trigger.delay = 1h;
  const WorkId id = world_.enqueue(request);
  world_.store.full = true;
  world_.change_path(id);
  world_.store.full = false;
  world_.advance(1min);
  world_.crash();
  world_.advance(2h);
  EXPECT_EQ(starts(id), (Starts{1h}));
}

TEST_F(Semantics, AChangeDoesNotOutdoTheInitialDelayNorTheConstraints) {
  auto request = on_path("a");
  request.initial_delay = 1h;
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  const WorkId id = world_.enqueue(request);
  world_.change_path(id);
  world_.advance(2h);
  EXPECT_EQ(starts(id), Starts{});
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(1min);
  EXPECT_EQ(starts(id), (Starts{2h}));
}

TEST_F(Semantics, ADeadlineOrACallTakesThePlaceOfAChange) {
  auto request = on_path("a");
  request.deadline = 3h;
  const WorkId id = world_.enqueue(request);
  const WorkId called = world_.enqueue(on_path("b"));
  world_.advance(5h);
  EXPECT_EQ(starts(id), (Starts{3h}));
  EXPECT_EQ(last_run().waited, (std::vector<Waited>{{WaitKind::trigger, "", 3h}}));
  world_.change(
      [&](WorkManager& manager) { EXPECT_TRUE(manager.registrar().run_now(called, world_.now)); });
  EXPECT_EQ(starts(called), (Starts{5h}));
}

TEST_F(Semantics, OnlyTheFirstRunWaitsForAPath) {
  every_run_ends(kTryAgain);
  const WorkId id = world_.enqueue(on_path("a"));
  world_.change_path(id);
  world_.advance(10s);
  world_.change_path(id);
  world_.advance(40s);
  EXPECT_EQ(starts(id), (Starts{500ms, 500ms + 30s}));
}

TEST_F(Semantics, AChangeCountsWhileWorkIsBlocked) {
  every_run_takes(1h);
  const WorkId before = world_.enqueue(oneoff("before"));
  auto request = on_path("a");
  request.prerequisites = {"before"};
  const WorkId id = world_.enqueue(request);
  world_.change_path(id);
  world_.advance(3h);
  EXPECT_EQ(state(before), WorkState::succeeded);
  EXPECT_EQ(starts(id), (Starts{1h + 500ms}));
}

TEST_F(Semantics, AnUpdateCanGiveOrTakeAPath) {
  auto request = oneoff("a");
  request.initial_delay = 1h;
  const WorkId id = world_.enqueue(request);
  request.trigger.paths = {"/in"};
  world_.enqueue(request, ExistingPolicy::update);
  world_.advance(2h);
  EXPECT_EQ(starts(id), Starts{});
  request.trigger.paths.clear();
  world_.enqueue(request, ExistingPolicy::update);
  EXPECT_EQ(starts(id), (Starts{2h}));
}

// Deadlines and lost constraints.

TEST_F(Semantics, ADeadlineRunsTheWorkWithItsConstraintsUnmet) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  request.deadline = 3h;
  world_.conditions.holds[Constraint::charging] = false;
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(5h);
  EXPECT_EQ(starts(id), (Starts{3h}));
  EXPECT_EQ(state(id), WorkState::succeeded) << "and nothing stops it";
}

TEST_F(Semantics, ALostConstraintStopsTheRunAndTheAttemptDoesNotCount) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::idle);
  request.max_attempts = 1;
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(10min);
  world_.conditions.holds[Constraint::idle] = false;
  world_.advance(10min);
  EXPECT_EQ(state(id), WorkState::enqueued);
  EXPECT_EQ(last_run().result->stop_reason, StopReason(Constraint::idle));
  EXPECT_EQ(last_run().result->outcome, RunOutcome::interrupted);
}

TEST_F(Semantics, AConstraintThatStoppedARunMustHoldForTheSettleTimeFirst) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(1min);
  for (int i = 0; i < 20; ++i) {  // A loose plug.
    world_.conditions.holds[Constraint::charging] = !*world_.conditions.holds[Constraint::charging];
    world_.advance(5s);
  }
  EXPECT_EQ(world_.runs(id), 1) << "it is not started and stopped in a loop";
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(6s);
  EXPECT_EQ(world_.runs(id), 2);
}

TEST_F(Semantics, APreferenceHoldsWorkBackUntilItRelaxes) {
  auto request = oneoff("a");
  request.constraints.network = NetworkType::connected;
  request.prefer = {{{.network = NetworkType::unmetered}, 24h}};
  world_.conditions.network->metered = true;
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(26h);
  EXPECT_EQ(starts(id), (Starts{24h}));
  EXPECT_EQ(state(id), WorkState::succeeded);
  EXPECT_EQ(last_run().relaxed, std::vector<std::string>{"network"});
}

TEST_F(Semantics, APreferenceThatHoldsLetsWorkRunAtOnce) {
  auto request = oneoff("a");
  request.prefer = {{{.flags = {Constraint::charging}}, 24h}};
  const WorkId id = world_.enqueue(request);
  EXPECT_EQ(starts(id), (Starts{0s}));
  EXPECT_TRUE(last_run().relaxed.empty());
}

TEST_F(Semantics, AnUnknownConditionIsWhatTheConfigurationSays) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::idle);
  world_.conditions.holds[Constraint::idle].reset();
  world_.settings.unknown[Constraint::idle] = false;
  const WorkId id = world_.enqueue(request);
  world_.advance(24h);
  EXPECT_EQ(state(id), WorkState::enqueued);
  world_.settings.unknown[Constraint::idle] = true;
  world_.advance(1s);
  EXPECT_EQ(state(id), WorkState::succeeded);
}

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

TEST_F(Semantics, TheLedgerBlamesTheRightThingAfterTheClockWasSetBack) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  request.constraints.set(Constraint::battery_not_low);
  world_.advance(48h);
  world_.conditions.holds[Constraint::charging] = false;
  world_.settle();
  world_.set_clock(began_);
  world_.enqueue(request);
  world_.advance(1h);
  world_.conditions.holds[Constraint::charging] = true;
  world_.conditions.holds[Constraint::battery_not_low] = false;
  world_.settle();
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

// Existing work with the same unique name.

class Existing : public Semantics {
 protected:
  WorkRequest delayed() {
    auto request = oneoff("a");
    request.initial_delay = 1h;
    return request;
  }
  WorkId again(ExistingPolicy existing, const WorkRequest& request) {
    return world_.enqueue(request, existing);
  }
};

TEST_F(Existing, KeepChangesNothing) {
  const WorkId old = world_.enqueue(delayed());
  EXPECT_EQ(again(ExistingPolicy::keep, oneoff("a")), old);
  EXPECT_EQ(world_.scheduler().find(old)->due, began_ + 1h);
}

TEST_F(Existing, ReplaceCancelsTheOldAndEnqueuesTheNew) {
  for (const auto policy : {ExistingPolicy::replace, ExistingPolicy::cancel_and_reenqueue}) {
    const WorkId old = world_.enqueue(delayed());
    const WorkId fresh = again(policy, delayed());
    EXPECT_NE(fresh, old);
    EXPECT_EQ(state(old), WorkState::cancelled);
    EXPECT_EQ(state(fresh), WorkState::enqueued);
    world_.cancel(fresh);
  }
}

TEST_F(Existing, ReplaceWaitsForTheOldRunToBeGone) {
  every_run_takes(1h);
  const WorkId old = world_.enqueue(oneoff("a"));
  const WorkId fresh = again(ExistingPolicy::replace, oneoff("a"));
  EXPECT_EQ(state(old), WorkState::running);
  EXPECT_EQ(state(fresh), WorkState::enqueued);
  world_.advance(1s);
  EXPECT_EQ(state(old), WorkState::cancelled);
  EXPECT_EQ(state(fresh), WorkState::running);
}

TEST_F(Existing, ReplaceCancelsAllThatWasAppended) {
  every_run_takes(1h);
  const WorkId first = world_.enqueue(oneoff("a"));
  const WorkId second = again(ExistingPolicy::append, oneoff("a"));
  const WorkId third = again(ExistingPolicy::replace, oneoff("a"));
  EXPECT_EQ(state(second), WorkState::cancelled);
  EXPECT_EQ(state(first), WorkState::running) << "it is being stopped";
  world_.advance(1s);
  EXPECT_EQ(state(first), WorkState::cancelled);
  EXPECT_EQ(state(third), WorkState::running);
}

TEST_F(Existing, AppendRunsAfterTheChainsLastWork) {
  every_run_takes(1h);
  const WorkId first = world_.enqueue(oneoff("a"));
  const WorkId second = again(ExistingPolicy::append, oneoff("a"));
  const WorkId third = again(ExistingPolicy::append, oneoff("a"));
  EXPECT_EQ(state(third), WorkState::blocked);
  world_.advance(4h);
  EXPECT_EQ(starts(first), (Starts{0s}));
  EXPECT_EQ(starts(second), (Starts{1h}));
  EXPECT_EQ(starts(third), (Starts{2h}));
}

TEST_F(Existing, AppendFailsAndIsCancelledWithTheChain) {
  for (const auto policy : {ExistingPolicy::append, ExistingPolicy::append_or_replace}) {
    every_run_ends(kBroken);
    world_.enqueue(delayed());
    const WorkId failing = again(policy, oneoff("a"));
    world_.advance(1h);
    EXPECT_EQ(state(failing), WorkState::failed);
    const WorkId first = world_.enqueue(delayed());
    const WorkId cancelled = again(policy, oneoff("a"));
    world_.cancel(first);
    EXPECT_EQ(state(cancelled), WorkState::cancelled);
  }
}

TEST_F(Existing, AppendOrReplaceReplacesAChainThatIsBeingCancelled) {
  every_run_takes(1h);
  const WorkId old = world_.enqueue(oneoff("a"));
  world_.cancel(old);
  ASSERT_EQ(state(old), WorkState::running);
  const WorkId fresh = again(ExistingPolicy::append_or_replace, oneoff("a"));
  world_.advance(1s);
  EXPECT_EQ(state(old), WorkState::cancelled);
  EXPECT_EQ(state(fresh), WorkState::running);
}

TEST_F(Existing, NothingIsAppendedToPeriodicWork) {
  world_.enqueue(periodic("a", 1h));
  EXPECT_EQ(again(ExistingPolicy::append, oneoff("a")), 0);
}

TEST_F(Existing, UpdateKeepsIdEnqueueTimeAndAttemptsAndChangesTheSchedule) {
  every_run_ends(kTryAgain);
  const WorkId id = world_.enqueue(oneoff("a"));
  world_.advance(1s);
  auto changed = oneoff("a");
  set_backoff(changed, {BackoffPolicy::linear, 10min});
  changed.priority = 3;
  EXPECT_EQ(again(ExistingPolicy::update, changed), id);
  const Work& work = *world_.scheduler().find(id);
  EXPECT_EQ(work.attempts, 1);
  EXPECT_EQ(work.enqueued_at, began_);
  EXPECT_EQ(work.generation, 1);
  EXPECT_EQ(work.due, began_ + 10min) << "the end of its attempt and the new backoff";
}

TEST_F(Existing, UpdateOfPeriodicWorkCountsTheNewPeriodFromTheLastRun) {
  every_run_takes(0s);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(10min);
  again(ExistingPolicy::update, periodic("a", 3h));
  world_.advance(3h);
  EXPECT_EQ(starts(id), (Starts{0s, 3h}));
}

// Gives the next run of "a" that time, or takes it back.
void name_time(World& world, WorkRequest request, std::optional<TimePoint> at) {
  request.at = at;
  world.enqueue(request, ExistingPolicy::update);
}

TEST_F(Existing, ANamedTimeIsForTheNextRunAlone) {
  every_run_takes(0s);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(10min);
  name_time(world_, periodic("a", 1h), began_ + 20min);
  world_.advance(2h);
  EXPECT_EQ(starts(id), (Starts{0s, 20min, 80min}));
  name_time(world_, periodic("a", 1h), began_ + 20min);
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ + 140min) << "it was used up";
  name_time(world_, periodic("a", 1h), began_ + 24h);
  world_.crash();
  world_.advance(21h);
  EXPECT_EQ(world_.runs(id), 3);
}

TEST_F(Existing, ANamedTimeGoesBeforeABackoffAndCountsTheAttempt) {
  every_run_ends(kTryAgain);
  auto request = periodic("a", 10h);
  set_backoff(request, {BackoffPolicy::linear, 1h});
  const WorkId id = world_.enqueue(request);
  world_.advance(1min);
  name_time(world_, request, began_ + 5min);
  EXPECT_EQ(world_.scheduler().find(id)->attempts, 1);
  world_.advance(5min);
  EXPECT_EQ(starts(id), (Starts{0s, 5min}));
  EXPECT_EQ(world_.scheduler().find(id)->attempts, 2);
  name_time(world_, request, began_ + 9h);
  name_time(world_, request, std::nullopt);
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ + 5min + 2h) << "the backoff is back";
}

TEST_F(Existing, ANamedTimeThatIsTakenBackLeavesTheTimeThereWouldHaveBeen) {
  every_run_takes(0s);
  world_.settings.retry.jitter = 0.5;
  auto flexible = periodic("a", 4h);
  flexible.flex = 1h;
  const WorkId first = world_.enqueue(flexible);
  name_time(world_, flexible, began_ + 10h);
  name_time(world_, flexible, std::nullopt);
  EXPECT_EQ(world_.scheduler().find(first)->due, began_ + 3h);

  every_run_ends(kTryAgain);
  const WorkId retrying = world_.enqueue(oneoff("b"));
  world_.advance(1s);
  const TimePoint due = world_.scheduler().find(retrying)->due;
  name_time(world_, oneoff("b"), began_ + 10h);
  name_time(world_, oneoff("b"), std::nullopt);
  EXPECT_EQ(world_.scheduler().find(retrying)->due, due) << "its jitter, too";
}

TEST_F(Existing, ATimeThatIsNamedDuringARunIsForTheOneAfter) {
  every_run_takes(10min);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(1min);
  name_time(world_, periodic("a", 1h), began_ + 5h);
  world_.advance(6h);
  EXPECT_EQ(starts(id), (Starts{0s, 5h}));
}

TEST_F(Existing, ANamedTimeNeedsNoChangeOfPaths) {
  every_run_takes(0s);
  auto request = oneoff("a");
  request.trigger.paths = {"/srv/*"};
  const WorkId id = world_.enqueue(request);
  name_time(world_, request, began_ + 1h);
  world_.advance(2h);
  EXPECT_EQ(starts(id), (Starts{1h}));
}

TEST_F(Existing, ARunningAttemptFinishesWithItsOldTerms) {
  every_run_takes(1h);
  const WorkId id = world_.enqueue(periodic("a", 2h));
  auto changed = periodic("a", 4h);
  changed.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  again(ExistingPolicy::update, changed);
  world_.advance(1h);
  EXPECT_EQ(last_run().result->outcome, RunOutcome::succeeded) << "nothing stopped it";
  world_.advance(24h);
  EXPECT_EQ(world_.runs(id), 1) << "the next run needs the charger";
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ + 5h);
}

TEST_F(Existing, ProgressStaysUntilTheNextRunOrAnUpdate) {
  every_run_takes(1h);
  const auto percent = [&](WorkId id) {
    const auto progress = world_.store.info(id)->progress;
    return progress ? progress->percent.value_or(0) : -1;
  };
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  const WorkId id = world_.enqueue(request);
  const auto stop_at = [&](int percentage) {
    world_.manager().set_progress(id, {.percent = percentage, .data = {}});
    world_.conditions.holds[Constraint::charging] = false;
    world_.advance(1min);
  };
  stop_at(40);
  ASSERT_EQ(state(id), WorkState::enqueued);
  EXPECT_EQ(percent(id), 40);
  world_.crash();
  EXPECT_EQ(percent(id), 40);
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(1min);
  ASSERT_EQ(state(id), WorkState::running);
  EXPECT_EQ(percent(id), -1);
  stop_at(50);
  EXPECT_EQ(percent(id), 50);
  request.priority = 1;
  again(ExistingPolicy::update, request);
  EXPECT_EQ(percent(id), -1);
}

TEST_F(Existing, UpdateCannotChangeTheKind) {
  const WorkId id = world_.enqueue(delayed());
  EXPECT_EQ(again(ExistingPolicy::update, periodic("a", 1h)), 0);
  EXPECT_EQ(world_.scheduler().find(id)->generation, 0);
}

TEST_F(Existing, FinishedWorkIsEnqueuedAnewWhateverThePolicy) {
  for (int policy = 0; policy <= static_cast<int>(ExistingPolicy::cancel_and_reenqueue); ++policy) {
    const WorkId fresh = again(static_cast<ExistingPolicy>(policy), oneoff("a"));
    ASSERT_NE(fresh, 0);
    world_.advance(1s);
    EXPECT_EQ(state(fresh), WorkState::succeeded);
    EXPECT_EQ(world_.runs(fresh), policy + 1) << "runs are numbered by name";
  }
}

// Chains.

class Chains : public Semantics {
 protected:
  WorkId add(const std::string& name, const std::vector<std::string>& after = {}) {
    auto request = oneoff(name);
    request.prerequisites = after;
    return world_.enqueue(request);
  }
};

TEST_F(Chains, WorkIsBlockedUntilEveryPrerequisiteHasSucceeded) {
  world_.runner.life = [](const Launch& launch) {
    return Life{.takes = launch.info.request.unique_name == "b" ? 2h : 1h};
  };
  add("a");
  add("b");
  const WorkId c = add("c", {"a", "b"});
  world_.advance(90min);
  EXPECT_EQ(state(c), WorkState::blocked);
  world_.advance(2h);
  EXPECT_EQ(starts(c), (Starts{2h}));
}

TEST_F(Chains, AnInitialDelayCountsFromTheLastPrerequisite) {
  every_run_takes(1h);
  add("a");
  auto request = oneoff("b");
  request.prerequisites = {"a"};
  request.initial_delay = 10min;
  const WorkId b = world_.enqueue(request);
  world_.advance(3h);
  EXPECT_EQ(starts(b), (Starts{70min}));
}

TEST_F(Chains, FailureAndCancellationPassToAllThatDepend) {
  every_run_ends(kBroken);
  auto slow = oneoff("a");
  slow.initial_delay = 1h;
  world_.enqueue(slow);
  const WorkId b = add("b", {"a"});
  const WorkId c = add("c", {"b"});
  world_.advance(1h);
  EXPECT_EQ(state(b), WorkState::failed);
  EXPECT_EQ(state(c), WorkState::failed);

  const WorkId d = world_.enqueue([] {
    auto request = oneoff("d");
    request.initial_delay = 1h;
    return request;
  }());
  const WorkId e = add("e", {"d"});
  world_.cancel(d);
  EXPECT_EQ(state(e), WorkState::cancelled);
}

TEST_F(Chains, WorkAfterWhatHasEndedShareItsFate) {
  add("good");
  world_.advance(1s);
  EXPECT_EQ(state(add("after-good", {"good"})), WorkState::running);
  world_.advance(1s);
  every_run_ends(kBroken);
  add("bad");
  world_.advance(1s);
  EXPECT_EQ(state(add("after-bad", {"bad"})), WorkState::failed);
}

TEST_F(Chains, OutputsBecomeInput) {
  std::string input;
  world_.runner.life = [&](const Launch& launch) {
    const std::string& name = launch.info.request.unique_name;
    if (name == "c") input = launch.input;
    return Life{.output = R"({"from":")" + name + R"("})"};
  };
  add("a");
  add("b");
  auto request = oneoff("c");
  request.prerequisites = {"a", "b"};
  request.input = R"({"own":1})";
  request.merge = Merge::arrays;
  world_.enqueue(request);
  world_.advance(1min);
  EXPECT_EQ(input, R"({"own":[1],"from":["a","b"]})");
}

TEST_F(Chains, ARegistrationThatCouldNotBeSavedLeavesNoTrace) {
  every_run_takes(1h);
  const WorkId a = add("a");
  world_.enqueue([] {
    auto request = oneoff("z");
    request.initial_delay = 24h;
    return request;
  }());
  world_.store.full = true;
  add("b", {"a"});
  world_.store.full = false;
  const WorkId c = add("c", {"z"});  // It gets the id that b was to have.
  world_.advance(2h);
  ASSERT_EQ(state(a), WorkState::succeeded);
  EXPECT_EQ(state(c), WorkState::blocked) << "a is no prerequisite of it";
}

TEST_F(Chains, PeriodicWorkIsNobodysPrerequisite) {
  world_.enqueue(periodic("a", 1h));
  EXPECT_EQ(add("b", {"a"}), 0);
  EXPECT_EQ(add("c", {"nobody"}), 0);
}

TEST_F(Chains, OneHundredThousandInALineOrInAFan) {
  constexpr int kWorks = 100'000;
  Scheduler scheduler({.max_parallel = 1});
  const auto row = [&](WorkId id) {
    Work work;
    work.id = id;
    return work;
  };
  scheduler.enqueue(row(1));
  for (WorkId id = 2; id <= kWorks; ++id) {
    const WorkId before = id - 1;
    scheduler.enqueue(row(id), std::span(&before, 1));
  }
  const WorkId root = kWorks + 1;
  scheduler.enqueue(row(root));
  for (WorkId id = root + 1; id <= root + kWorks; ++id) {
    scheduler.enqueue(row(id), std::span(&root, 1));
  }
  scheduler.accept();
  EXPECT_EQ(scheduler.unfinished_count(), 2U * kWorks + 1);

  scheduler.cancel(1, began_);
  scheduler.cancel(root, began_);
  scheduler.accept();

  EXPECT_EQ(scheduler.unfinished_count(), 0U);
}

// Choosing what runs.

class Choosing : public Semantics {
 protected:
  Choosing() {
    world_.settings.run.max_parallel = 1;
    world_.runner.before_start = [this](const Launch& launch) {
      order_ += launch.info.request.unique_name + " ";
    };
    every_run_takes(1min);
  }
  void add(const std::string& name, const std::function<void(WorkRequest&)>& change,
           uid_t owner = 1000) {
    auto request = oneoff(name);
    change(request);
    world_.enqueue(request, ExistingPolicy::keep, owner);
  }

  std::string order_;
};

TEST_F(Choosing, ExpeditedFirstThenPriorityThenDueThenOldest) {
  add("busy", [](WorkRequest&) {});
  add("old", [](WorkRequest&) {});
  add("late", [](WorkRequest& r) { r.initial_delay = 10s; });
  add("low", [](WorkRequest& r) { r.priority = -10; });
  add("older", [](WorkRequest&) {});
  add("high", [](WorkRequest& r) { r.priority = 10; });
  add("expedited", [](WorkRequest& r) { r.expedited = true; });
  world_.advance(1h);
  EXPECT_EQ(order_, "busy expedited high old older late low ");
}

TEST_F(Choosing, AGroupHasALimitOfItsOwn) {
  world_.settings.run.max_parallel = 4;
  world_.settings.groups = {{"backup", {.max_parallel = 1}}};
  for (const char* name : {"a", "b", "c"}) {
    add(name, [](WorkRequest& r) { r.group = "backup"; });
  }
  add("other", [](WorkRequest&) {});
  EXPECT_EQ(order_, "a other ");
  world_.advance(1min);
  EXPECT_EQ(order_, "a other b ");
}

TEST_F(Choosing, SlotsAreForEachOwner) {
  world_.settings.run.max_parallel_total = 10;
  add("a", [](WorkRequest&) {});
  add("b", [](WorkRequest&) {});
  add("other", [](WorkRequest&) {}, 1001);
  EXPECT_EQ(order_, "a other ");
}

TEST_F(Choosing, WhereSlotsAreShortTheOwnerWithTheFewestRunsComesFirst) {
  world_.settings.run.max_parallel = 4;
  world_.settings.run.max_parallel_total = 4;
  for (const char* name : {"a1", "a2", "a3", "a4", "a5", "a6"}) {
    add(name, [](WorkRequest& r) { r.priority = 10; });
  }
  for (const char* name : {"b1", "b2", "b3"}) {
    add(name, [](WorkRequest& r) { r.priority = -10; }, 1001);
  }
  EXPECT_EQ(order_, "a1 a2 a3 a4 ");
  world_.advance(1min);
  EXPECT_EQ(order_, "a1 a2 a3 a4 b1 a5 b2 a6 ");
}

TEST_F(Choosing, OwnersOfAsManyRunsTakeTurns) {
  world_.settings.run.max_parallel_total = 1;
  for (const char* name : {"a1", "a2", "a3"}) add(name, [](WorkRequest&) {});
  for (const char* name : {"b1", "b2"}) add(name, [](WorkRequest&) {}, 1001);
  world_.advance(10min);
  EXPECT_EQ(order_, "a1 b1 a2 b2 a3 ");
}

TEST_F(Choosing, AGroupIsItsOwnersUnlessItIsShared) {
  world_.settings.run.max_parallel = 4;
  world_.settings.groups = {{"own", {.max_parallel = 1}},
                            {"all", {.max_parallel = 1, .shared = true}}};
  for (const uid_t owner : {1000U, 1001U}) {
    for (const char* group : {"own", "all"}) {
      add(group + std::to_string(owner), [&](WorkRequest& r) { r.group = group; }, owner);
    }
  }
  EXPECT_EQ(order_, "own1000 all1000 own1001 ");
  world_.advance(1min);
  EXPECT_EQ(order_, "own1000 all1000 own1001 all1001 ");
}

TEST_F(Choosing, NobodyIsWokenForWorkWhoseOwnerHasNoSlotFree) {
  world_.settings.run.max_parallel_total = 10;
  every_run_takes(10h);
  add("a", [](WorkRequest&) {});
  add("late", [](WorkRequest& r) { r.initial_delay = 1h; });
  EXPECT_EQ(world_.scheduler().next_wakeup(), std::nullopt);
  add("other", [](WorkRequest& r) { r.initial_delay = 2h; }, 1001);
  EXPECT_EQ(world_.scheduler().next_wakeup(), world_.now + 2h);
}

TEST_F(Choosing, APauseStartsNothingNewAndEndsByItself) {
  add("running", [](WorkRequest&) {});
  world_.change([&](WorkManager& manager) { manager.pause("", world_.now + 1h); });
  add("a", [](WorkRequest&) {});
  world_.advance(59min);
  EXPECT_EQ(order_, "running ");
  world_.crash();
  EXPECT_EQ(order_, "running ") << "a pause outlives the daemon";
  world_.advance(1min);
  EXPECT_EQ(order_, "running a ");
}

TEST_F(Choosing, APauseAndASpentBudgetLastNoLongerWhenTheClockIsSetBack) {
  world_.settings.expedited_budget = 1min;
  add("spends", [](WorkRequest& r) { r.expedited = true; });
  world_.advance(1min);
  world_.change([&](WorkManager& manager) { manager.pause("", world_.now + 1h); });
  world_.advance(10min);
  world_.set_clock(began_ - Days{30});
  world_.crash();
  add("a", [](WorkRequest&) {});
  world_.advance(49min);
  EXPECT_EQ(order_, "spends ");
  world_.advance(1min);
  EXPECT_EQ(order_, "spends a ");
  world_.advance(24h);
  add("dropped if the budget is spent", [](WorkRequest& r) {
    r.expedited = true;
    r.out_of_quota = OutOfQuota::drop;
  });
  EXPECT_EQ(order_, "spends a dropped if the budget is spent ");
}

TEST_F(Choosing, APauseOfAGroupConcernsOnlyIt) {
  world_.settings.run.max_parallel = 4;
  world_.change([&](WorkManager& manager) { manager.pause("g", {}); });
  add("a", [](WorkRequest& r) { r.group = "g"; });
  add("b", [](WorkRequest&) {});
  world_.advance(Days{1});
  EXPECT_EQ(order_, "b ");
  world_.change([&](WorkManager& manager) { manager.resume("g"); });
  EXPECT_EQ(order_, "b a ");
}

TEST_F(Choosing, ExpeditedWorkPastItsBudgetIsAsAnyOther) {
  world_.settings.expedited_budget = 1min;
  add("spends", [](WorkRequest& r) { r.expedited = true; });
  add("a", [](WorkRequest&) {});
  add("expedited", [](WorkRequest& r) { r.expedited = true; });
  world_.advance(1h);
  EXPECT_EQ(order_, "spends a expedited ");
}

TEST_F(Choosing, ExpeditedWorkPastItsBudgetIsDroppedWhereItSaysSo) {
  world_.settings.expedited_budget = 1min;
  add("spends", [](WorkRequest& r) { r.expedited = true; });
  add("dropped", [](WorkRequest& r) {
    r.expedited = true;
    r.out_of_quota = OutOfQuota::drop;
  });
  world_.advance(1h);
  EXPECT_EQ(order_, "spends ");
  const WorkId id = *world_.store.find(1000, "dropped");
  EXPECT_EQ(state(id), WorkState::cancelled);
  EXPECT_EQ(world_.store.info(id)->work.stopping, StopReason::quota);
}

TEST_F(Choosing, ABudgetIsForADayAndOutlivesTheDaemon) {
  world_.settings.expedited_budget = 1min;
  const auto expedited = [](WorkRequest& r) {
    r.expedited = true;
    r.out_of_quota = OutOfQuota::drop;
  };
  add("spends", expedited);
  world_.advance(2min);
  world_.crash();
  add("dropped", expedited);
  world_.advance(24h);
  add("again", expedited);
  EXPECT_EQ(order_, "spends again ");
}

TEST_F(Choosing, WorkOfTheLowestPriorityStartsWithinTwentyHoursUnderConstantLoad) {
  add("busy", [](WorkRequest&) {});
  add("lowest", [](WorkRequest& r) { r.priority = -10; });
  // There is always newer work of the highest priority, more than the machine can do.
  for (int i = 0; i < 20 * 60 + 2; ++i) {
    add("load-" + std::to_string(i), [](WorkRequest& r) { r.priority = 10; });
    world_.advance(1min);
  }
  const RunInfo run = world_.store.history({.unique_name = "lowest"}).runs.at(0);
  EXPECT_GE(run.started_at - began_, 19h);
  EXPECT_LE(run.started_at - began_, 20 * kAgeing + 2min);
}

TEST_F(Choosing, TwoRunsOfOneWorkNeverOverlap) {
  world_.settings.run.max_parallel = 4;
  every_run_takes(3h);
  const WorkId id = world_.enqueue(periodic("a", 15min));
  world_.advance(8h);  // The fake runner throws where two runs of a work overlap.
  EXPECT_EQ(starts(id), (Starts{0s, 3h + 15min, 6h + 30min}));
}

// Commands.

TEST_F(Semantics, RunStartsWorkWhateverItsDelayAndConstraints) {
  auto request = oneoff("a");
  request.initial_delay = 5h;
  request.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.change(
      [&](WorkManager& manager) { EXPECT_TRUE(manager.registrar().run_now(id, world_.now)); });
  world_.advance(2h);
  EXPECT_EQ(starts(id), (Starts{0s}));
  EXPECT_EQ(state(id), WorkState::succeeded) << "and no constraint stops it";
}

TEST_F(Semantics, RunOfPeriodicWorkCountsAsARunOfItsOwn) {
  every_run_takes(0s);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(10min);
  world_.change(
      [&](WorkManager& manager) { EXPECT_TRUE(manager.registrar().run_now(id, world_.now)); });
  world_.advance(1h);
  EXPECT_EQ(starts(id), (Starts{0s, 10min, 70min}));
}

TEST_F(Semantics, RunIsRefusedForWorkThatRunsWaitsForOthersOrHasEnded) {
  every_run_takes(1h);
  const WorkId a = world_.enqueue(oneoff("a"));
  auto request = oneoff("b");
  request.prerequisites = {"a"};
  const WorkId b = world_.enqueue(request);
  world_.change([&](WorkManager& manager) {
    EXPECT_FALSE(manager.registrar().run_now(a, world_.now));
    EXPECT_FALSE(manager.registrar().run_now(b, world_.now));
  });
  world_.advance(3h);
  world_.change(
      [&](WorkManager& manager) { EXPECT_FALSE(manager.registrar().run_now(a, world_.now)); });
}

TEST_F(Semantics, RetryEnqueuesFailedWorkAnew) {
  every_run_ends(kBroken);
  const WorkId id = world_.enqueue(oneoff("a"));
  world_.advance(1h);
  every_run_ends({});
  world_.change(
      [&](WorkManager& manager) { EXPECT_TRUE(manager.registrar().retry(id, world_.now)); });
  EXPECT_EQ(state(id), WorkState::succeeded);
  EXPECT_EQ(last_run().attempt, 1) << "attempts are counted anew";
  EXPECT_EQ(last_run().run, 2);
}

TEST_F(Semantics, RetryIsRefusedForWorkThatSucceededOrGoesOn) {
  const WorkId id = world_.enqueue(oneoff("a"));
  world_.change(
      [&](WorkManager& manager) { EXPECT_FALSE(manager.registrar().retry(id, world_.now)); });
  world_.advance(1h);
  world_.change(
      [&](WorkManager& manager) { EXPECT_FALSE(manager.registrar().retry(id, world_.now)); });
}

TEST_F(Semantics, AChainIsRetriedFromItsFirstFailure) {
  every_run_ends(kBroken);
  const WorkId a = world_.enqueue(oneoff("a"));
  auto request = oneoff("b");
  request.prerequisites = {"a"};
  const WorkId b = world_.enqueue(request);
  world_.advance(1h);
  ASSERT_EQ(state(b), WorkState::failed);
  every_run_takes(1h);
  world_.change([&](WorkManager& manager) {
    EXPECT_FALSE(manager.registrar().retry(b, world_.now)) << "a has failed";
    EXPECT_TRUE(manager.registrar().retry(a, world_.now));
    EXPECT_TRUE(manager.registrar().retry(b, world_.now));
  });
  EXPECT_EQ(state(b), WorkState::blocked);
  world_.advance(3h);
  EXPECT_EQ(state(b), WorkState::succeeded);
}

// Stopping.

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
  world_.clock_offset += 1h;  // Of which the time since boot begins anew.
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

// Retention.

TEST_F(Semantics, ResultsAreKeptForSevenDaysOrAsTheWorkSays) {
  const WorkId usual = world_.enqueue(oneoff("usual"));
  auto request = oneoff("brief");
  request.keep_results = 1h;
  const WorkId brief = world_.enqueue(request);
  world_.advance(1h);
  EXPECT_TRUE(world_.store.info(brief));
  world_.advance(1s);
  EXPECT_FALSE(world_.store.info(brief));
  world_.advance(Days{7} - 1h - 1ms);
  EXPECT_TRUE(world_.store.info(usual));
  world_.advance(1ms);
  EXPECT_FALSE(world_.store.info(usual));
  EXPECT_TRUE(world_.history().empty());
  EXPECT_EQ(world_.runner.forgotten.size(), 2U) << "their logs go with them";
}

TEST_F(Semantics, OnlyTheNewestRunsOfAWorkAreRemembered) {
  world_.settings.history.max_runs = 3;
  every_run_takes(0s);
  world_.enqueue(periodic("a", 1h));
  world_.advance(9h);
  ASSERT_EQ(world_.history().size(), 3U);
  EXPECT_EQ(world_.history().front().run, 10);
  EXPECT_EQ(world_.runner.forgotten.size(), 7U);
}

TEST_F(Semantics, PruneForgetsFinishedWorkThatNothingDependsOn) {
  every_run_takes(1h);
  const WorkId a = world_.enqueue(oneoff("a"));
  const WorkId b = world_.enqueue(oneoff("b"));
  auto request = oneoff("c");
  request.prerequisites = {"a"};
  request.initial_delay = 5h;
  world_.enqueue(request);
  world_.advance(2h);
  int forgotten = 0;
  request = oneoff("d");
  request.prerequisites = {"a"};
  request.initial_delay = 1h;
  world_.change(
      [&](WorkManager& manager) { manager.prune({}, [&](int count) { forgotten = count; }); });
  EXPECT_EQ(forgotten, 1);
  EXPECT_TRUE(world_.store.info(a)) << "c has yet to read its output";
  EXPECT_FALSE(world_.store.info(b));
}

// What its runs keep belongs to a unique name: the same from run to run and from registration to
// registration, until history.keep_state after the last run.
TEST_F(Semantics, AStateDirectoryIsItsNamesAlone) {
  world_.settings.history.keep = 1h;
  every_run_takes(1min);
  std::map<std::string, std::vector<std::int64_t>> states;
  world_.runner.before_start = [&](const Launch& launch) {
    states[launch.info.request.unique_name].push_back(launch.state);
  };
  world_.enqueue(oneoff("a"));
  world_.enqueue(oneoff("b"));
  world_.advance(Days{2});
  EXPECT_EQ(world_.history().size(), 0U) << "forgotten";
  world_.enqueue(periodic("a", 1h));
  world_.advance(Days{100});
  ASSERT_GT(states["a"].size(), 1000U);
  for (const std::int64_t state : states["a"]) EXPECT_EQ(state, states["a"].front());
  EXPECT_NE(states["a"].front(), states["b"].front());
  EXPECT_EQ(world_.runner.forgotten_states, states["b"]) << "its time has come";

  world_.enqueue(oneoff("b"));
  world_.advance(1h);
  EXPECT_EQ(states["b"].size(), 2U);
  EXPECT_NE(states["b"].back(), states["b"].front()) << "it begins anew";
}

TEST_F(Semantics, AStateDirectoryIsNotForgottenUnderARun) {
  every_run_takes(1h);
  world_.enqueue(oneoff("a"));
  world_.advance(1min);
  const auto forget = [&] {
    Result<> done;
    world_.change([&](WorkManager& manager) { done = manager.forget_state(1000, "a"); });
    return done ? ErrorCode::unreachable : done.error().code;
  };

  EXPECT_EQ(forget(), ErrorCode::refused);
  world_.advance(1h);
  EXPECT_EQ(forget(), ErrorCode::unreachable) << "it could be";
  EXPECT_EQ(world_.runner.forgotten_states.size(), 1U);
  EXPECT_EQ(forget(), ErrorCode::not_found);
}

// A file of works.

class Apply : public Semantics {
 protected:
  std::vector<RegisterResult> apply(const std::vector<WorkRequest>& requests, bool prune = false) {
    std::vector<Registration> registrations;
    for (const WorkRequest& request : requests) {
      registrations.push_back({1000, "uuid", request, ExistingPolicy::update, true, "file:1:1"});
    }
    std::vector<RegisterResult> results;
    world_.change([&](WorkManager& manager) {
      auto done = manager.registrar().apply(registrations, prune, 1000, world_.now);
      problem_ = done ? "" : done.error().message;
      if (!done) return;
      for (const Registered& one : *done) results.push_back(one.result);
    });
    return results;
  }
  std::size_t count() { return world_.store.list({}).size(); }

  std::string problem_;
};

using Results = std::vector<RegisterResult>;

TEST_F(Apply, ASecondTimeChangesNothing) {
  using enum RegisterResult;
  auto once = oneoff("b");
  const std::vector<WorkRequest> file{periodic("a", 1h), once};
  EXPECT_EQ(apply(file), (Results{enqueued, enqueued}));
  world_.advance(10min);
  EXPECT_EQ(apply(file), (Results{unchanged, unchanged})) << "also where it has ended";
  EXPECT_EQ(world_.runs(2), 1);
  EXPECT_EQ(apply({periodic("a", 2h), once}), (Results{updated, unchanged}));
}

TEST_F(Apply, AllOrNothing) {
  auto bad = oneoff("b");
  bad.prerequisites = {"nobody"};
  EXPECT_TRUE(apply({periodic("a", 1h), bad}).empty());
  EXPECT_NE(problem_.find("file:1:1: "), std::string::npos) << problem_;
  EXPECT_EQ(count(), 0U);
}

TEST_F(Apply, ChainsInAnyOrderButNoCircle) {
  every_run_takes(1h);
  auto a = oneoff("a");
  auto b = oneoff("b");
  b.prerequisites = {"a"};
  EXPECT_EQ(apply({b, a}).size(), 2U);
  EXPECT_EQ(state(*world_.store.find(1000, "b")), WorkState::blocked);
  auto c = oneoff("c");
  auto d = oneoff("d");
  c.prerequisites = {"d"};
  d.prerequisites = {"c"};
  EXPECT_TRUE(apply({c, d}).empty());
  EXPECT_NE(problem_.find("its own prerequisite"), std::string::npos) << problem_;
  EXPECT_TRUE(apply({a, a}).empty());
}

TEST_F(Apply, PruneCancelsWhatFilesNoLongerNameAndNothingElse) {
  using enum RegisterResult;
  world_.enqueue(periodic("by-hand", 1h));
  apply({periodic("a", 1h), periodic("b", 1h)});
  EXPECT_EQ(apply({periodic("a", 1h)}, true), (Results{unchanged, cancelled}));
  world_.advance(1min);
  EXPECT_EQ(count(), 2U);
  EXPECT_EQ(apply({}, true), Results{cancelled});
  EXPECT_EQ(world_.store.list({}).front().request.unique_name, "by-hand");
}

TEST_F(Apply, WhatWasCancelledIsEnqueuedAnew) {
  apply({periodic("a", 1h)});
  world_.cancel(1);
  world_.advance(1min);
  EXPECT_EQ(apply({periodic("a", 1h)}), Results{RegisterResult::enqueued});
}

}  // namespace
}  // namespace wm
