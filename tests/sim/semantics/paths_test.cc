// Jobs that wait for a path to change.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

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

}  // namespace
}  // namespace wm
