// Turns with the calls of several clients: whatever they ask for together, each call gets its own
// answer, and the daemon goes on.
#include "tests/support/clients.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/support/promises.h"

namespace wm {
namespace {

namespace json = boost::json;

// Two users that every system has.
constexpr uid_t kAnn = 1;
constexpr uid_t kBen = 2;

json::object command_of(const std::string& name) {
  return {{"uniqueName", name}, {"kind", "oneoff"}, {"command", json::array{"/bin/true"}}};
}

json::object named(const std::string& name) { return {{"uniqueName", name}}; }

class ClientsTest : public testing::Test {
 protected:
  SimulatedCall register_work(const std::string& name) {
    return clients_.call(kAnn, "Register", {{"work", command_of(name)}});
  }

  // Runs a job of that name to its end, with exit code `code`.
  void run(const std::string& name, int code) {
    world_.runner.life = [code](const Launch&) {
      Life life;
      life.end.code = code;
      return life;
    };
    register_work(name);
    clients_.turn();
    world_.advance(1s);
  }

  World world_;
  Clients clients_{world_};
};

TEST_F(ClientsTest, AFileThatHasTooManyWorksRegistersNone) {
  world_.settings.limits.max_work_per_owner = 2;
  json::array works;
  for (const char* name : {"a", "b", "c"}) {
    works.push_back(json::object{{"work", command_of(name)}, {"where", "jobs.toml:1:1"}});
  }

  const auto apply = clients_.call(kAnn, "Apply", {{"works", works}});
  const auto other = clients_.call(kBen, "Register", {{"work", command_of("other")}});
  clients_.turn();

  EXPECT_EQ(apply.error(), "io.wm.Scheduler.Refused");
  EXPECT_EQ(other.error(), "") << "it was in the same turn, and has nothing to do with it";
  EXPECT_FALSE(world_.store.find(kAnn, "a")) << "all or nothing";
  EXPECT_TRUE(world_.store.find(kBen, "other"));
}

TEST_F(ClientsTest, AFileForWhichTheRoomEndsHalfWayRegistersNone) {
  world_.settings.limits.max_work_per_owner = 2;
  register_work("first");
  json::array works;
  for (const char* name : {"a", "b"}) {
    works.push_back(json::object{{"work", command_of(name)}, {"where", "jobs.toml:1:1"}});
  }

  const auto apply = clients_.call(kAnn, "Apply", {{"works", works}});
  const auto other = clients_.call(kBen, "Register", {{"work", command_of("other")}});
  clients_.turn();

  EXPECT_EQ(apply.error(), "io.wm.Scheduler.Refused");
  EXPECT_EQ(other.error(), "");
  EXPECT_FALSE(world_.store.find(kAnn, "a")) << "all or nothing";
  EXPECT_TRUE(world_.store.find(kAnn, "first")) << "it has nothing to do with it";
}

TEST_F(ClientsTest, AUserHasNoMoreUnfinishedJobsThanAllowed) {
  world_.settings.limits.max_work_per_owner = 2;
  register_work("a");
  register_work("b");
  const auto third = register_work("c");
  clients_.turn();
  EXPECT_EQ(third.error(), "io.wm.Scheduler.Refused");

  world_.advance(1h);
  const auto later = register_work("c");
  clients_.turn();
  EXPECT_TRUE(later.answered());
  EXPECT_EQ(later.error(), "") << "the others have ended";
}

TEST_F(ClientsTest, AmongManyFinishedJobsAPruneTakesSeveralTurns) {
  world_.runner.life = [](const Launch&) { return Life{.takes = Duration{0}}; };
  constexpr int kJobs = 1'500;
  for (int i = 0; i < kJobs; ++i) register_work("work-" + std::to_string(i));
  clients_.turn();
  world_.advance(1h);

  const auto prune = clients_.call(kAnn, "Prune", {});
  clients_.turn();
  EXPECT_FALSE(prune.answered()) << "others have their turn between";
  const auto other = clients_.call(kBen, "Register", {{"work", command_of("other")}});
  clients_.turn();

  EXPECT_EQ(other.error(), "");
  ASSERT_TRUE(prune.answered());
  EXPECT_EQ(prune.parameters().at("forgotten"), kJobs);
  EXPECT_FALSE(world_.store.find(kAnn, "work-0"));
}

TEST_F(ClientsTest, EachWhoWaitsHearsOfTheEndOfWorkThatIsForgottenAtOnce) {
  world_.runner.life = [](const Launch&) { return Life{.takes = Duration{0}}; };
  std::vector<SimulatedCall> waiting;
  for (int i = 0; i < 16; ++i) {
    const std::string name = "brief-" + std::to_string(i);
    json::object work = command_of(name);
    work["keepResultsMs"] = 0;
    clients_.call(kAnn, "Register", {{"work", work}});
    waiting.push_back(clients_.call(kAnn, "Wait", named(name)));
    waiting.push_back(
        clients_.call(0, "Wait", {{"uniqueName", name}, {"owner", std::int64_t{kAnn}}}));
  }

  world_.advance(1h);  // Some end in the turn in which others are forgotten.

  for (const SimulatedCall& call : waiting) {
    ASSERT_TRUE(call.answered());
    ASSERT_EQ(call.error(), "") << json::serialize(call.parameters());
    EXPECT_EQ(call.parameters().at("work").at("state").as_string(), "succeeded");
  }
  EXPECT_FALSE(world_.store.find(kAnn, "brief-0")) << "its time has come";
}

TEST_F(ClientsTest, AWaitGoesOnFromTheRunThatItWaitedFor) {
  world_.runner.life = [](const Launch& launch) {
    Life life;
    life.end.code = launch.info.work.runs == 1 ? 70 : 0;
    return life;
  };
  json::object often = command_of("often");
  often["kind"] = "periodic";
  often["everyMs"] = 3'600'000;
  clients_.call(kAnn, "Register", {{"work", often}});
  clients_.turn();
  world_.advance(5h);
  const auto wait_from = [&](int run, uid_t user) {
    const json::object awaited{{"uniqueName", "often"}, {"key", 1}, {"run", run}};
    const auto call = clients_.call(user, "Wait", {{"awaited", json::array{awaited}}});
    clients_.turn();
    return call;
  };
  const auto outcome = [](const SimulatedCall& call) {
    return call.parameters().at("work").at("lastResult").at("outcome").as_string();
  };

  EXPECT_EQ(outcome(wait_from(1, kAnn)), "failed");
  EXPECT_EQ(outcome(wait_from(2, kAnn)), "succeeded");
  EXPECT_EQ(wait_from(1, kBen).error(), "io.wm.Scheduler.NoSuchWork");
  const int next = world_.store.recorded(1).work.runs + 1;
  const auto later = wait_from(next, kAnn);
  EXPECT_FALSE(later.answered());
  world_.advance(1h);
  EXPECT_TRUE(later.answered());
}

TEST_F(ClientsTest, WhoeverWatchesFromAnEarlierTimeOnIsToldWhatIsOnRecord) {
  const auto told_since = [&](TimePoint time, uid_t user) {
    const auto call = clients_.call(user, "Watch", {{"since", format_time(time)}});
    clients_.turn();
    std::vector<std::string> list;
    const json::object answer = call.parameters();
    for (const json::value& event : answer.at("events").as_array()) {
      list.push_back(std::string(event.at("event").as_string()) + ' ' +
                     std::string(event.at("uniqueName").as_string()));
    }
    return list;
  };
  using Lines = std::vector<std::string>;
  const TimePoint begin = world_.now;
  run("good", 0);
  world_.advance(1s);
  const TimePoint between = world_.now;
  run("bad", 70);
  json::object never = command_of("never");
  never["initialDelayMs"] = 3'600'000;
  clients_.call(kAnn, "Register", {{"work", never}});
  clients_.turn();
  world_.advance(1s);
  clients_.call(kAnn, "Cancel", {{"uniqueNames", json::array{"never"}}});
  clients_.turn();

  const Lines bad{"scheduled bad", "started bad", "failed bad", "scheduled never",
                  "cancelled never"};
  EXPECT_EQ(told_since(between, kAnn), bad);
  Lines all{"scheduled good", "started good", "completed good"};
  all.insert(all.end(), bad.begin(), bad.end());
  EXPECT_EQ(told_since(begin, kAnn), all);
  EXPECT_EQ(told_since(begin, 0), all);
  EXPECT_EQ(told_since(begin, kBen), Lines{});
  EXPECT_EQ(told_since(world_.now + 1s, kAnn), Lines{});
}

TEST_F(ClientsTest, WhatATurnTouchesIsNotForgottenByIt) {
  for (const bool pruned_first : {true, false}) {
    run("done", 0);
    run("lost", 70);
    std::vector<SimulatedCall> calls;
    if (pruned_first) calls.push_back(clients_.call(kBen, "Prune", {}));
    if (pruned_first) calls.push_back(clients_.call(kAnn, "Prune", {}));
    calls.push_back(clients_.call(kAnn, "Retry", named("lost")));
    calls.push_back(clients_.call(
        kAnn, "Apply",
        {{"works", json::array{json::object{{"work", command_of("done")}, {"where", "f:1:1"}}}}}));
    json::object after = command_of("after");
    after["prerequisites"] = json::array{"done"};
    if (pruned_first) calls.push_back(clients_.call(kAnn, "Register", {{"work", after}}));
    if (!pruned_first) calls.push_back(clients_.call(kAnn, "Prune", {}));

    clients_.turn();

    for (const SimulatedCall& call : calls) {
      EXPECT_TRUE(call.answered());
      EXPECT_EQ(call.error(), "") << call.exchange()->call().method;
    }
    EXPECT_TRUE(world_.store.find(kAnn, "done"));
    world_.advance(1h);
  }
}

TEST_F(ClientsTest, ATimeLimitThatIsRaisedDuringARunWakesNobody) {
  world_.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  world_.settings.run.time_limit = 3s;
  world_.reload();
  register_work("long");
  clients_.turn();

  world_.settings.run.time_limit = 2h;
  world_.reload();
  world_.advance(90min);  // It throws if the daemon would wake up without end.

  EXPECT_EQ(world_.state(1), WorkState::succeeded);
}

TEST_F(ClientsTest, ATimeLimitThatIsLoweredDuringARunEndsIt) {
  world_.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  register_work("long");
  clients_.turn();

  world_.settings.run.time_limit = 3s;
  world_.reload();
  world_.advance(1min);

  ASSERT_FALSE(world_.history().empty());
  EXPECT_EQ(world_.history().back().result.value_or(RunResult{}).stop_reason, StopReason::timeout);
}

// The names in one list of the answer to a KeepAlive.
std::set<std::string> names_in(const SimulatedCall& call, std::string_view list) {
  std::set<std::string> names;
  const json::object answer = call.parameters();
  for (const json::value& name : answer.at(list).as_array()) {
    names.emplace(name.as_string());
  }
  return names;
}

TEST_F(ClientsTest, AnOwnerKeepsRunsAliveByTheirNames) {
  using Names = std::set<std::string>;
  world_.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  for (const char* name : {"a", "b", "later"}) {
    json::object work = command_of(name);
    work["watchdogMs"] = 30'000;
    if (std::string_view(name) == "later") work["initialDelayMs"] = 36'000'000;
    clients_.call(kAnn, "Register", {{"work", work}});
  }
  clients_.turn();
  const json::object all{{"uniqueNames", {"a", "b", "later", "nobody"}}};
  const json::object one{{"uniqueNames", {"a"}}};

  world_.advance(20s);
  const auto feed = clients_.call(kAnn, "KeepAlive", all);
  const auto stranger = clients_.call(kBen, "KeepAlive", one);
  clients_.turn();
  EXPECT_EQ(names_in(feed, "heard"), (Names{"a", "b"}));
  EXPECT_EQ(names_in(feed, "notRunning"), (Names{"later", "nobody"}));
  EXPECT_EQ(names_in(stranger, "notRunning"), (Names{"a"})) << "it is a job of its own";

  world_.advance(20s);
  json::object as_ann = one;
  as_ann["owner"] = std::int64_t{kAnn};
  const auto refused = clients_.call(kBen, "KeepAlive", as_ann);
  const auto root = clients_.call(0, "KeepAlive", as_ann);
  clients_.turn();
  EXPECT_EQ(refused.error(), "io.wm.Scheduler.NotPermitted");
  EXPECT_EQ(names_in(root, "heard"), (Names{"a"}));

  world_.advance(15s);  // b was silent for too long.
  EXPECT_EQ(world_.state(1), WorkState::running);
  EXPECT_EQ(world_.state(2), WorkState::enqueued);
  const auto last = clients_.call(kAnn, "KeepAlive", all);
  clients_.turn();
  EXPECT_EQ(names_in(last, "heard"), (Names{"a"}));
}

TEST_F(ClientsTest, AnOwnersWordIsHeardForJobsThatStartOnlyOnIt) {
  using Names = std::set<std::string>;
  world_.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  json::object work = command_of("leased");
  work["watchdogMs"] = 30'000;
  work["whileKeptAlive"] = true;
  clients_.call(kAnn, "Register", {{"work", work}});
  clients_.turn();
  const json::object names{{"uniqueNames", {"leased"}}};

  const auto stranger = clients_.call(kBen, "KeepAlive", names);
  clients_.turn();
  EXPECT_EQ(names_in(stranger, "notRunning"), (Names{"leased"}));
  EXPECT_EQ(world_.state(1), WorkState::enqueued);

  const auto owner = clients_.call(kAnn, "KeepAlive", names);
  clients_.turn();
  EXPECT_EQ(names_in(owner, "heard"), (Names{"leased"}));
  EXPECT_EQ(world_.state(1), WorkState::running);

  clients_.call(kAnn, "Cancel", names);
  clients_.turn();
  const auto late = clients_.call(kAnn, "KeepAlive", names);
  clients_.turn();
  EXPECT_EQ(names_in(late, "notRunning"), (Names{"leased"}));
}

TEST_F(ClientsTest, AnOwnerWhoseWordComesLateMaySaySinceWhenItCounts) {
  world_.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  json::object work = command_of("a");
  work["watchdogMs"] = 30'000;
  clients_.call(kAnn, "Register", {{"work", work}});
  clients_.turn();
  const auto since_boot = [&] { return (world_.now.time_since_epoch() - world_.clock_offset); };
  const auto feed = [&](Duration time) {
    clients_.call(kAnn, "KeepAlive", {{"uniqueNames", {"a"}}, {"sinceBootMs", time.count()}});
    clients_.turn();
  };
  const auto silence_ends = [&] {
    const Scheduler& scheduler = world_.scheduler();
    return *scheduler.agenda().silence_ends(*scheduler.find(1)) - world_.now;
  };
  world_.advance(20s);

  feed(since_boot() - 5s);
  EXPECT_EQ(silence_ends(), 25s);
  feed(since_boot() - 10s);
  EXPECT_EQ(silence_ends(), 25s) << "a later word counts";
  feed(since_boot() + 1h);
  EXPECT_EQ(silence_ends(), 30s) << "nobody speaks for the future";
}

TEST_F(ClientsTest, ARunThatReportsAnythingIsAlive) {
  world_.runner.life = [](const Launch&) { return Life{.takes = 1h}; };
  json::object work = command_of("a");
  work["watchdogMs"] = 30'000;
  clients_.call(kAnn, "Register", {{"work", work}});
  clients_.turn();
  const std::string id = world_.store.recorded(1).uuid;
  const std::pair<const char*, json::object> reports[]{
      {"SetProgress", {{"id", id}, {"percent", 1}}},
      {"SetOutput", {{"id", id}, {"output", json::object()}}},
      {"SayAlive", {{"id", id}}}};
  for (const auto& [method, parameters] : reports) {
    world_.advance(29s);
    const auto others = clients_.call(kBen, method, parameters);
    const auto report = clients_.call(kAnn, method, parameters);
    clients_.turn();
    EXPECT_EQ(report.error(), "") << method;
    EXPECT_EQ(others.error(), "io.wm.Scheduler.NotPermitted") << method;
  }
  world_.advance(29s);
  clients_.call(kBen, "SayAlive", {{"id", id}});
  clients_.turn();
  EXPECT_EQ(world_.scheduler().find(1)->stopping, StopReason::none);
  world_.advance(1s);
  EXPECT_EQ(world_.scheduler().find(1)->stopping, StopReason::watchdog);
}

TEST_F(ClientsTest, OnAFullDiskChangesAreRefusedAndQuestionsAnswered) {
  run("lost", 70);
  world_.store.full = true;

  const auto retry = clients_.call(kAnn, "Retry", named("lost"));
  const auto list = clients_.call(kAnn, "List", {});
  const auto status = clients_.call(kBen, "Status", {});
  const auto check = clients_.call(kBen, "Check", {{"constraints", json::object()}});
  clients_.turn();

  EXPECT_EQ(retry.error(), "io.wm.Scheduler.Failed");
  for (const SimulatedCall& call : {list, status, check}) {
    EXPECT_TRUE(call.answered()) << call.exchange()->call().method;
    EXPECT_EQ(call.error(), "");
  }
  world_.store.full = false;
  clients_.turn();
  const auto again = clients_.call(kAnn, "Retry", named("lost"));
  clients_.turn();
  EXPECT_EQ(again.error(), "");
}

TEST_F(ClientsTest, AnUpdateChangesWhatItNamesAtEveryDepth) {
  json::object work = command_of("sync");
  work["constraints"] = {{"charging", true}};
  work["backoff"] = {{"policy", "linear"}, {"delayMs", 60'000}};
  work["env"] = {{"A", "1"}, {"B", "2"}};
  work["input"] = {{"deep", {{"x", 1}, {"y", 2}}}, {"z", 3}};
  world_.conditions.holds[Constraint::charging] = false;
  clients_.call(kAnn, "Register", {{"work", work}});
  clients_.turn();

  const json::object changes{{"backoff", {{"delayMs", 120'000}}},
                             {"env", {{"A", nullptr}, {"C", "3"}}},
                             {"input", {{"deep", {{"x", 4}}}, {"z", nullptr}}}};
  const auto update = clients_.call(kAnn, "Update", {{"uniqueName", "sync"}, {"changes", changes}});
  clients_.turn();

  ASSERT_EQ(update.error(), "") << json::serialize(update.parameters());
  const WorkRequest after = world_.store.recorded(1).request;
  EXPECT_EQ(backoff_of(after), (Backoff{BackoffPolicy::linear, 2min}));
  EXPECT_EQ(after.env, (std::map<std::string, std::string>{{"B", "2"}, {"C", "3"}}));
  EXPECT_EQ(json::parse(after.input), (json::value{{"deep", {{"x", 4}, {"y", 2}}}}));
  EXPECT_TRUE(after.constraints.has(Constraint::charging));
}

TEST_F(ClientsTest, RunsOfANameAreNumberedOnceHoweverMuchIsAppended) {
  world_.runner.life = [](const Launch& launch) {
    Life life;
    life.takes = 1min;
    if (launch.info.work.attempts == 1) life.end.code = 75;  // Each asks for another attempt once.
    return life;
  };
  for (int i = 0; i < 3; ++i) {
    clients_.call(kAnn, "Register", {{"work", command_of("chain")}, {"existing", "append"}});
  }
  clients_.turn();
  world_.advance(1h);

  std::vector<int> numbers;
  for (const RunInfo& run : world_.history()) numbers.push_back(run.run);
  EXPECT_EQ(numbers, (std::vector<int>{6, 5, 4, 3, 2, 1}));
}

// Random batches: every call of a turn is answered in that turn, whatever the others are, and none
// with an internal error.
class RandomClients : public testing::TestWithParam<unsigned> {
 protected:
  RandomClients() {
    world_.writes_down = false;
    world_.settings.limits.max_work_per_owner = 6;
    world_.settings.history.max_runs = 3;
    world_.runner.life = [this](const Launch&) {
      Life life;
      life.takes = Duration{pick(60'000)};
      life.dying = Duration{pick(5'000)};
      if (chance(30)) life.end.code = 70;
      if (chance(20)) life.end.code = 75;
      if (chance(10)) life.cannot_start = {ChildEnd::How::no_room, 0, "no memory"};
      return life;
    };
  }

  int pick(int most) { return std::uniform_int_distribution(0, most)(random_); }
  bool chance(int percent) { return pick(99) < percent; }
  std::string random_name() { return "work-" + std::to_string(pick(4)); }
  uid_t random_user() { return chance(20) ? 0 : kAnn + static_cast<uid_t>(pick(1)); }

  json::object random_work() {
    json::object work = command_of(random_name());
    if (chance(30)) {
      work["kind"] = "periodic";
      work["everyMs"] = 900'000 + pick(900'000);
    } else if (chance(40)) {
      work["prerequisites"] = json::array{json::string(random_name())};
    }
    if (chance(50)) work["keepResultsMs"] = pick(1) * 1000;
    if (chance(30)) work["initialDelayMs"] = pick(60'000);
    if (chance(30)) work["constraints"] = {{"charging", true}};
    if (chance(20)) work["timeLimitMs"] = 1 + pick(30'000);
    if (chance(20)) work["watchdogMs"] = 100 + pick(30'000);
    return work;
  }

  SimulatedCall random_call() {
    const uid_t user = random_user();
    static constexpr const char* kPolicies[]{
        "keep", "replace", "append", "append-or-replace", "update", "cancel-and-reenqueue"};
    switch (pick(16)) {
      case 0:
      case 1:
      case 2:
        return clients_.call(user, "Register",
                             {{"work", random_work()}, {"existing", kPolicies[pick(5)]}});
      case 3: {
        json::array works;
        for (int i = 0; i <= pick(3); ++i) {
          works.push_back(json::object{{"work", random_work()}, {"where", "jobs.toml:1:1"}});
        }
        return clients_.call(user, "Apply", {{"works", works}, {"prune", chance(50)}});
      }
      case 4:
      case 5:
        return clients_.call(user, "Prune", {});
      case 6: {
        const std::string name = random_name();
        if (const auto id = world_.store.find(user, name)) promises_.expect_return(*id);
        return clients_.call(user, "Retry", named(name));
      }
      case 7:
        return clients_.call(user, "Run", named(random_name()));
      case 8:
        return clients_.call(user, "Cancel",
                             {{"uniqueNames", json::array{json::string(random_name()),
                                                          json::string(random_name())}}});
      case 9:
        return clients_.call(user, "Cancel", {{"all", true}});
      case 10:
        return clients_.call(
            user, "Update",
            {{"uniqueName", random_name()}, {"changes", {{"priority", pick(20) - 10}}}});
      case 11:
        return clients_.call(user, "Show", named(random_name()));
      case 12:
        return clients_.call(user, "Why", named(random_name()));
      case 13:
        return clients_.call(user, "List", {{"finished", chance(50)}});
      case 14:
        return clients_.call(user, "History", {});
      case 15:
        return clients_.call(user, "KeepAlive",
                             {{"uniqueNames", json::array{json::string(random_name()),
                                                          json::string(random_name())}}});
      default:
        return clients_.call(user, "Forecast", {});
    }
  }

  // Notes what the next turn leaves on disk, by id.
  void take_down_the_next_turn() {
    left_.reset();
    world_.after_turn = [this, promises = promised_](const TurnReport& report) {
      promises(report);
      if (left_) return;
      left_.emplace();
      names_.clear();
      for (const WorkInfo& info : world_.store.list({.finished = true})) {
        left_->emplace(info.uuid, info.work.state);
        names_.emplace(info.work.owner, info.request.unique_name);
      }
    };
  }

  // An answer shows the job as its turn has left it.
  void expect_as_on_disk(const json::value* work) {
    if (!work || !left_) return;
    const auto found = left_->find(std::string(work->at("id").as_string()));
    const json::string& name = work->at("uniqueName").as_string();
    const auto owner = static_cast<uid_t>(work->at("owner").to_number<std::int64_t>());
    if (found == left_->end()) {  // Another job has its name by now.
      EXPECT_TRUE(names_.contains({owner, std::string(name)}))
          << "told of, and not on disk: " << json::serialize(*work);
      return;
    }
    EXPECT_EQ(work->at("state").as_string(), word(found->second));
  }

  void expect_sound(const SimulatedCall& call) {
    ASSERT_TRUE(call.answered()) << call.exchange()->call().method;
    if (call.error().empty()) {
      ++done_[call.exchange()->call().method];
      const json::object answer = call.parameters();
      expect_as_on_disk(answer.if_contains("work"));
      if (const json::value* works = answer.if_contains("works")) {
        for (const json::value& work : works->as_array()) expect_as_on_disk(&work);
      }
    }
    if (call.error() != "io.wm.Scheduler.Failed" || world_.store.full) return;
    ADD_FAILURE() << call.exchange()->call().method << ": " << json::serialize(call.parameters());
  }

  void step() {
    if (chance(10))
      world_.conditions.holds[Constraint::charging] =
          !world_.conditions.holds[Constraint::charging].value_or(true);
    if (chance(5)) world_.store.full = !world_.store.full;
    if (chance(5)) {
      world_.settings.run.time_limit = Duration{pick(1) * (1 + pick(20'000))};
      world_.reload();
    }
    if (chance(5)) {
      world_.store.full = false;  // The promises need ends and steps in separate turns.
      clients_.turn();
      world_.set_clock(world_.now + Duration{pick(7'200'000) - 3'600'000});
      waiting_.clear();  // That turn has told them everything.
    }
    if (chance(3) && !world_.store.full) {
      world_.crash();
      waiting_.clear();
    }
    take_down_the_next_turn();
    std::vector<SimulatedCall> calls;
    for (int i = pick(6); i >= 0; --i) calls.push_back(random_call());
    for (int i = pick(2); i > 0; --i) {
      waiting_.push_back(clients_.call(random_user(), "Wait", named(random_name())));
    }
    clients_.turn();
    for (const SimulatedCall& call : calls) expect_sound(call);
    world_.advance(Duration{pick(120'000)});
  }

  // Nobody waits for a job that has ended.
  void expect_answers_for_who_waits() {
    world_.store.full = false;
    clients_.turn();
    for (const char* user : {"0", "1000", "1001"}) {
      clients_.call(static_cast<uid_t>(std::stoul(user)), "Cancel", {{"all", true}});
    }
    clients_.turn();
    world_.advance(1h);
    left_.reset();
    for (const SimulatedCall& call : waiting_) expect_sound(call);
  }

  std::mt19937 random_{GetParam()};
  World world_;
  Promises promises_{world_};
  std::function<void(const TurnReport&)> promised_ = world_.after_turn;
  Clients clients_{world_};
  std::optional<std::map<std::string, WorkState>> left_;
  std::set<std::pair<uid_t, std::string>> names_;  // The names of those jobs.
  std::vector<SimulatedCall> waiting_;
  std::map<std::string, int> done_;  // Successful calls, by method.
};

TEST_P(RandomClients, AreEachAnswered) {
  for (int i = 0; i < 200 && !HasFailure(); ++i) step();
  if (!HasFailure()) expect_answers_for_who_waits();
  for (const char* method : {"Register", "Apply", "Prune", "Cancel"}) {
    EXPECT_GT(done_["io.wm.Scheduler." + std::string(method)], 0) << method << " is never done";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomClients, testing::Range(0U, 40U));

}  // namespace
}  // namespace wm
