// Windows of local time. The world begins on a Friday, at midnight UTC.
#include <date/tz.h>

#include "core/check.h"
#include "core/explain.h"
#include "core/forecast.h"
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

class WindowsOfTime : public Semantics {
 protected:
  static WorkRequest between(const std::vector<std::string>& windows) {
    WorkRequest request = oneoff("a");
    for (const std::string& text : windows) {
      request.constraints.between.push_back(checked(parse_window(text), "a window"));
    }
    return request;
  }
  std::vector<Wait> waits(WorkId id) {
    return waiting_for(world_.scheduler(), *world_.scheduler().find(id), world_.now);
  }
};

TEST_F(WindowsOfTime, ARunStartsWhenOneOpens) {
  const WorkId id = world_.enqueue(between({"22:00-06:00", "12:30-13:00"}));
  world_.advance(5min);
  EXPECT_EQ(starts(id), (Starts{0s})) << "Thursday's night is not over";

  WorkRequest noon = between({"12:30-13:00"});
  noon.unique_name = "b";
  const WorkId later = world_.enqueue(noon);
  world_.advance(13h);
  EXPECT_EQ(starts(later), (Starts{12h + 30min}));
  EXPECT_EQ(last_run().waited,
            (std::vector<Waited>{{WaitKind::constraint, "between", 12h + 25min}}));
}

TEST_F(WindowsOfTime, ARunIsStoppedWhenItShutsAndIsOfferedAgainInTheNext) {
  every_run_takes(10h);
  const WorkId id = world_.enqueue(between({"Mon-Fri 22:00-06:00"}));
  const Duration settle = world_.scheduler().rules().settle;
  world_.advance(22h + 1min);
  ASSERT_EQ(state(id), WorkState::running);
  world_.advance(8h);
  ASSERT_EQ(state(id), WorkState::enqueued);
  EXPECT_EQ(word(checked(last_run().result, "it has ended").stop_reason), "constraint-between");
  const Wait wait = waits(id).at(0);
  EXPECT_EQ(wait.required, "Mon-Fri 22:00-06:00");
  EXPECT_EQ(wait.actual, "Sat 06:01");
  EXPECT_EQ(wait.since, began_ + 30h);
  EXPECT_EQ(wait.until, began_ + Days{3} + 22h) << "on Monday";
  world_.advance(Days{3});
  EXPECT_EQ(starts(id), (Starts{0s, 22h + settle, Days{3} + 22h + settle}));
}

TEST_F(WindowsOfTime, ThatTouchAreOne) {
  every_run_takes(5h);
  const WorkId id = world_.enqueue(between({"10:00-12:00", "12:00-16:00"}));
  world_.advance(Days{1});
  EXPECT_EQ(starts(id), (Starts{10h}));
  EXPECT_EQ(state(id), WorkState::succeeded);
}

TEST_F(WindowsOfTime, FollowTheZoneOfTheirJobOrElseOfTheMachine) {
  world_.zone = date::locate_zone("Europe/Berlin");  // Two hours ahead in October.
  world_.crash();
  WorkRequest own = between({"09:00-10:00"});
  own.unique_name = "own";
  own.time_zone = "America/New_York";  // Four hours behind.
  const WorkId theirs = world_.enqueue(own);
  const WorkId usual = world_.enqueue(between({"09:00-10:00"}));
  world_.advance(6h);
  world_.manager().set_zone(date::locate_zone("Europe/London"));  // One hour ahead.
  world_.advance(18h);
  EXPECT_EQ(starts(usual), (Starts{8h}));
  EXPECT_EQ(starts(theirs), (Starts{13h}));
}

TEST_F(WindowsOfTime, AChangeOfZoneStopsWhatIsOutsideNow) {
  every_run_takes(10h);
  const WorkId id = world_.enqueue(between({"00:00-08:00"}));
  world_.advance(2h);
  ASSERT_EQ(state(id), WorkState::running);
  world_.manager().set_zone(date::locate_zone("Asia/Tokyo"));  // It is 11:00 there.
  world_.take_turns();
  world_.advance(1min);
  EXPECT_EQ(state(id), WorkState::enqueued);
  EXPECT_EQ(waits(id).at(0).until, began_ + 15h);
}

