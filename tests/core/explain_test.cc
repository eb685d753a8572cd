// `wm why` lists everything that a job waits for, in every state.
#include "core/explain.h"

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

class WaitingFor : public testing::Test {
 protected:
  Work work(const Policy& policy = {}, Duration due = 0s) {
    Work row;
    row.id = ++last_id_;
    row.policy = row.run_policy = SharedPolicy(policy);
    row.enqueued_at = row.since = kNow;
    row.due = kNow + due;
    return row;
  }

  // Returns what holds `row` back, once the scheduler has planned.
  std::vector<Wait> waits(const Work& row, TimePoint now = kNow) {
    scheduler_.restore(row);
    scheduler_.plan(now);
    scheduler_.accept();
    return waiting_for(scheduler_, *scheduler_.find(row.id), now);
  }

  Scheduler scheduler_{SchedulingRules{.max_parallel = 1, .groups = {{"one", {1}}}}};
  WorkId last_id_ = 0;
};

TEST_F(WaitingFor, EverythingThatHoldsWorkBack) {
  scheduler_.set_conditions(
      {.network = NetworkReading{true, true, false}, .holds = {{Constraint::charging, false}}},
      kNow - 5min);
  scheduler_.plan(kNow - 5min);
  scheduler_.pause("", kNow + 1h);

  const auto found = waits(work(
      {.constraints = {.network = NetworkType::unmetered, .flags = {Constraint::charging}}}, 1min));

  const std::vector<Wait> expected{
      {WaitKind::delay, "", format_time(kNow + 1min), format_time(kNow), kNow, kNow + 1min},
      {WaitKind::constraint, "network", "unmetered", "metered", kNow - 5min, {}},
      {WaitKind::constraint, "charging", "yes", "no", kNow - 5min, {}},
      {WaitKind::paused, "", "resumed", "paused", {}, kNow + 1h}};
  EXPECT_EQ(found, expected);
}

TEST_F(WaitingFor, EachNeedHasItsOwnBeginning) {
  Conditions now{.network = NetworkReading{.connected = true, .metered = true},
                 .holds = {{Constraint::charging, false}},
                 .custom = {{"vpn", false}}};
  const auto change = [&](TimePoint when) {
    scheduler_.set_conditions(now, when);
    scheduler_.plan(when);
  };
  change(kNow - 5min);
  now.network->metered = false;
  change(kNow - 2s);
  now.custom["vpn"] = true;
  change(kNow - 1s);
  now.custom["vpn"] = false;
  change(kNow);

  const auto found = waits(work(
      {.constraints = {
           .network = NetworkType::metered, .flags = {Constraint::charging}, .custom = {"vpn"}}}));

  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].since, kNow - 2s);
  EXPECT_EQ(found[1].since, kNow - 5min);
  EXPECT_EQ(found[2].since, kNow);
}

TEST_F(WaitingFor, AnExpeditedJobWithoutASlotSaysThatItsBudgetIsSpent) {
  scheduler_.restore_expedited_run(0, kNow - 1h, 10min);
  scheduler_.restore(work());
  Work row = work({.expedited = true});
  row.due = kNow + 1s;

  const std::vector<Wait> found = waits(row, kNow + 2s);

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, WaitKind::slot);
  EXPECT_EQ(found[1], (Wait{WaitKind::quota,
                            "",
                            "under 10m in 1d",
                            "10m of expedited runs",
                            {},
                            kNow - 1h + kQuotaWindow,
                            ""}));
}

TEST_F(WaitingFor, AWindowOfAnotherZoneSaysWhich) {
  Policy policy{.constraints = {.between = {parse_window("01:00-02:00").value()}}};
  const std::string plain = waits(work(policy)).at(0).required;
  policy.time_zone = "Europe/Berlin";
  EXPECT_EQ(waits(work(policy)).at(0).required, plain + " Europe/Berlin");
}

TEST_F(WaitingFor, ABlockedJobHasConditionsOfItsOwn) {
  scheduler_.set_conditions({.holds = {{Constraint::charging, false}, {Constraint::idle, true}}},
                            kNow);
  Work row = work({.constraints = {.flags = {Constraint::charging, Constraint::idle}}});
  row.state = WorkState::blocked;

  const auto unmet = unmet_constraints(scheduler_, row.policy, kNow);
  const auto met = met_constraints(scheduler_, row, kNow);

  ASSERT_EQ(unmet.size(), 1U);
  EXPECT_EQ(unmet[0].name, "charging");
  ASSERT_EQ(met.size(), 1U);
  EXPECT_EQ(met[0].name, "idle");
}

TEST_F(WaitingFor, ItsOwnersWordWhateverElseIsOverridden) {
  Work row = work({.deadline = 1s, .watchdog = 30s, .while_kept_alive = true});
  row.run_now = true;
  const std::vector<Wait> expected{
      {WaitKind::keep_alive, "", "KeepAlive within 30s", "none", {}, {}}};
  EXPECT_EQ(waits(row), expected);
  EXPECT_EQ(waiting_for(scheduler_, *scheduler_.find(row.id), kNow + 1h), expected);
}

