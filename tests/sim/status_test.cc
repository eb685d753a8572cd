// The events that people see, in simulated time.
#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace wm {
namespace {

// Collects the events of a world, one per line.
class Told {
 public:
  explicit Told(World& world) {
    world.after_turn = [this, &world](const TurnReport& report) {
      for (const StatusChange& change : report.statuses) {
        const std::string name = world.store.info(change.work.id)->request.unique_name;
        text_ += name + ' ' + std::string(word(change.status));
        const std::string detail = describe(change, world.now);
        text_ += (detail.empty() ? "" : ": " + detail) + '\n';
        changes_.push_back(change);
      }
    };
  }

  std::string take() { return std::exchange(text_, ""); }
  // Counts the events so far that a user who asked for `notice` sees.
  int count(Notice notice) const {
    const std::vector<Notice> notices{notice};
    return static_cast<int>(std::ranges::count_if(
        changes_, [&](const StatusChange& change) { return is_wanted(change, notices); }));
  }

 private:
  std::string text_;
  std::vector<StatusChange> changes_;
};

Life ends_with(int code) { return {.end = {ChildEnd::How::exited, code, ""}}; }

TEST(Status, OneAttemptAfterAnother) {
  World world;
  Told told(world);
  world.runner.life = [](const Launch& launch) {
    return ends_with(launch.info.work.attempts < 2 ? 75 : 0);
  };
  world.enqueue(oneoff("sync"));
  world.advance(1h);
  EXPECT_EQ(told.take(),
            "sync scheduled\n"
            "sync started: run 1\n"
            "sync rescheduled: exit 75, again in 30s\n"
            "sync retrying: run 2, attempt 2\n"
            "sync completed: took 1s\n");
  EXPECT_EQ(told.count(Notice::started), 2);
  EXPECT_EQ(told.count(Notice::retried), 1);
  EXPECT_EQ(told.count(Notice::succeeded), 1);
  EXPECT_EQ(told.count(Notice::stopped), 0);
}

TEST(Status, AFailureIsThatOfAllThatComesAfter) {
  World world;
  Told told(world);
  world.runner.life = [](const Launch&) { return ends_with(64); };
  world.enqueue(oneoff("fetch"));
  WorkRequest after = oneoff("publish");
  after.prerequisites = {"fetch"};
  world.enqueue(after);
  world.advance(1h);
  EXPECT_EQ(told.take(),
            "fetch scheduled\n"
            "fetch started: run 1\n"
            "publish scheduled: after its prerequisites\n"
            "fetch failed: exit 64\n"
            "publish failed: a prerequisite did not succeed\n");
  EXPECT_EQ(told.count(Notice::failed), 2);
}

TEST(Status, AnInterruptedRunIsRescheduledAndHasStopped) {
  World world;
  Told told(world);
  world.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  WorkRequest request = oneoff("backup");
  request.constraints.set(Constraint::charging);
  world.enqueue(request);
  world.advance(1min);
  told.take();
  world.conditions.holds[Constraint::charging] = false;
  world.advance(1min);
  EXPECT_EQ(told.take(), "backup rescheduled: constraint-charging, SIGTERM\n");
  EXPECT_EQ(told.count(Notice::stopped), 1);
  EXPECT_EQ(told.count(Notice::retried), 0);
}

TEST(Status, WhatIsCancelledAndWhatTakesItsPlace) {
  World world;
  Told told(world);
  WorkRequest later = oneoff("sync");
  later.initial_delay = 1h;
  world.enqueue(later);
  world.enqueue(later, ExistingPolicy::replace);
  world.cancel(world.enqueue(later));
  EXPECT_EQ(told.take(),
            "sync scheduled: in 1h\n"
            "sync cancelled: replaced\n"
            "sync scheduled: in 1h\n"
            "sync cancelled\n");
}

TEST(Status, PeriodicWorkSaysWhenItRunsAgain) {
  World world;
  Told told(world);
  world.enqueue(periodic("index", 1h));
  world.advance(30min);
  EXPECT_EQ(told.take(),
            "index scheduled\n"
            "index started: run 1\n"
            "index completed: took 1s, again in 1h\n");
}

}  // namespace
}  // namespace wm
