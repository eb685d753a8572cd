// How long finished jobs are remembered.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

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
  Pruned pruned;
  world_.change([&](WorkManager& manager) {
    manager.prune({}, 0, [&](const Pruned& forgotten) { pruned = forgotten; });
  });
  EXPECT_EQ(pruned.works, std::vector{b});
  EXPECT_FALSE(pruned.reached) << "there are no more";
  EXPECT_TRUE(world_.store.info(a)) << "c has yet to read its output";
  EXPECT_FALSE(world_.store.info(b));
}

// A state directory belongs to a unique name: it is the same from run to run and from registration
// to registration, until history.keep_state after the last run.
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

}  // namespace
}  // namespace wm
