// The kept changes of conditions: a row each, seldom a commit of their own, and never too many.
#include "daemon/turn/condition_log.h"

#include <gtest/gtest.h>

#include "tests/support/memory_store.h"
#include "tests/support/now.h"
#include "tests/support/world.h"

namespace wm {
namespace {

class ConditionLogTest : public testing::Test {
 protected:
  ConditionLogTest() {
    log_.begin(kNow, kNow);
    turn(0s);
  }

  void charging(bool holds, Duration when, const std::string& source = "probe") {
    log_.note({{Constraint::charging, {holds, source, ""}}}, kNow + when);
  }
  // Returns whether it has saved something.
  bool turn(Duration when, bool joins = true) {
    store_.begin();
    log_.save(joins, kNow + when);
    const bool saved = log_.has_saved();
    store_.commit();
    log_.committed();
    return saved;
  }
  // `charging=yes`, `daemon-started`: all rows, in order.
  std::vector<std::string> rows() {
    std::vector<std::string> rows;
    for (const auto& [change, id] : store_.condition_changes(TimePoint::min(), {}, 1000)) {
      const bool has_value = change.event == ConditionEvent::changed;
      rows.push_back((change.condition ? to_string(*change.condition) + "=" : "") +
                     (has_value ? value_word(*change.condition, change.value)
                                : std::string(word(change.event))));
    }
    return rows;
  }

