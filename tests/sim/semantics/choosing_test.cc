// Choosing what runs.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

class Choosing : public Semantics {
 protected:
  Choosing() {
    world_.settings.run.max_parallel = 1;
    world_.runner.before_start = [this](const Launch& launch) {
      order_ += launch.info.request.unique_name + " ";
    };
    every_run_takes(1min);
  }
  void add(const std::string& name, const std::function<void(WorkRequest&)>& change,
           uid_t owner = 1000) {
    auto request = oneoff(name);
    change(request);
    world_.enqueue(request, ExistingPolicy::keep, owner);
  }

  std::string order_;
};

TEST_F(Choosing, ExpeditedFirstThenPriorityThenDueThenOldest) {
  add("busy", [](WorkRequest&) {});
  add("old", [](WorkRequest&) {});
  add("late", [](WorkRequest& r) { r.initial_delay = 10s; });
  add("low", [](WorkRequest& r) { r.priority = -10; });
  add("older", [](WorkRequest&) {});
  add("high", [](WorkRequest& r) { r.priority = 10; });
  add("expedited", [](WorkRequest& r) { r.expedited = true; });
  world_.advance(1h);
  EXPECT_EQ(order_, "busy expedited high old older late low ");
}

TEST_F(Choosing, AGroupHasALimitOfItsOwn) {
  world_.settings.run.max_parallel = 4;
  world_.settings.groups = {{"backup", {.max_parallel = 1}}};
  for (const char* name : {"a", "b", "c"}) {
    add(name, [](WorkRequest& r) { r.group = "backup"; });
  }
  add("other", [](WorkRequest&) {});
  EXPECT_EQ(order_, "a other ");
  world_.advance(1min);
  EXPECT_EQ(order_, "a other b ");
}

TEST_F(Choosing, SlotsAreForEachOwner) {
  world_.settings.run.max_parallel_total = 10;
  add("a", [](WorkRequest&) {});
  add("b", [](WorkRequest&) {});
  add("other", [](WorkRequest&) {}, 1001);
  EXPECT_EQ(order_, "a other ");
}

TEST_F(Choosing, WhereSlotsAreShortTheOwnerWithTheFewestRunsComesFirst) {
  world_.settings.run.max_parallel = 4;
  world_.settings.run.max_parallel_total = 4;
  for (const char* name : {"a1", "a2", "a3", "a4", "a5", "a6"}) {
    add(name, [](WorkRequest& r) { r.priority = 10; });
  }
  for (const char* name : {"b1", "b2", "b3"}) {
    add(name, [](WorkRequest& r) { r.priority = -10; }, 1001);
  }
  EXPECT_EQ(order_, "a1 a2 a3 a4 ");
  world_.advance(1min);
  EXPECT_EQ(order_, "a1 a2 a3 a4 b1 a5 b2 a6 ");
}

TEST_F(Choosing, OwnersOfAsManyRunsTakeTurns) {
  world_.settings.run.max_parallel_total = 1;
  for (const char* name : {"a1", "a2", "a3"}) add(name, [](WorkRequest&) {});
  for (const char* name : {"b1", "b2"}) add(name, [](WorkRequest&) {}, 1001);
  world_.advance(10min);
  EXPECT_EQ(order_, "a1 b1 a2 b2 a3 ");
}

TEST_F(Choosing, AGroupIsItsOwnersUnlessItIsShared) {
  world_.settings.run.max_parallel = 4;
  world_.settings.groups = {{"own", {.max_parallel = 1}},
                            {"all", {.max_parallel = 1, .shared = true}}};
  for (const uid_t owner : {1000U, 1001U}) {
    for (const char* group : {"own", "all"}) {
      add(group + std::to_string(owner), [&](WorkRequest& r) { r.group = group; }, owner);
    }
  }
  EXPECT_EQ(order_, "own1000 all1000 own1001 ");
  world_.advance(1min);
  EXPECT_EQ(order_, "own1000 all1000 own1001 all1001 ");
}

TEST_F(Choosing, NobodyIsWokenForWorkWhoseOwnerHasNoSlotFree) {
  world_.settings.run.max_parallel_total = 10;
  every_run_takes(10h);
  add("a", [](WorkRequest&) {});
  add("late", [](WorkRequest& r) { r.initial_delay = 1h; });
  EXPECT_EQ(world_.scheduler().next_wakeup(), std::nullopt);
  add("other", [](WorkRequest& r) { r.initial_delay = 2h; }, 1001);
  EXPECT_EQ(world_.scheduler().next_wakeup(), world_.now + 2h);
}

