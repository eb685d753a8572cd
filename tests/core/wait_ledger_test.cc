// The ledger's account of what held a run back.
#include "core/wait_ledger.h"

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

class WaitLedgerTest : public testing::Test {
 protected:
  static Work due_at(TimePoint time, const Policy& policy = {}) {
    Work row;
    row.id = 1;
    row.policy = row.run_policy = SharedPolicy(policy);
    row.enqueued_at = row.since = row.due = time;
    return row;
  }

  static LedgerEntry offline(TimePoint from, bool charging = true) {
    return {from, {.network = NetworkReading{}, .holds = {{Constraint::charging, charging}}}, {}};
  }
  static LedgerEntry online(TimePoint from) {
    return {from,
            {.network = NetworkReading{.connected = true}, .holds = {{Constraint::charging, true}}},
            {}};
  }

  using Waits = std::vector<Waited>;

  WaitLedger ledger_;
  const Policy both_{
      .constraints = {.network = NetworkType::connected, .flags = {Constraint::charging}}};
};

TEST_F(WaitLedgerTest, TheOwnersWordIsWaitedForUntilItComesAndOnlyThenASlot) {
  ledger_.note(offline(kNow));
  ledger_.note(online(kNow + 3min));
  const Work work = due_at(kNow, both_);
  const Waits expected{{WaitKind::constraint, "network", 3min},
                       {WaitKind::keep_alive, "", 5min},
                       {WaitKind::slot, "", 2min}};
  EXPECT_EQ(ledger_.waited(work, kNow + 7min, nullptr, kNow + 5min), expected);
  EXPECT_EQ(ledger_.waited(work, kNow + 5min, nullptr, {}), (Waits{expected[0], expected[1]}));
}

TEST_F(WaitLedgerTest, EachConstraintIsAddedUpUnderItsName) {
  ledger_.note(offline(kNow, false));
  ledger_.note(offline(kNow + 1min));
  ledger_.note(online(kNow + 3min));
  ledger_.note(offline(kNow + 4min));
  EXPECT_EQ(ledger_.waited(due_at(kNow, both_), kNow + 6min, nullptr),
            (Waits{{WaitKind::constraint, "network", 5min},
                   {WaitKind::constraint, "charging", 1min},
                   {WaitKind::slot, "", 1min}}));
}

TEST_F(WaitLedgerTest, AfterALostConstraintItHoldsForAWhileFirst) {
  ledger_.note(offline(kNow));
  ledger_.note(online(kNow + 3min));
  ledger_.note(offline(kNow + 4min));
  ledger_.note(online(kNow + 5min));
  Work work = due_at(kNow, both_);
  work.settling = true;
  EXPECT_EQ(ledger_.waited(work, kNow + 9min, nullptr, TimePoint{}, 2min),
            (Waits{{WaitKind::constraint, "network", 4min},
                   {WaitKind::constraint, kSettle, 3min},
                   {WaitKind::slot, "", 2min}}));
  work.settling = false;
  EXPECT_EQ(ledger_.waited(work, kNow + 9min, nullptr, TimePoint{}, 2min),
            (Waits{{WaitKind::constraint, "network", 4min}, {WaitKind::slot, "", 5min}}));
}

TEST_F(WaitLedgerTest, AConstraintThatIsPreferredTooCountsOnce) {
  Policy policy = both_;
  policy.prefer = {{{.network = NetworkType::unmetered}, 1h}};
  ledger_.note(offline(kNow));
  ledger_.note(online(kNow + 3min));
  EXPECT_EQ(ledger_.waited(due_at(kNow, policy), kNow + 5min, nullptr),
            (Waits{{WaitKind::constraint, "network", 3min}, {WaitKind::slot, "", 2min}}));
}

TEST_F(WaitLedgerTest, AWindowThatOpensEndsItsPartOfTheWait) {
  const auto opens = std::chrono::floor<std::chrono::hours>(kNow) + 2h;
  const auto of_day =
      std::chrono::duration_cast<std::chrono::minutes>(opens - std::chrono::floor<Days>(opens));
  Policy policy;
  policy.constraints.between = {{.begin = of_day, .end = of_day + 30min}};
  ledger_.note(online(kNow));
  EXPECT_EQ(ledger_.waited(due_at(kNow, policy), opens + 10min, nullptr),
            (Waits{{WaitKind::constraint, "between", opens - kNow}, {WaitKind::slot, "", 10min}}));
}

