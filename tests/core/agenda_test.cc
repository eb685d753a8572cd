// The place of each unfinished job.
#include "core/agenda.h"

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

class AgendaTest : public testing::Test {
 protected:
  AgendaTest() { agenda_.move_on(kNow); }

  static Row due_in(Duration time, const Policy& policy = {}, WorkId id = 1) {
    Work work;
    work.id = id;
    work.owner = 7;
    work.policy = work.run_policy = SharedPolicy(policy);
    work.enqueued_at = work.since = kNow;
    work.due = kNow + time;
    return Row(work);
  }

  // The ids in each lane that has any.
  std::map<LaneKey, std::vector<WorkId>> lanes() {
    std::map<LaneKey, std::vector<WorkId>> all;
    for (const auto& [key, lane] : agenda_.lanes()) {
      for (const Row& row : lane) all[key].push_back(row.work.id);
    }
    return all;
  }

  Agenda agenda_;
};

TEST_F(AgendaTest, WorkGoesToItsLaneWhenItIsDue) {
  Row row = due_in(1min);
  agenda_.add(row);
  EXPECT_EQ(agenda_.timers().at(7).size(), 1U);
  EXPECT_TRUE(lanes().empty());

  agenda_.move_on(kNow + 1min - 1ms);
  EXPECT_TRUE(lanes().empty());
  agenda_.move_on(kNow + 1min);
  EXPECT_FALSE(agenda_.timers().contains(7));
  ASSERT_EQ(lanes().size(), 1U);
  EXPECT_EQ(lanes().begin()->first.owner, 7U);

  agenda_.move_on(kNow);
  EXPECT_TRUE(lanes().empty()) << "the clock was set back";
}

TEST_F(AgendaTest, WhoAreAlikeShareALaneWithTheEarliestFirst) {
  Row late = due_in(-1s, {}, 1);
  Row early = due_in(-2s, {}, 2);
  Row other = due_in(0s, {.priority = 1}, 3);
  for (Row* row : {&late, &early, &other}) agenda_.add(*row);
  LaneKey plain{.owner = 7};
  LaneKey higher{.owner = 7, .priority = 1};
  EXPECT_EQ(lanes(), (std::map<LaneKey, std::vector<WorkId>>{{plain, {2, 1}}, {higher, {3}}}));
}

TEST_F(AgendaTest, ADeadlineIsAnAlarmThatMovesItToTheForced) {
  agenda_.gates().set_conditions({.holds = {{Constraint::charging, false}}}, kNow);
  Row row = due_in(0s, {.constraints = {.flags = {Constraint::charging}}, .deadline = 1h});
  agenda_.add(row);
  EXPECT_EQ(agenda_.next_alarm(), kNow + 1h);
  EXPECT_EQ(lanes().begin()->first.rank, Rank::normal);

  agenda_.move_on(kNow + 1h);

  EXPECT_EQ(lanes().begin()->first.rank, Rank::forced);
  EXPECT_EQ(agenda_.next_alarm(), std::nullopt);
}

TEST_F(AgendaTest, ARunCountsForItsOwnerItsGroupAndItsTimeLimit) {
  Row row = due_in(0s, {.time_limit = 1h, .group = "backup"});
  row.work.state = WorkState::running;
  row.work.began = agenda_.since_boot(kNow);
  agenda_.add(row);
  EXPECT_EQ(agenda_.running_of(7), 1);
  EXPECT_EQ(agenda_.running_in("backup").at(7), 1);
  EXPECT_EQ(agenda_.next_alarm(), kNow + 1h);

  agenda_.remove(row);

  EXPECT_EQ(agenda_.running_of(7), 0);
  EXPECT_TRUE(agenda_.running_in("backup").empty());
  EXPECT_EQ(agenda_.next_alarm(), std::nullopt);
}

TEST_F(AgendaTest, AnAlarmForSilenceIsPutOffWhenItComesAndWhateverIsHeardBefore) {
  Row row = due_in(0s, {.watchdog = 30s});
  row.work.state = WorkState::running;
  row.work.began = agenda_.since_boot(kNow);
  agenda_.add(row);
  EXPECT_EQ(agenda_.next_alarm(), kNow + 30s);

  for (const Duration time : {10s, 20s, 15s}) {
    agenda_.hear(row.work, agenda_.since_boot(kNow + time));
    EXPECT_EQ(agenda_.next_alarm(), kNow + 30s) << "hearing costs nothing";
  }
  agenda_.move_on(kNow + 30s);

  EXPECT_EQ(agenda_.next_alarm(), kNow + 50s);
  EXPECT_EQ(agenda_.silence_ends(row.work), kNow + 50s);
  agenda_.remove(row);
  row.work.began = agenda_.since_boot(kNow + 25s);  // The next run of that job.
  agenda_.add(row);
  EXPECT_EQ(agenda_.next_alarm(), kNow + 55s);
}

TEST_F(AgendaTest, NamesWhatAnyWorkNeedsAsLongAsOneDoes) {
  const Constraints power{.flags = {Constraint::charging}};
  const Constraints quiet{.flags = {Constraint::idle}};
  Row one = due_in(1h, {.constraints = power, .prefer = {{quiet, 1h}}}, 1);
  Row two = due_in(1h, {.constraints = power}, 2);
  agenda_.add(one);
  agenda_.add(two);
  EXPECT_EQ(agenda_.named(), (std::map<Constraints, int>{{power, 2}, {quiet, 1}}));
  agenda_.remove(one);
  EXPECT_EQ(agenda_.named(), (std::map<Constraints, int>{{power, 1}}));
  agenda_.remove(two);
  EXPECT_TRUE(agenda_.named().empty());
}

}  // namespace
}  // namespace wm