TEST_F(Choosing, APauseStartsNothingNewAndEndsByItself) {
  add("running", [](WorkRequest&) {});
  world_.change([&](WorkManager& manager) { manager.pause("", world_.now + 1h); });
  add("a", [](WorkRequest&) {});
  world_.advance(59min);
  EXPECT_EQ(order_, "running ");
  world_.crash();
  EXPECT_EQ(order_, "running ") << "a pause outlives the daemon";
  world_.advance(1min);
  EXPECT_EQ(order_, "running a ");
}

TEST_F(Choosing, APauseAndASpentBudgetLastNoLongerWhenTheClockIsSetBack) {
  world_.settings.expedited_budget = 1min;
  add("spends", [](WorkRequest& r) { r.expedited = true; });
  world_.advance(1min);
  world_.change([&](WorkManager& manager) { manager.pause("", world_.now + 1h); });
  world_.advance(10min);
  world_.set_clock(began_ - Days{30});
  world_.crash();
  add("a", [](WorkRequest&) {});
  world_.advance(49min);
  EXPECT_EQ(order_, "spends ");
  world_.advance(1min);
  EXPECT_EQ(order_, "spends a ");
  world_.advance(24h);
  add("dropped if the budget is spent", [](WorkRequest& r) {
    r.expedited = true;
    r.out_of_quota = OutOfQuota::drop;
  });
  EXPECT_EQ(order_, "spends a dropped if the budget is spent ");
}

TEST_F(Choosing, APauseOfAGroupConcernsOnlyIt) {
  world_.settings.run.max_parallel = 4;
  world_.change([&](WorkManager& manager) { manager.pause("g", {}); });
  add("a", [](WorkRequest& r) { r.group = "g"; });
  add("b", [](WorkRequest&) {});
  world_.advance(Days{1});
  EXPECT_EQ(order_, "b ");
  world_.change([&](WorkManager& manager) { manager.resume("g"); });
  EXPECT_EQ(order_, "b a ");
}

TEST_F(Choosing, ExpeditedWorkPastItsBudgetIsAsAnyOther) {
  world_.settings.expedited_budget = 1min;
  add("spends", [](WorkRequest& r) { r.expedited = true; });
  add("a", [](WorkRequest&) {});
  add("expedited", [](WorkRequest& r) { r.expedited = true; });
  world_.advance(1h);
  EXPECT_EQ(order_, "spends a expedited ");
}

TEST_F(Choosing, ExpeditedWorkPastItsBudgetIsDroppedWhereItSaysSo) {
  world_.settings.expedited_budget = 1min;
  add("spends", [](WorkRequest& r) { r.expedited = true; });
  add("dropped", [](WorkRequest& r) {
    r.expedited = true;
    r.out_of_quota = OutOfQuota::drop;
  });
  world_.advance(1h);
  EXPECT_EQ(order_, "spends ");
  const WorkId id = *world_.store.find(1000, "dropped");
  EXPECT_EQ(state(id), WorkState::cancelled);
  EXPECT_EQ(world_.store.info(id)->work.stopping, StopReason::quota);
}

TEST_F(Choosing, ABudgetIsForADayAndOutlivesTheDaemon) {
  world_.settings.expedited_budget = 1min;
  const auto expedited = [](WorkRequest& r) {
    r.expedited = true;
    r.out_of_quota = OutOfQuota::drop;
  };
  add("spends", expedited);
  world_.advance(2min);
  world_.crash();
  add("dropped", expedited);
  world_.advance(24h);
  add("again", expedited);
  EXPECT_EQ(order_, "spends again ");
}

TEST_F(Choosing, WorkOfTheLowestPriorityStartsWithinTwentyHoursUnderConstantLoad) {
  add("busy", [](WorkRequest&) {});
  add("lowest", [](WorkRequest& r) { r.priority = -10; });
  // There is always newer work of the highest priority, more than the machine can do.
  for (int i = 0; i < 20 * 60 + 2; ++i) {
    add("load-" + std::to_string(i), [](WorkRequest& r) { r.priority = 10; });
    world_.advance(1min);
  }
  const RunInfo run = world_.store.history({.unique_name = "lowest"}).runs.at(0);
  EXPECT_GE(run.started_at - began_, 19h);
  EXPECT_LE(run.started_at - began_, 20 * kAgeing + 2min);
}

TEST_F(Choosing, TwoRunsOfOneWorkNeverOverlap) {
  world_.settings.run.max_parallel = 4;
  every_run_takes(3h);
  const WorkId id = world_.enqueue(periodic("a", 15min));
  world_.advance(8h);  // The fake runner throws where two runs of a work overlap.
  EXPECT_EQ(starts(id), (Starts{0s, 3h + 15min, 6h + 30min}));
}

}  // namespace
}  // namespace wm
