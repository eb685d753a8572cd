// Chains of jobs.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

class Chain : public Semantics {
 protected:
  WorkId add(const std::string& name, const std::vector<std::string>& after = {}) {
    auto request = oneoff(name);
    request.prerequisites = after;
    return world_.enqueue(request);
  }
};

TEST_F(Chain, WorkIsBlockedUntilEveryPrerequisiteHasSucceeded) {
  world_.runner.life = [](const Launch& launch) {
    return Life{.takes = launch.info.request.unique_name == "b" ? 2h : 1h};
  };
  add("a");
  add("b");
  const WorkId c = add("c", {"a", "b"});
  world_.advance(90min);
  EXPECT_EQ(state(c), WorkState::blocked);
  world_.advance(2h);
  EXPECT_EQ(starts(c), (Starts{2h}));
}

TEST_F(Chain, AnInitialDelayCountsFromTheLastPrerequisite) {
  every_run_takes(1h);
  add("a");
  auto request = oneoff("b");
  request.prerequisites = {"a"};
  request.initial_delay = 10min;
  const WorkId b = world_.enqueue(request);
  world_.advance(3h);
  EXPECT_EQ(starts(b), (Starts{70min}));
}

TEST_F(Chain, ADeadlineCountsFromTheLastPrerequisite) {
  every_run_takes(2h);
  world_.conditions.holds[Constraint::charging] = false;
  add("a");
  auto request = oneoff("b");
  request.prerequisites = {"a"};
  request.constraints.set(Constraint::charging);
  request.deadline = 1h;
  const WorkId b = world_.enqueue(request);
  world_.advance(5h);
  EXPECT_EQ(starts(b), (Starts{3h}));
}

TEST_F(Chain, FailureAndCancellationPassToAllThatDepend) {
  every_run_ends(kBroken);
  auto slow = oneoff("a");
  slow.initial_delay = 1h;
  world_.enqueue(slow);
  const WorkId b = add("b", {"a"});
  const WorkId c = add("c", {"b"});
  world_.advance(1h);
  EXPECT_EQ(state(b), WorkState::failed);
  EXPECT_EQ(state(c), WorkState::failed);

  const WorkId d = world_.enqueue([] {
    auto request = oneoff("d");
    request.initial_delay = 1h;
    return request;
  }());
  const WorkId e = add("e", {"d"});
  world_.cancel(d);
  EXPECT_EQ(state(e), WorkState::cancelled);
}

TEST_F(Chain, WorkAfterWhatHasEndedShareItsFate) {
  add("good");
  world_.advance(1s);
  EXPECT_EQ(state(add("after-good", {"good"})), WorkState::running);
  world_.advance(1s);
  every_run_ends(kBroken);
  add("bad");
  world_.advance(1s);
  EXPECT_EQ(state(add("after-bad", {"bad"})), WorkState::failed);
}

TEST_F(Chain, OutputsBecomeInput) {
  std::string input;
  world_.runner.life = [&](const Launch& launch) {
    const std::string& name = launch.info.request.unique_name;
    if (name == "c") input = launch.input;
    return Life{.output = R"({"from":")" + name + R"("})"};
  };
  add("a");
  add("b");
  auto request = oneoff("c");
  request.prerequisites = {"a", "b"};
  request.input = R"({"own":1})";
  request.merge = Merge::arrays;
  world_.enqueue(request);
  world_.advance(1min);
  EXPECT_EQ(input, R"({"own":[1],"from":["a","b"]})");
}

TEST_F(Chain, ARegistrationThatCouldNotBeSavedLeavesNoTrace) {
  every_run_takes(1h);
  const WorkId a = add("a");
  world_.enqueue([] {
    auto request = oneoff("z");
    request.initial_delay = 24h;
    return request;
  }());
  world_.store.full = true;
  add("b", {"a"});
  world_.store.full = false;
  const WorkId c = add("c", {"z"});  // It gets the id that b was to have.
  world_.advance(2h);
  ASSERT_EQ(state(a), WorkState::succeeded);
  EXPECT_EQ(state(c), WorkState::blocked) << "a is no prerequisite of it";
}

TEST_F(Chain, PeriodicWorkIsNobodysPrerequisite) {
  world_.enqueue(periodic("a", 1h));
  EXPECT_EQ(add("b", {"a"}), 0);
  EXPECT_EQ(add("c", {"nobody"}), 0);
}

TEST_F(Chain, OneHundredThousandInALineOrInAFan) {
  constexpr int kWorks = 100'000;
  Scheduler scheduler({.max_parallel = 1});
  const auto row = [&](WorkId id) {
    Work work;
    work.id = id;
    return work;
  };
  scheduler.enqueue(row(1));
  for (WorkId id = 2; id <= kWorks; ++id) {
    const WorkId before = id - 1;
    scheduler.enqueue(row(id), std::span(&before, 1));
  }
  const WorkId root = kWorks + 1;
  scheduler.enqueue(row(root));
  for (WorkId id = root + 1; id <= root + kWorks; ++id) {
    scheduler.enqueue(row(id), std::span(&root, 1));
  }
  scheduler.accept();
  EXPECT_EQ(scheduler.unfinished_count(), 2U * kWorks + 1);

  scheduler.cancel(1, began_);
  scheduler.cancel(root, began_);
  scheduler.accept();

  EXPECT_EQ(scheduler.unfinished_count(), 0U);
}

}  // namespace
}  // namespace wm