TEST_F(WindowsOfTime, AClockThatIsSetBackMovesTheirEnd) {
  every_run_takes(20h);
  const WorkId id = world_.enqueue(between({"22:00-06:00"}));
  world_.advance(Days{1} + 1h);  // Since 22:00 on Friday.
  ASSERT_EQ(starts(id).size(), 2U);
  world_.set_clock(began_ + 23h);
  world_.advance(7h + 1min);
  EXPECT_EQ(state(id), WorkState::enqueued);
  EXPECT_EQ(waits(id).at(0).actual, "Sat 06:01");
}

TEST_F(WindowsOfTime, MatterNoMoreAfterTheDeadlineOrACall) {
  WorkRequest late = between({"22:00-23:00"});
  late.deadline = 3h;
  const WorkId id = world_.enqueue(late);
  WorkRequest called = between({"22:00-23:00"});
  called.unique_name = "called";
  const WorkId other = world_.enqueue(called);
  world_.advance(1h);
  world_.change(
      [&](WorkManager& manager) { EXPECT_TRUE(manager.registrar().run_now(other, world_.now)); });
  world_.advance(20h);
  EXPECT_EQ(starts(id), (Starts{3h}));
  EXPECT_EQ(starts(other), (Starts{1h}));
}

TEST_F(WindowsOfTime, CanBePreferredForAWhile) {
  WorkRequest patient = oneoff("patient");
  patient.prefer = {{between({"04:00-05:00"}).constraints, 24h}};
  WorkRequest hasty = oneoff("hasty");
  hasty.prefer = {{between({"04:00-05:00"}).constraints, 2h}};
  const WorkId first = world_.enqueue(patient);
  const WorkId second = world_.enqueue(hasty);
  EXPECT_EQ(waits(second).at(0).until, began_ + 2h);
  EXPECT_EQ(waits(first).at(0).until, began_ + 4h);
  world_.advance(6h);
  EXPECT_EQ(starts(first), (Starts{4h}));
  EXPECT_EQ(starts(second), (Starts{2h}));
  EXPECT_EQ(world_.store.history({}).runs.back().relaxed, std::vector<std::string>{"between"});
}

// The machine sleeps in between: a thousand jobs wait for one window.
TEST_F(WindowsOfTime, WakeTheDaemonOnceForAll) {
  for (int i = 0; i < 1000; ++i) {
    WorkRequest request = between({"20:00-21:00"});
    request.unique_name = std::to_string(i);
    world_.enqueue(request);
  }
  EXPECT_EQ(world_.scheduler().next_wakeup(), began_ + 20h);
}

// Thousands come and go, each with another window.
TEST_F(WindowsOfTime, ThatNobodyNeedsAreForgotten) {
  for (int minute = 0; minute < 1000; ++minute) {
    WorkRequest request = oneoff("a");
    const std::chrono::minutes begin = 10h + std::chrono::minutes{minute % 60};
    request.constraints.between = {
        {.begin = begin, .end = begin + std::chrono::minutes{1 + minute / 60}}};
    world_.cancel(world_.enqueue(request));
  }
  EXPECT_FALSE(world_.scheduler().agenda().gates().are_crowded());
  EXPECT_LT(world_.scheduler().agenda().gates().size(), 100U);
}

TEST_F(WindowsOfTime, AreKnownToTheForecast) {
  world_.settings.run.max_parallel = 1;
  world_.reload();
  every_run_takes(10h);
  const WorkId id = world_.enqueue(between({"Mon-Fri 22:00-06:00"}));
  WorkRequest morning = oneoff("morning");
  morning.initial_delay = 7h;  // The other has left the only slot by then.
  const WorkId other = world_.enqueue(morning);
  const auto ten_hours = [](const Work&) { return Duration{10h}; };
  const auto all = [](const Work&) { return true; };
  Starts runs{0s};  // It is running now.
  Starts others;
  for (const ForecastRun& run :
       forecast(world_.scheduler(), world_.now, world_.now + Days{4}, ten_hours, all).runs) {
    (run.id == id ? runs : others).push_back(run.starts - began_);
  }
  world_.advance(Days{4});
  EXPECT_EQ(runs, starts(id));
  EXPECT_EQ(others, starts(other));
  EXPECT_EQ(others, Starts{7h});
  EXPECT_EQ(runs.size(), 3U) << "Thursday's night, Friday's and Monday's";
}

}  // namespace
}  // namespace wm