TEST_F(WaitLedgerTest, WorkThatStartsAtOnceWaitedForNothing) {
  ledger_.note(online(kNow));
  EXPECT_EQ(ledger_.waited(due_at(kNow, both_), kNow, nullptr), Waits{})
      << "not even 0 ms for a slot";

  Work retrying = due_at(kNow);
  retrying.timing = Timing::retry;
  EXPECT_EQ(ledger_.waited(retrying, kNow, nullptr), Waits{}) << "its backoff is 0";
}

TEST_F(WaitLedgerTest, APauseHoldsItsGroupBack) {
  LedgerEntry paused = online(kNow);
  paused.paused = {"backup"};
  ledger_.note(paused);
  EXPECT_EQ(ledger_.waited(due_at(kNow, {.group = "backup"}), kNow + 1min, nullptr),
            (Waits{{WaitKind::paused, "backup", 1min}}));
  EXPECT_EQ(ledger_.waited(due_at(kNow, {.group = "other"}), kNow + 1min, nullptr),
            (Waits{{WaitKind::slot, "", 1min}}));
}

TEST_F(WaitLedgerTest, ARetryTellsItsBackoffFirst) {
  ledger_.note(online(kNow));
  Work retrying = due_at(kNow);
  retrying.timing = Timing::retry;
  retrying.due = kNow + 30s;
  EXPECT_EQ(ledger_.waited(retrying, kNow + 40s, nullptr),
            (Waits{{WaitKind::backoff, "", 30s}, {WaitKind::slot, "", 10s}}));
}

TEST_F(WaitLedgerTest, WhatIsOlderThanTheLedgerWaitedForADaemon) {
  ledger_.note(online(kNow));
  EXPECT_EQ(ledger_.waited(due_at(kNow - 1h), kNow + 1min, nullptr),
            (Waits{{WaitKind::daemon, "", 1h}, {WaitKind::slot, "", 1min}}));
}

TEST_F(WaitLedgerTest, ALostDaemonIsWaitedForWhereNothingElseHeldBack) {
  ledger_.note(offline(kNow));
  ledger_.daemon_was_lost(kNow + 1min);
  ledger_.note(online(kNow + 10min));
  EXPECT_EQ(ledger_.waited(due_at(kNow, both_), kNow + 10min, nullptr),
            (Waits{{WaitKind::constraint, "network", 10min}}));
  EXPECT_EQ(ledger_.waited(due_at(kNow), kNow + 10min, nullptr),
            (Waits{{WaitKind::slot, "", 1min}, {WaitKind::daemon, "", 9min}}));
}

TEST_F(WaitLedgerTest, OnlyAChangeIsNotedAndSavedOnce) {
  ledger_.note(online(kNow));
  ledger_.note(online(kNow + 1min));
  EXPECT_EQ(ledger_.unsaved(), std::vector{online(kNow)});
  ledger_.saved();
  EXPECT_TRUE(ledger_.unsaved().empty());
  ledger_.note(offline(kNow + 2min));
  EXPECT_EQ(ledger_.unsaved(), std::vector{offline(kNow + 2min)});
}

TEST_F(WaitLedgerTest, TheOldestEntriesGoFirst) {
  for (int i = 0; i <= kLedgerEntries; ++i) {
    ledger_.note(i % 2 == 0 ? online(kNow + i * 1s) : offline(kNow + i * 1s));
  }
  EXPECT_EQ(ledger_.unsaved().size(), static_cast<std::size_t>(kLedgerEntries));
  EXPECT_EQ(ledger_.unsaved().front().from, kNow + 1s);
}

TEST_F(WaitLedgerTest, SaysSinceWhenConstraintsAreUnmet) {
  ledger_.note(online(kNow));
  ledger_.note(offline(kNow + 1min));
  ledger_.note(offline(kNow + 2min, false));
  EXPECT_EQ(ledger_.unmet_since(both_.constraints), kNow + 1min);
  EXPECT_EQ(ledger_.unmet_since({.flags = {Constraint::charging}}), kNow + 2min);
}

TEST_F(WaitLedgerTest, AClockThatIsSetBackLeavesNothingInTheFuture) {
  ledger_.note(online(kNow));
  ledger_.note(offline(kNow + 1h));
  ledger_.clock_was_set(kNow + 1min);
  EXPECT_EQ(ledger_.unmet_since(both_.constraints), kNow + 1min);
}

}  // namespace
}  // namespace wm