TEST_F(WaitingFor, AChangeOfItsPathsAndTheQuietAfterIt) {
  Work row = work({.trigger = {{"/a", "/b/*"}, {}, {}}, .deadline = 1h});
  row.timing = Timing::trigger;
  EXPECT_EQ(waits(row), (std::vector<Wait>{{WaitKind::trigger, "/a or /b/*", "a change", "none yet",
                                            kNow, kNow + 1h, ""}}));
  scheduler_.paths_changed(row.id, kNow + 1min);
  scheduler_.accept();
  EXPECT_EQ(waiting_for(scheduler_, *scheduler_.find(row.id), kNow + 1min),
            (std::vector<Wait>{{WaitKind::trigger, "/a or /b/*", "no change for 500ms", "a change",
                                kNow + 1min, kNow + 1min + 500ms, ""}}));
}

TEST_F(WaitingFor, TellsDelayBackoffAndPeriodApart) {
  for (const auto& [timing, kind] :
       {std::pair{Timing::first, WaitKind::delay}, std::pair{Timing::retry, WaitKind::backoff},
        std::pair{Timing::period, WaitKind::period}}) {
    Work row = work({}, 1min);
    row.timing = timing;
    EXPECT_EQ(waits(row).front().kind, kind);
  }
}

TEST_F(WaitingFor, SaysWhatNamesTheTime) {
  Work row = work({.kind = WorkKind::periodic, .calendar = "30 2 * * *"}, 1h);
  EXPECT_EQ(waits(row).front().kind, WaitKind::period);
  EXPECT_EQ(waits(row).front().name, "calendar");
  row.timing = Timing::retry;
  row.id = ++last_id_;
  EXPECT_EQ(waits(row).front().name, "") << "its backoff is no time of the calendar";
  row.at = row.due;
  row.id = ++last_id_;
  EXPECT_EQ(waits(row).front().name, "at");
}

TEST_F(WaitingFor, ASlotWhereNothingElseIsMissing) {
  EXPECT_TRUE(waits(work()).empty()) << "it runs";
  const std::vector<Wait> expected{
      {WaitKind::slot, "", "a free slot (of 1 for this user)", "1 running", {}, {}}};
  EXPECT_EQ(waits(work()), expected);
}

TEST_F(WaitingFor, ASlotOfItsGroup) {
  scheduler_.set_rules({.max_parallel = 5, .groups = {{"one", {1}}}});
  EXPECT_TRUE(waits(work({.group = "one"})).empty());
  const std::vector<Wait> expected{
      {WaitKind::group, "one", "a free slot (of 1 for this user)", "1 running", {}, {}}};
  EXPECT_EQ(waits(work({.group = "one"})), expected);
  EXPECT_TRUE(waits(work({.group = "other"})).empty());
}

TEST_F(WaitingFor, APreferenceSaysWhenItIsDropped) {
  scheduler_.set_conditions({.holds = {{Constraint::charging, false}}}, kNow);
  const Policy policy{.prefer = {{{.flags = {Constraint::charging}}, 1h}}};
  const Work row = work(policy);
  ASSERT_EQ(waits(row).size(), 1U);
  EXPECT_EQ(waits(row).front().until, kNow + 1h);
  scheduler_.pause("", {});
  EXPECT_EQ(waits(row, kNow + 1h - 1ms).size(), 2U);
  ASSERT_EQ(waits(row, kNow + 1h).size(), 1U) << "the preference has gone";
  EXPECT_EQ(waits(row, kNow + 1h).front().kind, WaitKind::paused);
}

TEST_F(WaitingFor, ADeadlineSaysWhenConstraintsNoLongerMatter) {
  scheduler_.set_conditions({.holds = {{Constraint::charging, false}}}, kNow);
  const Work row = work({.constraints = {.flags = {Constraint::charging}}, .deadline = 2h});
  EXPECT_EQ(waits(row).front().until, kNow + 2h);
}

TEST_F(WaitingFor, AConstraintThatStoppedItHasToSettle) {
  scheduler_.set_conditions({.holds = {{Constraint::charging, true}}}, kNow - 3s);
  Work row = work({.constraints = {.flags = {Constraint::charging}}});
  row.settling = true;
  const auto found = waits(row);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().name, "settle");
  EXPECT_EQ(found.front().until, kNow + 7s);
}

TEST_F(WaitingFor, NothingOnceItRunsOrHasFinished) {
  for (const auto state : {WorkState::running, WorkState::succeeded, WorkState::cancelled}) {
    Work row = work({}, 1min);
    row.state = state;
    EXPECT_TRUE(waiting_for(scheduler_, row, kNow).empty());
  }
}

TEST_F(WaitingFor, ThePredecessorThatIsStillBeingStopped) {
  Work row = work();
  row.held = true;
  EXPECT_EQ(waits(row).front().kind, WaitKind::replaced);
}

}  // namespace
}  // namespace wm