  MemoryStore store_;
  Settings settings_;
  ConditionLog log_{store_, settings_};
};

using Rows = std::vector<std::string>;

TEST_F(ConditionLogTest, ARowForAChangeAndNoneForAnythingElse) {
  charging(false, 1min);
  turn(1min);
  charging(false, 2min);
  EXPECT_FALSE(turn(2min));
  charging(true, 3min);
  turn(3min);
  log_.note({}, kNow + 4min);
  turn(4min);
  EXPECT_EQ(rows(), (Rows{"daemon-started", "charging=no", "charging=yes", "charging=unwatched"}));
}

TEST_F(ConditionLogTest, AnOverrideIsAChangeEvenToTheSame) {
  charging(true, 1min);
  turn(1min);
  charging(true, 2min, "override");
  EXPECT_TRUE(turn(2min));
  EXPECT_EQ(rows().size(), 3);
}

TEST_F(ConditionLogTest, WaitsAtMostAMinuteForACommit) {
  charging(false, 5s);
  EXPECT_FALSE(turn(5s, false));
  EXPECT_EQ(log_.unsaved().size(), 1);
  EXPECT_EQ(log_.next_wakeup(), kNow + 5s + 1min);
  EXPECT_FALSE(turn(1min, false));
  EXPECT_TRUE(turn(5s + 1min, false));
  EXPECT_EQ(log_.next_wakeup(), std::nullopt);
}

TEST_F(ConditionLogTest, IsSavedAtTheEndOfTheDaemon) {
  charging(false, 5s);
  turn(5s, false);
  charging(true, 5s + 10ms);  // Within a second.
  log_.end(kNow + 6s - 1ms);
  EXPECT_TRUE(turn(6s, false));
  charging(false, 8s);
  EXPECT_FALSE(turn(8s));
  EXPECT_EQ(rows(), (Rows{"daemon-started", "charging=no", "charging=yes", "daemon-stopped"}));
}

TEST_F(ConditionLogTest, ChangesWithinASecondAreOne) {
  charging(false, 10s);
  turn(10s);
  charging(true, 10s + 100ms);
  EXPECT_FALSE(turn(10s + 100ms));
  EXPECT_EQ(log_.unsaved().size(), 1) << "it can be seen already";
  charging(false, 10s + 200ms);
  turn(10s + 200ms);
  EXPECT_FALSE(turn(12s)) << "it is what it was";
  charging(true, 12s + 100ms);
  turn(12s + 100ms);
  EXPECT_EQ(rows(), (Rows{"daemon-started", "charging=no", "charging=yes"}));
}

TEST_F(ConditionLogTest, AFlappingSensorIsUnsteadyForTheRestOfTheHour) {
  for (int i = 0; i < 1000; ++i) {
    charging(i % 2 == 0, i * 2s);
    turn(i * 2s);
  }
  EXPECT_EQ(rows().size(), 1 + ConditionLog::kMostInAnHour);
  EXPECT_EQ(rows().back(), "charging=unsteady");
  EXPECT_EQ(log_.next_wakeup(), kNow + 1h);
  turn(1h);
  EXPECT_EQ(rows().back(), "charging=no");
  EXPECT_EQ(log_.next_wakeup(), std::nullopt);
}

TEST_F(ConditionLogTest, TheNextDaemonSaysThatOneWasLost) {
  charging(false, 5min);
  turn(5min);
  ConditionLog next(store_, settings_);
  next.begin(kNow + 1min, kNow + 2h);
  store_.begin();
  next.save(true, kNow + 2h);
  store_.commit();
  EXPECT_EQ(rows(), (Rows{"daemon-started", "charging=no", "daemon-lost", "daemon-started"}));
  EXPECT_EQ(store_.condition_changes(kNow + 5min, {}, 10)[1].change.at, kNow + 5min);
}

TEST_F(ConditionLogTest, ASleepIsOnRecordAndEverythingIsAfterIt) {
  charging(false, 1min);
  turn(1min);
  log_.slept(kNow + 2min, kNow + 8h);
  charging(false, 8h);
  turn(8h);
  EXPECT_EQ(rows(), (Rows{"daemon-started", "charging=no", "asleep", "awake", "charging=no"}));
  log_.end(kNow + 9h);
  turn(9h);
  EXPECT_EQ(rows().back(), "daemon-stopped");
}

TEST_F(ConditionLogTest, AnotherProgramInTheSameProcessGoesOn) {
  charging(false, 5min);
  turn(5min);
  ConditionLog next(store_, settings_);
  next.go_on(kNow + 6min);
  next.note({{Constraint::charging, {false, "probe", ""}}}, kNow + 6min);
  store_.begin();
  next.save(true, kNow + 6min);
  store_.commit();
  EXPECT_EQ(rows(), (Rows{"daemon-started", "charging=no"}));
}

TEST_F(ConditionLogTest, KeepsNothingIfTheConfigurationSaysSo) {
  settings_.history.conditions = 0s;
  charging(false, 5s);
  EXPECT_FALSE(turn(5s));
  EXPECT_TRUE(log_.unsaved().empty());
  settings_.history.conditions = 1h;
  turn(1min);
  EXPECT_EQ(rows(), (Rows{"daemon-started", "daemon-started", "charging=no"}));
}

TEST_F(ConditionLogTest, AFailedCommitIsTakenAgain) {
  charging(false, 5s);
  store_.begin();
  log_.save(true, kNow + 5s);
  store_.roll_back();
  EXPECT_EQ(rows(), (Rows{"daemon-started"}));
  EXPECT_TRUE(turn(6s));
  EXPECT_EQ(rows(), (Rows{"daemon-started", "charging=no"}));
}

TEST(ConditionChanges, AreForgottenInTheirTime) {
  World world;
  world.settings.history.conditions = 24h;
  world.shut_down();
  world.crash();
  ASSERT_EQ(world.store.condition_changes(kNow, {}, 10).size(), 3);

  world.advance(24h);
  EXPECT_EQ(world.store.condition_changes(kNow, {}, 10).size(), 3);
  world.advance(2h);
  EXPECT_TRUE(world.store.condition_changes(kNow, {}, 10).empty());
}

TEST(ConditionChanges, OfAMillionAreForgottenInSlices) {
  World world;
  std::vector<ConditionChange> many(2500, {.at = kNow, .condition = Constraint::idle});
  world.store.begin();
  world.store.save_condition_changes(many);
  world.store.commit();
  std::vector<std::size_t> left;
  world.after_turn = [&](const TurnReport&) {
    left.push_back(world.store.condition_changes(TimePoint::min(), {}, 10'000).size());
  };
  world.settings.history.conditions = 0s;
  world.advance(1s);
  EXPECT_EQ(left.back(), 0);
  EXPECT_GE(left.size(), 3) << "a thousand at a time";
}

}  // namespace
}  // namespace wm
