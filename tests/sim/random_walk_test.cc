// Random walks over a simulated machine. After every step the promises hold; at the end, on a
// healthy machine, everything finishes. The seed is the test's parameter.
#include <random>

#include <gtest/gtest.h>

#include "tests/support/backoff.h"
#include "tests/support/world.h"

namespace wm {
namespace {

constexpr int kSteps = 400;

class RandomWalk : public testing::TestWithParam<unsigned> {
 protected:
  RandomWalk() {
    world_.runner.life = [this](const Launch&) { return random_life(); };
    world_.runner.before_start = [this](const Launch& launch) {
      EXPECT_TRUE(hold(launch.info.request.constraints, world_.conditions))
          << "it starts with a constraint unmet";
      EXPECT_EQ(launch.info.work.state, WorkState::running) << "it starts before that is saved";
    };
  }

  int pick(int most) { return std::uniform_int_distribution(0, most)(random_); }
  bool chance(int percent) { return pick(99) < percent; }

  Life random_life() {
    Life life;
    life.takes = Duration{pick(600'000)};
    life.dying = Duration{pick(30'000)};
    life.finishes_when_stopped = chance(10);
    if (well_) return life;
    if (chance(40)) life.end.code = 75;
    if (chance(10)) life.end.code = 70;
    if (chance(5)) life.end = {ChildEnd::How::signalled, 11, ""};
    if (chance(5)) life.cannot_start = {ChildEnd::How::not_started, 0, "gone"};
    if (chance(5)) life.cannot_start = {ChildEnd::How::no_room, 0, "no memory"};
    return life;
  }

  WorkRequest random_request() {
    const std::string name = "work-" + std::to_string(pick(15));
    WorkRequest request =
        chance(30) ? periodic(name, 15min + Duration{pick(3'600'000)}) : oneoff(name);
    if (request.kind == WorkKind::periodic && chance(30)) request.flex = 5min;
    if (chance(30)) request.initial_delay = Duration{pick(1'800'000)};
    if (request.kind == WorkKind::oneoff && chance(30)) request.trigger.paths = {"/in"};
    if (chance(30)) request.max_attempts = 1 + pick(4);
    if (chance(30)) set_backoff(request, {BackoffPolicy::linear, 10s});
    request.constraints.network = static_cast<NetworkType>(pick(4));
    for (const Constraint one :
         {Constraint::charging, Constraint::battery_not_low, Constraint::storage_not_low}) {
      request.constraints.set(one, chance(30));
    }
    request.exit_rules.retry_on_crash = chance(50);
    return request;
  }

  void flip_a_condition() {
    Conditions& now = world_.conditions;
    switch (pick(3)) {
      case 0:
        now.network = NetworkReading{chance(70), chance(50), chance(20)};
        break;
      case 1:
        now.holds[Constraint::charging] = !now.holds[Constraint::charging].value_or(true);
        break;
      case 2:
        now.holds[Constraint::battery_not_low] =
            !now.holds[Constraint::battery_not_low].value_or(true);
        break;
      default:
        now.holds[Constraint::storage_not_low] =
            !now.holds[Constraint::storage_not_low].value_or(true);
    }
  }

  void step() {
    switch (pick(9)) {
      case 0:
      case 1:
      case 2:
        world_.enqueue(random_request(),
                       chance(30) ? ExistingPolicy::replace : ExistingPolicy::keep);
        break;
      case 3:
        world_.cancel(1 + pick(30));
        world_.change_path(1 + pick(30));
        break;
      case 4:
        flip_a_condition();
        world_.take_turns();
        break;
      case 5:
        world_.store.full = !world_.store.full && chance(30);
        world_.take_turns();
        break;
      case 6:
        // A daemon that cannot recover exits; it is started again once it can.
        if (!world_.store.full) world_.crash();
        break;
      default:
        world_.advance(Duration{pick(1'200'000)});
    }
  }

  void check_promises() {
    const Scheduler& scheduler = world_.scheduler();
    const auto& children = world_.runner.children();
    EXPECT_LE(children.size(), 2U);
    for (const auto& [id, child] : children) EXPECT_EQ(world_.state(id), WorkState::running);

    const std::vector<StoredWork> stored = world_.store.load();
    EXPECT_EQ(stored.size(), scheduler.unfinished_count());
    for (const auto& [row, prerequisites] : stored) {
      const Work* held = scheduler.find(row.id);
      ASSERT_NE(held, nullptr);
      Work comparable = *held;
      comparable.successor = 0;
      comparable.held = false;
      comparable.run_policy = comparable.policy;
      EXPECT_EQ(comparable, row) << "memory and disk differ";
      if (row.state == WorkState::running && !world_.store.full) {
        EXPECT_TRUE(children.contains(row.id)) << "it runs without a child";
      }
      EXPECT_LE(row.attempts, row.policy.get().max_attempts.value_or(row.attempts));
    }
    for (const WorkInfo& info : world_.store.list({.finished = true})) {
      if (is_finished(info.work.state)) finished_.insert(info.work.id);
    }
    for (const WorkId id : finished_) {
      EXPECT_TRUE(is_finished(world_.state(id))) << "finished work came back";
    }
    if (!world_.store.full) {
      const auto next = scheduler.next_wakeup();
      EXPECT_TRUE(!next || *next > world_.now) << "something due and allowed stays idle";
    }
  }

  World world_;
  std::mt19937 random_{GetParam()};
  bool well_ = false;
  std::set<WorkId> finished_;
};

TEST_P(RandomWalk, KeepsThePromises) {
  for (int i = 0; i < kSteps && !HasFailure(); ++i) {
    step();
    check_promises();
  }

  well_ = true;
  world_.store.full = false;
  world_.conditions = good_conditions();
  world_.conditions.network->metered = true;
  world_.take_turns();
  for (const WorkInfo& info : world_.store.list({})) {
    const bool never_ends = info.request.kind == WorkKind::periodic;
    const bool unmetered = info.request.constraints.network == NetworkType::unmetered;
    if (never_ends || unmetered) world_.cancel(info.work.id);
    world_.change_path(info.work.id);
  }
  world_.advance(Days{2});

  for (const WorkInfo& info : world_.store.list({})) {
    ADD_FAILURE() << info.request.unique_name << " never finishes";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWalk, testing::Range(0U, 100U));

}  // namespace
}  // namespace wm
