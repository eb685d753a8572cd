// A file of works.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

class Apply : public Semantics {
 protected:
  std::vector<RegisterResult> apply(const std::vector<WorkRequest>& requests, bool prune = false) {
    std::vector<Registration> registrations;
    for (const WorkRequest& request : requests) {
      registrations.push_back({1000, "uuid", request, ExistingPolicy::update, true, "file:1:1"});
    }
    std::vector<RegisterResult> results;
    world_.change([&](WorkManager& manager) {
      auto done = manager.registrar().apply(registrations, prune, 1000, world_.now);
      problem_ = done ? "" : done.error().message;
      if (!done) return;
      for (const Registered& one : *done) results.push_back(one.result);
    });
    return results;
  }
  std::size_t count() { return world_.store.list({}).size(); }

  std::string problem_;
};

using Results = std::vector<RegisterResult>;

TEST_F(Apply, ASecondTimeChangesNothing) {
  using enum RegisterResult;
  auto once = oneoff("b");
  const std::vector<WorkRequest> file{periodic("a", 1h), once};
  EXPECT_EQ(apply(file), (Results{enqueued, enqueued}));
  world_.advance(10min);
  EXPECT_EQ(apply(file), (Results{unchanged, unchanged})) << "also where it has ended";
  EXPECT_EQ(world_.runs(2), 1);
  EXPECT_EQ(apply({periodic("a", 2h), once}), (Results{updated, unchanged}));
}

TEST_F(Apply, ABackoffThatIsNamedIsTheSameAsTheUsualOne) {
  using enum RegisterResult;
  auto usual = oneoff("a");
  EXPECT_EQ(apply({usual}), (Results{enqueued}));
  auto named = usual;
  set_backoff(named, Backoff{});
  EXPECT_EQ(apply({named}), (Results{unchanged}));
  named.backoff_delay = 1min;
  EXPECT_EQ(apply({named}), (Results{updated}));
}

TEST_F(Apply, TheMembersOfAnInputHaveNoOrder) {
  using enum RegisterResult;
  auto request = oneoff("a");
  request.input = R"({"a":1,"b":[2,{"c":3,"d":4}]})";
  EXPECT_EQ(apply({request}), (Results{enqueued}));
  request.input = R"({"b":[2,{"d":4,"c":3}],"a":1})";
  EXPECT_EQ(apply({request}), (Results{unchanged}));
  request.input = R"({"b":[{"d":4,"c":3},2],"a":1})";
  EXPECT_EQ(apply({request}), (Results{updated}));
}

TEST_F(Apply, KeepsTheOrderOfTheFileWhereChainsAllow) {
  auto second = oneoff("second");
  second.prerequisites = {"fourth"};
  apply({oneoff("first"), second, oneoff("third"), oneoff("fourth"), oneoff("fifth")});
  std::vector<std::string> names;
  for (const WorkInfo& info : world_.store.list({})) names.push_back(info.request.unique_name);
  EXPECT_EQ(names, (std::vector<std::string>{"first", "third", "fourth", "second", "fifth"}));
}

TEST_F(Apply, AllOrNothing) {
  auto bad = oneoff("b");
  bad.prerequisites = {"nobody"};
  EXPECT_TRUE(apply({periodic("a", 1h), bad}).empty());
  EXPECT_NE(problem_.find("file:1:1: "), std::string::npos) << problem_;
  EXPECT_EQ(count(), 0U);
}

TEST_F(Apply, ChainsInAnyOrderButNoCircle) {
  every_run_takes(1h);
  auto a = oneoff("a");
  auto b = oneoff("b");
  b.prerequisites = {"a"};
  EXPECT_EQ(apply({b, a}).size(), 2U);
  EXPECT_EQ(state(*world_.store.find(1000, "b")), WorkState::blocked);
  auto c = oneoff("c");
  auto d = oneoff("d");
  c.prerequisites = {"d"};
  d.prerequisites = {"c"};
  EXPECT_TRUE(apply({c, d}).empty());
  EXPECT_NE(problem_.find("its own prerequisite"), std::string::npos) << problem_;
  EXPECT_TRUE(apply({a, a}).empty());
}

TEST_F(Apply, PruneCancelsWhatFilesNoLongerNameAndNothingElse) {
  using enum RegisterResult;
  world_.enqueue(periodic("by-hand", 1h));
  apply({periodic("a", 1h), periodic("b", 1h)});
  EXPECT_EQ(apply({periodic("a", 1h)}, true), (Results{unchanged, cancelled}));
  world_.advance(1min);
  EXPECT_EQ(count(), 2U);
  EXPECT_EQ(apply({}, true), Results{cancelled});
  EXPECT_EQ(world_.store.list({}).front().request.unique_name, "by-hand");
}

TEST_F(Apply, WhatWasCancelledIsEnqueuedAnew) {
  apply({periodic("a", 1h)});
  world_.cancel(1);
  world_.advance(1min);
  EXPECT_EQ(apply({periodic("a", 1h)}), Results{RegisterResult::enqueued});
}

}  // namespace
}  // namespace wm
