// The commands run and retry.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

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
      [&](WorkManager& manager) { EXPECT_TRUE(manager.registrar().retry({id}, world_.now)); });
  EXPECT_EQ(state(id), WorkState::succeeded);
  EXPECT_EQ(last_run().attempt, 1) << "attempts are counted anew";
  EXPECT_EQ(last_run().run, 2);
}

TEST_F(Semantics, RetryIsRefusedForWorkThatSucceededOrGoesOn) {
  const WorkId id = world_.enqueue(oneoff("a"));
  world_.change(
      [&](WorkManager& manager) { EXPECT_FALSE(manager.registrar().retry({id}, world_.now)); });
  world_.advance(1h);
  world_.change(
      [&](WorkManager& manager) { EXPECT_FALSE(manager.registrar().retry({id}, world_.now)); });
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
    EXPECT_FALSE(manager.registrar().retry({b}, world_.now)) << "a has failed";
    EXPECT_TRUE(manager.registrar().retry({a}, world_.now));
    EXPECT_TRUE(manager.registrar().retry({b}, world_.now));
  });
  EXPECT_EQ(state(b), WorkState::blocked);
  world_.advance(3h);
  EXPECT_EQ(state(b), WorkState::succeeded);
}

}  // namespace
}  // namespace wm
