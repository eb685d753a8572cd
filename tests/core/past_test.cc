// Stories of the morning after: why a job did not run at a moment that has passed.
#include "core/past.h"

#include <gtest/gtest.h>

#include "core/schedule.h"
#include "tests/support/now.h"

namespace wm {
namespace {

constexpr NetworkReading kMetered{.connected = true, .metered = true};
constexpr NetworkReading kUnmetered{.connected = true};

// kNow is the moment in question.
class WhyNotThen : public testing::Test {
 protected:
  WhyNotThen() {
    record_.work.id = 1;
    record_.work.runs = 0;
    record_.registered_at = kNow - 10h;
    record_.work.enqueued_at = record_.work.since = record_.work.due = kNow - 10h;
    record_.pauses.emplace();
    daemon(ConditionEvent::started, -20h);
  }

  void needs(const Policy& policy) { record_.work.policy = SharedPolicy(policy); }
  void daemon(ConditionEvent event, Duration when) {
    record_.changes.push_back({.at = kNow + when, .event = event});
  }
  void is(const ConditionId& id, ConditionValue value, Duration when) {
    record_.changes.push_back(
        {.at = kNow + when, .condition = id, .value = value, .source = "probe"});
  }
  void forgets(const ConditionId& id, ConditionEvent event, Duration when) {
    record_.changes.push_back({.at = kNow + when, .event = event, .condition = id});
  }
  // A run of that number; without an end it goes on.
  static RunInfo run(int number, Duration started, std::optional<Duration> ended,
                     RunOutcome outcome = RunOutcome::succeeded) {
    RunInfo info;
    info.work = 1;
    info.run = number;
    info.attempt = 1;
    info.started_at = kNow + started;
    if (ended) {
      info.finished_at = kNow + *ended;
      info.result = RunResult{.outcome = outcome};
    }
    return info;
  }
  PastExplanation explain() const { return explain_past(record_, {}, kNow); }

  PastRecord record_;
};

TEST_F(WhyNotThen, TheNetworkWasMeteredUntilLater) {
  needs({.constraints = {.network = NetworkType::unmetered, .flags = {Constraint::charging}}});
  is(Constraint::network, kUnmetered, -5h);
  is(Constraint::charging, true, -4h);
  is(Constraint::network, NetworkReading{}, -3h);
  is(Constraint::network, kMetered, -2h);
  is(Constraint::network, kUnmetered, 12min);
  record_.after = run(1, 12min, 20min);

  const PastExplanation past = explain();

  EXPECT_EQ(past.waits, (std::vector<Wait>{{WaitKind::constraint, "network", "unmetered", "metered",
                                            kNow - 3h, kNow + 12min, "probe"}}));
  EXPECT_EQ(past.met,
            (std::vector<Wait>{
                {WaitKind::constraint, "charging", "yes", "yes", kNow - 4h, {}, "probe"}}));
  EXPECT_TRUE(past.unknown.empty());
  EXPECT_EQ(past.next->run, 1);
}

TEST_F(WhyNotThen, NobodyKnowsWhatItWasWhileTheDaemonWasDown) {
  needs({.constraints = {.flags = {Constraint::charging}}});
  is(Constraint::charging, true, -5h);
  daemon(ConditionEvent::stopped, -1h);
  daemon(ConditionEvent::started, 2h);
  is(Constraint::charging, true, 2h + 1s);

  const PastExplanation past = explain();

  EXPECT_EQ(past.waits, (std::vector<Wait>{{WaitKind::daemon, "", "running", "not running",
                                            kNow - 1h, kNow + 2h, ""}}));
  EXPECT_TRUE(past.met.empty());
  ASSERT_EQ(past.unknown.size(), 1);
  EXPECT_EQ(past.unknown[0].name, "charging");
  EXPECT_EQ(past.unknown[0].actual, "wmd was not running");
}

TEST_F(WhyNotThen, TheMachineWasAsleep) {
  needs({.constraints = {.flags = {Constraint::charging}}});
  is(Constraint::charging, true, -5h);
  daemon(ConditionEvent::asleep, -1h);
  daemon(ConditionEvent::awake, 2h);
  is(Constraint::charging, true, 2h);

  EXPECT_EQ(explain().waits,
            (std::vector<Wait>{{WaitKind::daemon, "", "running", "the machine was asleep",
                                kNow - 1h, kNow + 2h, ""}}));
}

TEST_F(WhyNotThen, AKilledDaemonMayHaveBeenThereOrNot) {
  daemon(ConditionEvent::lost, -1h);
  daemon(ConditionEvent::started, 2h);

  const PastExplanation past = explain();

  EXPECT_TRUE(past.waits.empty());
  ASSERT_EQ(past.unknown.size(), 1);
  EXPECT_EQ(past.unknown[0].kind, WaitKind::daemon);
  EXPECT_EQ(past.unknown[0].since, kNow - 1h);
}

TEST_F(WhyNotThen, AWaitIsNotOverWhereTheRecordEnds) {
  needs({.constraints = {.flags = {Constraint::charging}}});
  is(Constraint::charging, false, -2h);
  daemon(ConditionEvent::lost, 1h);
  daemon(ConditionEvent::started, 2h);
  is(Constraint::charging, true, 2h);

  EXPECT_EQ(explain().waits.at(0).since, kNow - 2h);
  EXPECT_EQ(explain().waits.at(0).until, std::nullopt);
}

TEST_F(WhyNotThen, NothingIsKnownBeforeTheRecord) {
  record_.changes.clear();
  record_.pauses.reset();
  daemon(ConditionEvent::started, 1h);
  needs({.constraints = {.flags = {Constraint::idle}}});

  const PastExplanation past = explain();

  EXPECT_TRUE(past.waits.empty());
  ASSERT_EQ(past.unknown.size(), 3) << "the daemon, pauses and idle";
  EXPECT_EQ(past.unknown[0].since, std::nullopt);
  EXPECT_EQ(past.unknown[0].until, kNow + 1h);
  EXPECT_EQ(past.unknown[2].name, "idle");
}

TEST_F(WhyNotThen, ABackoffIsNotOverYet) {
  needs({.backoff_policy = BackoffPolicy::linear, .backoff_delay = 1h});
  record_.before = run(1, -30min, -20min, RunOutcome::retry);
  record_.after = run(2, 40min, 41min);
  record_.work.state = WorkState::succeeded;
  record_.work.since = kNow + 41min;

  const PastExplanation past = explain();

  ASSERT_EQ(past.waits.size(), 1);
  EXPECT_EQ(past.waits[0].kind, WaitKind::backoff);
  EXPECT_EQ(past.waits[0].since, kNow - 20min);
  EXPECT_EQ(past.waits[0].until, kNow + 40min);
}

TEST_F(WhyNotThen, ItsWindowWasShut) {
  const TimePoint day = std::chrono::floor<Days>(kNow);
  const auto window = parse_window("22:00-23:00");
  ASSERT_TRUE(window);
  needs({.constraints = {.between = {*window}}});

  const PastExplanation past = explain_past(record_, {}, day + 12h);

  ASSERT_EQ(past.waits.size(), 1);
  EXPECT_EQ(past.waits[0].name, "between");
  EXPECT_EQ(past.waits[0].until, day + 22h);
}

TEST_F(WhyNotThen, TheCalendarNamesALaterTime) {
  needs({.kind = WorkKind::periodic, .calendar = "30 2 * * *"});
  record_.before = run(1, -9h, -8h);
  record_.after = run(2, 150min, 3h);
  record_.work.state = WorkState::running;

  const PastExplanation past = explain();

  ASSERT_EQ(past.waits.size(), 1);
  EXPECT_EQ(past.waits[0].kind, WaitKind::period);
  EXPECT_EQ(past.waits[0].name, "calendar");
  EXPECT_EQ(past.waits[0].until, kNow + 2h + 30min);
}

TEST_F(WhyNotThen, ItWasRunning) {
  record_.before = run(4, -1h, 1h);

  const PastExplanation past = explain();

  EXPECT_EQ(past.state, WorkState::running);
  EXPECT_EQ(past.run->run, 4);
  record_.before = run(4, -1h, std::nullopt);
  EXPECT_EQ(explain().state, WorkState::running);
}

TEST_F(WhyNotThen, ItHadSucceeded) {
  record_.before = run(1, -2h, -1h);
  record_.work.state = WorkState::succeeded;
  record_.work.since = kNow - 1h;
  EXPECT_EQ(explain().state, WorkState::succeeded);
}

TEST_F(WhyNotThen, AJobThatWasRetriedLaterHadFailedThen) {
  record_.before = run(1, -2h, -1h, RunOutcome::failed);
  record_.work.enqueued_at = record_.work.since = record_.work.due = kNow + 1h;
  EXPECT_EQ(explain().state, WorkState::failed);
}

TEST_F(WhyNotThen, ItWasNotRegisteredYet) {
  record_.registered_at = kNow + 1min;
  EXPECT_FALSE(explain().registered);
}

TEST_F(WhyNotThen, APauseWasInForce) {
  needs({.group = "backup"});
  record_.pauses = {{"backup", kNow - 1h, kNow + 2h}, {"other", kNow - 1h, {}}};

  const PastExplanation past = explain();

  EXPECT_EQ(past.waits, (std::vector<Wait>{{WaitKind::paused, "backup", "resumed", "paused",
                                            kNow - 1h, kNow + 2h, ""}}));
}

TEST_F(WhyNotThen, APrerequisiteHadNotSucceeded) {
  record_.prerequisites = {{WaitKind::prerequisite, "first", "succeeded", "unfinished", {}, {}}};
  record_.work.enqueued_at = kNow + 1h;

  const PastExplanation past = explain();

  EXPECT_EQ(past.state, WorkState::blocked);
  ASSERT_EQ(past.waits.size(), 1);
  EXPECT_EQ(past.waits[0].until, kNow + 1h);
}

TEST_F(WhyNotThen, APreferenceIsRelaxedInTime) {
  needs({.prefer = {{{.flags = {Constraint::idle}}, 11h}}});
  is(Constraint::idle, false, -2h);

  EXPECT_EQ(explain().waits.at(0).until, kNow + 1h) << "due ten hours ago";
  needs({.prefer = {{{.flags = {Constraint::idle}}, 9h}}});
  EXPECT_TRUE(explain().waits.empty());
}

TEST_F(WhyNotThen, ADeadlineHasNoConstraints) {
  needs({.constraints = {.flags = {Constraint::idle}}, .deadline = 1h});
  is(Constraint::idle, false, -2h);
  EXPECT_TRUE(explain().waits.empty());
}

TEST_F(WhyNotThen, AFlappingSensorIsNotRemembered) {
  needs({.constraints = {.flags = {Constraint::charging}}});
  is(Constraint::charging, false, -2h);
  forgets(Constraint::charging, ConditionEvent::unsteady, -1h);
  is(Constraint::charging, true, 1h);

  const PastExplanation past = explain();

  ASSERT_EQ(past.unknown.size(), 1);
  EXPECT_EQ(past.unknown[0].actual, "it changed too often");
  EXPECT_EQ(past.unknown[0].until, kNow + 1h);
}

TEST_F(WhyNotThen, AnAbsentSensorCountsAsConfigured) {
  needs({.constraints = {.flags = {Constraint::charging}}});
  is(Constraint::charging, std::monostate{}, -2h);

  EXPECT_EQ(explain().met.at(0).actual, "unknown");
  EXPECT_EQ(explain_past(record_, {.unknown = {{Constraint::charging, false}}}, kNow).waits.size(),
            1);
}

TEST_F(WhyNotThen, TheNextRunKnowsThatItWaitedForASlot) {
  record_.after = run(1, 1h, 2h);
  record_.after->waited = {{WaitKind::slot, "", 3h}};
  EXPECT_EQ(explain().waits.at(0).kind, WaitKind::slot);
  EXPECT_EQ(explain().waits.at(0).until, kNow + 1h);
}

}  // namespace
}  // namespace wm
