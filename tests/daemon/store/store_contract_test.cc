// The contract of every store: the one on paper, which the simulated machines use, and the one on
// disk.
#include <gtest/gtest.h>

#include "daemon/store/sqlite_store.h"
#include "tests/support/backoff.h"
#include "tests/support/insert_job.h"
#include "tests/support/memory_store.h"
#include "tests/support/now.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

namespace wm {
namespace {

constexpr Duration kKeep = 24h;
constexpr Duration kKeepState = Days{90};

struct Memory {
  MemoryStore store;
  void reopen() {}
  Store& operator*() { return store; }
};

struct Sqlite {
  TemporaryDirectory directory;
  std::unique_ptr<SqliteStore> store = open();

  std::unique_ptr<SqliteStore> open() {
    auto opened = SqliteStore::open(directory.path() / "wm.db");
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  void reopen() {
    store.reset();
    store = open();
  }
  Store& operator*() { return *store; }
};

template <class Holder>
class StoreContract : public testing::Test {
 protected:
  Store& store() { return *holder_; }

  WorkInfo info(const std::string& name, uid_t owner = 1000) {
    WorkInfo work;
    work.uuid = "uuid-of-" + name;
    work.work.owner = owner;
    work.request = oneoff(name);
    work.request.tags = {"all", name};
    work.request.task_name = "task";
    work.request.constraints = {.network = NetworkType::unmetered,
                                .flags = {Constraint::storage_not_low}};
    set_backoff(work.request, {BackoffPolicy::linear, 15s});
    work.request.prefer = {{{.flags = {Constraint::charging}}, 1h}};
    work.registered_at = kNow;
    work.work.policy = work.work.run_policy =
        SharedPolicy(static_cast<const Policy&>(work.request));
    work.work.enqueued_at = work.work.since = kNow;
    work.work.due = kNow + 1min;
    return work;
  }

  WorkId insert(const WorkInfo& work, const std::vector<WorkId>& prerequisites = {}) {
    store().begin();
    const WorkId id = insert_job(store(), work, prerequisites);
    store().commit();
    return id;
  }

  void save(const Work& row) {
    store().begin();
    store().save(row, kKeep);
    store().commit();
  }

  RunInfo start_run(WorkId id, int number) {
    RunInfo run;
    run.work = id;
    run.run = number;
    run.attempt = number;
    run.started_at = kNow + number * 1min;
    store().begin();
    store().start_run(run);
    store().commit();
    return run;
  }

  void end_run(RunInfo run, RunOutcome outcome) {
    run.finished_at = run.started_at + 1s;
    run.length = 2s;
    run.result = RunResult{outcome, 3, std::nullopt, StopReason::cancelled, "why"};
    run.max_rss_kb = 5;
    run.user_time = 6ms;
    run.system_time = 7ms;
    run.read_kb = 8;
    run.written_kb = 9;
    store().begin();
    store().end_run(run);
    store().commit();
  }

  std::vector<std::string> names(const WorkFilter& filter) {
    std::vector<std::string> list;
    for (const WorkInfo& work : store().list(filter)) list.push_back(work.request.unique_name);
    return list;
  }

  Holder holder_;
};

using Names = std::vector<std::string>;
using Stores = testing::Types<Memory, Sqlite>;
TYPED_TEST_SUITE(StoreContract, Stores);

TYPED_TEST(StoreContract, GivesBackWhatWasStored) {
  WorkInfo stored = this->info("a");
  stored.work.id = this->insert(stored);
  this->holder_.reopen();

  const auto found = this->store().info(stored.work.id);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->uuid, stored.uuid);
  EXPECT_EQ(found->request, stored.request);
  EXPECT_EQ(found->work, stored.work);
  EXPECT_EQ(found->registered_at, stored.registered_at);
  EXPECT_FALSE(found->last_result);
}

TYPED_TEST(StoreContract, SavesRows) {
  Work row = this->info("a").work;
  row.id = this->insert(this->info("a"));
  row.state = WorkState::running;
  row.due = kNow + 5min;
  row.period_ends = kNow + 1h;
  row.attempts = 2;
  row.runs = 3;
  row.periods = 4;
  row.generation = 5;
  row.blocked_on = 6;
  row.timing = Timing::retry;
  row.run_now = row.settling = row.expedited = true;
  row.at = kNow + 3h;
  row.rare = SharedRareFacts(
      RareFacts{.earlier = {kNow + 3min, {{WaitKind::constraint, "charging", 2min}}}});
  row.since = kNow + 2min;
  row.enqueued_at = kNow + 1min;
  row.stopping = StopReason(Constraint::network);
  this->save(row);
  this->holder_.reopen();

  EXPECT_EQ(this->store().info(row.id)->work, row);
  ASSERT_EQ(this->store().load().size(), 1U);
  EXPECT_EQ(this->store().load().front().work, row);
}

TYPED_TEST(StoreContract, SavesCancelledJobsAsIfOneByOne) {
  WorkInfo brief = this->info("brief");
  brief.request.keep_results = 1h;
  std::vector<Work> rows;
  for (const WorkInfo& info : {this->info("a"), brief, this->info("waits")}) {
    rows.push_back(info.work);
    rows.back().id = this->insert(info);
  }
  this->store().begin();
  this->store().save_progress(rows[0].id, {.percent = 40});
  this->store().save_cancelled({rows[0].id, rows[1].id}, kNow + 5min, StopReason::cancelled, kKeep);
  this->store().commit();
  this->holder_.reopen();

  for (Work& row : std::span(rows).first(2)) {
    row.state = WorkState::cancelled;
    row.since = kNow + 5min;
    row.stopping = StopReason::cancelled;
    EXPECT_EQ(this->store().info(row.id)->work, row);
    EXPECT_FALSE(this->store().info(row.id)->progress);
  }
  EXPECT_EQ(this->names({}), Names{"waits"});
  EXPECT_EQ(this->store().next_expiry(), kNow + 5min + 1h) << "its own time";
  this->store().begin();
  EXPECT_EQ(this->store().expire(kNow + 5min + kKeep, 10, {}, 24h).works.size(), 2U);
  this->store().commit();
}

TYPED_TEST(StoreContract, ReadsSeveralJobsInTheOrderAsked) {
  const WorkId a = this->insert(this->info("a"));
  const WorkId b = this->insert(this->info("b"));
  this->end_run(this->start_run(a, 1), RunOutcome::failed);

  const std::vector<WorkInfo> found = this->store().infos(std::vector{b, b + 1, a});

  ASSERT_EQ(found.size(), 2U) << "one is not on record";
  EXPECT_EQ(found[0].request.unique_name, "b");
  EXPECT_EQ(found[0].work, this->store().info(b)->work);
  EXPECT_EQ(found[1].request, this->store().info(a)->request);
  EXPECT_TRUE(found[1].last_result);
}

TYPED_TEST(StoreContract, KnowsNamesAndWhoseTheyAre) {
  Work ended = this->info("ended").work;
  ended.id = this->insert(this->info("ended"));
  ended.state = WorkState::succeeded;
  this->save(ended);
  this->insert(this->info("a"));
  this->insert(this->info("theirs", 1001));
  const auto names = [&](uid_t owner, int most) {
    const std::vector<std::string> list = this->store().names(owner, most);
    return std::set<std::string>(list.begin(), list.end());
  };
  EXPECT_EQ(names(1000, 10), (std::set<std::string>{"a", "ended"}));
  EXPECT_EQ(names(1001, 10), std::set<std::string>{"theirs"});
  EXPECT_EQ(names(1000, 1), std::set<std::string>{"a"});
  EXPECT_EQ(this->store().owner_of("theirs"), 1001U);
  EXPECT_EQ(this->store().owner_of("nobody"), std::nullopt);
}

TYPED_TEST(StoreContract, TakesEverythingBack) {
  const WorkId id = this->insert(this->info("a"));
  this->start_run(id, 1);
  Work row = this->store().info(id)->work;

  this->store().begin();
  row.state = WorkState::succeeded;
  this->store().save(row, kKeep);
  insert_job(this->store(), this->info("a"));
  insert_job(this->store(), this->info("b"));
  this->store().start_run({.work = id, .run = 2});
  RunInfo run;
  run.work = id;
  run.run = 1;
  run.finished_at = kNow;
  run.result = RunResult{};
  this->store().end_run(run);
  this->store().roll_back();

  EXPECT_EQ(this->store().find(1000, "a"), id);
  EXPECT_EQ(this->store().find(1000, "b"), std::nullopt);
  EXPECT_EQ(this->store().info(id)->work.state, WorkState::enqueued);
  EXPECT_FALSE(this->store().info(id)->last_result);
  ASSERT_EQ(this->store().history({}).runs.size(), 1U);
  EXPECT_FALSE(this->store().history({}).runs.front().result);
}

TYPED_TEST(StoreContract, NamesBelongToTheirOwner) {
  const WorkId mine = this->insert(this->info("a", 1000));
  const WorkId yours = this->insert(this->info("a", 1001));
  EXPECT_EQ(this->store().find(1000, "a"), mine);
  EXPECT_EQ(this->store().find(1001, "a"), yours);
  EXPECT_EQ(this->store().find(1002, "a"), std::nullopt);
  EXPECT_EQ(this->store().find(1000, "A"), std::nullopt);
}

TYPED_TEST(StoreContract, ANameMovesToItsNewestWork) {
  const WorkId old = this->insert(this->info("a"));
  const WorkId fresh = this->insert(this->info("a"));
  EXPECT_GT(fresh, old);
  EXPECT_EQ(this->store().find(1000, "a"), fresh);
  EXPECT_EQ(this->names({}), (Names{"a", "a"})) << "the old one may still be on its way out";
  Work row = this->store().info(old)->work;
  row.state = WorkState::cancelled;
  this->save(row);
  EXPECT_EQ(this->names({.finished = true}), Names{"a"}) << "then it is history";
  EXPECT_EQ(this->names({.states = {WorkState::cancelled}}), Names{});
}

TYPED_TEST(StoreContract, IdsAreNeverUsedTwice) {
  const WorkId first = this->insert(this->info("a"));
  Work row = this->store().info(first)->work;
  row.state = WorkState::succeeded;
  this->save(row);
  this->holder_.reopen();
  EXPECT_GT(this->insert(this->info("b")), first);
}

TYPED_TEST(StoreContract, ListsByStateTagTaskAndOwner) {
  const WorkId a = this->insert(this->info("a"));
  this->insert(this->info("b"));
  auto other = this->info("c", 1001);
  other.request.task_name = "other";
  this->insert(other);
  Work row = this->store().info(a)->work;
  row.state = WorkState::failed;
  this->save(row);

  EXPECT_EQ(this->names({}), (Names{"b", "c"}));
  EXPECT_EQ(this->names({.finished = true}), (Names{"a", "b", "c"}));
  EXPECT_EQ(this->names({.states = {WorkState::failed}}), Names{"a"});
  EXPECT_EQ(this->names({.states = {WorkState::failed, WorkState::enqueued}}),
            (Names{"a", "b", "c"}));
  EXPECT_EQ(this->names({.tags = {"a", "b"}, .finished = true}), (Names{"a", "b"}));
  EXPECT_EQ(this->names({.task_name = "other"}), Names{"c"});
  EXPECT_EQ(this->names({.owner = 1000}), Names{"b"});
}

TYPED_TEST(StoreContract, ListsPageByPage) {
  for (const char* name : {"a", "b", "c"}) this->insert(this->info(name));
  const auto first = this->store().list({.limit = 2});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(this->names({.after = first.back().work.id, .limit = 2}), Names{"c"});
}

// A page looks at a bounded number of jobs, however few of many it lists.
TYPED_TEST(StoreContract, WhatAFilterLeavesIsListedStepByStep) {
  for (int i = 0; i < 10; ++i) {
    WorkInfo info = this->info("w" + std::to_string(i), i < 5 ? 1000U : 1001U);
    info.request.tags = {i == 8 ? "rare" : "often"};
    info.request.task_name = i == 9 ? "rare" : "often";
    this->insert(info);
  }
  const auto all = [&](WorkFilter filter) {
    Names names;
    for (filter.limit = 3;;) {
      filter.up_to = this->store().reach(filter, 4);
      const auto page = this->store().list(filter);
      for (const WorkInfo& one : page) {
        names.push_back(one.request.unique_name);
        filter.after = one.work.id;
      }
      if (std::cmp_equal(page.size(), filter.limit)) continue;
      if (!filter.up_to) return names;
      filter.after = *filter.up_to;
    }
  };
  EXPECT_EQ(all({}).size(), 10U);
  EXPECT_EQ(all({.owner = 1001}), (Names{"w5", "w6", "w7", "w8", "w9"}));
  EXPECT_EQ(all({.owner = 1001, .finished = true}).size(), 5U);
  EXPECT_EQ(all({.states = {WorkState::enqueued}}).size(), 10U);
  EXPECT_EQ(all({.states = {WorkState::failed}}), Names{});
  EXPECT_EQ(all({.tags = {"rare"}}), Names{"w8"});
  EXPECT_EQ(all({.tags = {"often", "rare"}}).size(), 10U);
  EXPECT_EQ(all({.owner = 1000, .tags = {"often"}}).size(), 5U);
  EXPECT_EQ(all({.task_name = "rare"}), Names{"w9"});
  EXPECT_FALSE(this->store().reach({}, 4)) << "all of it is listed";
  EXPECT_TRUE(this->store().reach({.finished = true}, 4));
}

TYPED_TEST(StoreContract, KeepsTheHistoryNewestFirst) {
  const WorkId id = this->insert(this->info("a"));
  this->end_run(this->start_run(id, 1), RunOutcome::retry);
  this->end_run(this->start_run(id, 2), RunOutcome::succeeded);
  this->start_run(id, 3);

  const auto runs = this->store().history({}).runs;

  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].run, 3);
  EXPECT_FALSE(runs[0].result);
  EXPECT_EQ(runs[2].run, 1);
  EXPECT_EQ(runs[2].unique_name, "a");
  EXPECT_EQ(runs[2].finished_at, kNow + 1min + 1s);
  const RunResult expected{RunOutcome::retry, 3, std::nullopt, StopReason::cancelled, "why"};
  EXPECT_EQ(runs[2].result, expected);
  EXPECT_EQ(runs[2].max_rss_kb, 5);
  EXPECT_EQ(runs[2].user_time, 6ms);
  EXPECT_EQ(runs[2].system_time, 7ms);
  EXPECT_EQ(runs[2].read_kb, 8);
  EXPECT_EQ(runs[2].written_kb, 9);
  const auto info = this->store().info(id);
  EXPECT_EQ(info->last_result->outcome, RunOutcome::succeeded);
  EXPECT_EQ(info->last_finished_at, kNow + 2min + 1s);
}

TYPED_TEST(StoreContract, KnowsHowLongTheRunsOfANameUsuallyTake) {
  const WorkId id = this->insert(this->info("a"));
  EXPECT_EQ(this->store().usual_length(1000, "a"), std::nullopt);
  this->end_run(this->start_run(id, 1), RunOutcome::succeeded);
  EXPECT_EQ(this->store().usual_length(1000, "a"), 2s);

  this->store().begin();
  for (int number = 2; number < 2 + kUsualRuns; ++number) {
    RunInfo run{.work = id, .run = number, .started_at = kNow};
    this->store().start_run(run);
    run.finished_at = kNow + 1s;
    run.length = number % 2 == 0 ? 10s : 20s;
    run.result = RunResult{};
    this->store().end_run(run);
  }
  this->store().commit();
  this->end_run(this->start_run(id, 20), RunOutcome::failed);
  this->start_run(id, 21);

  EXPECT_EQ(this->store().usual_length(1000, "a"), 15s) << "the first is too long ago";
  EXPECT_EQ(this->store().usual_length(1001, "a"), std::nullopt);
}

TYPED_TEST(StoreContract, HistoryIsFilteredAndPaged) {
  const WorkId a = this->insert(this->info("a"));
  const WorkId b = this->insert(this->info("b", 1001));
  this->end_run(this->start_run(a, 1), RunOutcome::failed);
  this->end_run(this->start_run(a, 2), RunOutcome::succeeded);
  this->end_run(this->start_run(b, 3), RunOutcome::retry);
  this->end_run(this->start_run(b, 4), RunOutcome::interrupted);

  EXPECT_EQ(this->store().history({.unique_name = "a"}).runs.size(), 2U);
  EXPECT_EQ(this->store().history({.owner = 1001}).runs.size(), 2U);
  EXPECT_EQ(this->store().history({.failed = true}).runs.size(), 2U)
      << "that it was interrupted is no failure of it";
  EXPECT_EQ(this->store().history({.since = kNow + 2min}).runs.size(), 3U);
  const RunPage page = this->store().history({.limit = 3});
  ASSERT_EQ(page.runs.size(), 3U);
  ASSERT_NE(page.last, 0);
  const RunPage rest = this->store().history({.before = page.last, .limit = 3});
  ASSERT_EQ(rest.runs.size(), 1U);
  EXPECT_EQ(rest.runs.front().run, 1);
  EXPECT_EQ(rest.last, 0);

  RunFilter few{.owner = 1000, .failed = true, .looked_at = 1};
  std::vector<int> found;
  do {
    const RunPage next = this->store().history(few);
    for (const RunInfo& run : next.runs) found.push_back(run.run);
    few.before = next.last;
  } while (few.before != 0);
  EXPECT_EQ(found, std::vector<int>{1}) << "whatever a page looks at";
}

TYPED_TEST(StoreContract, FindsOneRun) {
  const WorkId id = this->insert(this->info("a"));
  this->start_run(id, 1);
  this->start_run(id, 2);
  EXPECT_EQ(this->store().run(1000, "a", 0)->run, 2);
  EXPECT_EQ(this->store().run(1000, "a", 1)->run, 1);
  EXPECT_FALSE(this->store().run(1000, "a", 3));
  EXPECT_FALSE(this->store().run(1001, "a", 1));
}

TYPED_TEST(StoreContract, FindsTheRunThatCameNext) {
  const WorkId id = this->insert(this->info("a"));
  for (const int number : {2, 3, 5}) this->start_run(id, number);
  EXPECT_EQ(this->store().next_run(1000, "a", 0)->run, 2);
  EXPECT_EQ(this->store().next_run(1000, "a", 3)->run, 5);
  EXPECT_FALSE(this->store().next_run(1000, "a", 5));
  EXPECT_FALSE(this->store().next_run(1001, "a", 0));
}

TYPED_TEST(StoreContract, FindsWhatHasHappenedSince) {
  const auto names_of = [](const Newest<WorkMark>& works) {
    Names list;
    for (const WorkMark& work : works.list) list.push_back(work.unique_name);
    return list;
  };
  for (const int number : {1, 2, 3}) {
    WorkInfo info = this->info(std::to_string(number));
    info.registered_at = kNow + number * 1min;
    const WorkId id = this->insert(info);
    this->end_run(this->start_run(id, number), RunOutcome::succeeded);  // A second later.
    if (number == 2) this->start_run(id, 4);
    Work work = this->store().recorded(id).work;
    work.state = WorkState::succeeded;
    work.since = kNow + number * 1min + 1s;
    if (number != 2) this->save(work);
  }
  RecordFilter filter{.since = kNow + 2min};
  ASSERT_EQ(this->store().runs_ended(filter).list.size(), 2U);
  EXPECT_FALSE(this->store().runs_ended(filter).cut_at);
  EXPECT_EQ(this->store().runs_ended(filter).list.front().run, 3);
  EXPECT_EQ(names_of(this->store().works_registered(filter)), (Names{"3", "2"}));
  EXPECT_EQ(names_of(this->store().works_finished(filter)), (Names{"3"}));
  filter.names = {"2"};
  EXPECT_EQ(this->store().runs_ended(filter).list.size(), 1U);
  EXPECT_EQ(names_of(this->store().works_registered(filter)), (Names{"2"}));
  filter.limit = 1;
  EXPECT_TRUE(this->store().works_registered(filter).list.empty()) << "not among those looked at";
  EXPECT_EQ(this->store().works_registered(filter).cut_at, kNow + 3min);
  filter = {.owner = 1001};
  EXPECT_TRUE(this->store().runs_ended(filter).list.empty());
  EXPECT_TRUE(this->store().works_finished(filter).list.empty());
}

TYPED_TEST(StoreContract, FindsUnfinishedWorkByOwnerAndTag) {
  const WorkId a = this->insert(this->info("a"));
  const WorkId b = this->insert(this->info("b"));
  const WorkId c = this->insert(this->info("c", 1001));
  Work row = this->store().info(b)->work;
  row.state = WorkState::cancelled;
  this->save(row);
  EXPECT_EQ(this->store().unfinished({}, ""), (std::vector{a, c}));
  EXPECT_EQ(this->store().unfinished(1000, ""), (std::vector{a}));
  EXPECT_EQ(this->store().unfinished({}, "c"), (std::vector{c}));
}

TYPED_TEST(StoreContract, FindsTheUnfinishedWorkOfANameWhoeverHoldsIt) {
  const WorkId before = this->insert(this->info("a"));
  const WorkId holder = this->insert(this->info("a"));
  const WorkId others = this->insert(this->info("a", 1001));
  EXPECT_EQ(this->store().find(1000, "a"), holder);
  EXPECT_EQ(this->store().record_of(1000, "a").holder, holder);
  EXPECT_EQ(this->store().record_of(1000, "a").unfinished, (std::vector{before, holder}));
  EXPECT_EQ(this->store().record_of(1001, "a").unfinished, (std::vector{others}));

  Work row = this->store().recorded(holder).work;
  row.state = WorkState::cancelled;
  this->save(row);
  EXPECT_EQ(this->store().find(1000, "a"), holder);
  EXPECT_EQ(this->store().record_of(1000, "a").unfinished, (std::vector{before}));

  this->store().begin();
  this->store().prune(1000, 0, 1000, {}, kKeepState);
  this->store().commit();
  EXPECT_EQ(this->store().find(1000, "a"), std::nullopt);
  EXPECT_EQ(this->store().record_of(1000, "a").unfinished, (std::vector{before}));
}

TYPED_TEST(StoreContract, ListsEverybodysUnfinishedWorkPageByPage) {
  std::vector<WorkId> ids;
  for (const uid_t owner : {1002, 1000, 1000, 1001, 1000, 1002}) {
    ids.push_back(this->insert(this->info(std::to_string(ids.size()), owner)));
  }
  const auto page = [&](WorkId after, std::optional<WorkId> up_to) {
    return this->names({.after = after, .up_to = up_to, .limit = 2});
  };
  EXPECT_EQ(page(0, {}), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(page(ids[1], {}), (std::vector<std::string>{"2", "3"}));
  EXPECT_EQ(page(ids[3], {}), (std::vector<std::string>{"4", "5"}));
  EXPECT_EQ(page(ids[3], ids[4]), (std::vector<std::string>{"4"}));
  EXPECT_TRUE(page(ids[5], {}).empty());
}

TYPED_TEST(StoreContract, AnUpdateChangesTheTermsAndKeepsTheRow) {
  const WorkId id = this->insert(this->info("a"));
  const Work before = this->store().info(id)->work;
  WorkRequest request = this->info("a").request;
  request.tags = {"new"};
  request.every = 2h;
  request.priority = 7;

  this->store().begin();
  this->store().update(id, request, true);
  this->store().commit();
  this->holder_.reopen();

  EXPECT_EQ(this->store().info(id)->request, request);
  EXPECT_EQ(this->store().info(id)->work.due, before.due);
  EXPECT_EQ(this->names({.tags = {"new"}}), Names{"a"});
  EXPECT_EQ(this->names({.tags = {"all"}}), Names{});
  EXPECT_EQ(this->store().load().front().work.policy.get().priority, 7);
  EXPECT_EQ(this->store().applied(1000), std::vector{id});
  EXPECT_EQ(this->store().applied(1001), std::vector<WorkId>{});
}

TYPED_TEST(StoreContract, RemembersWhatWasSeenOfPaths) {
  const WorkId id = this->insert(this->info("a"));
  EXPECT_EQ(this->store().load_paths_seen(id), std::nullopt);
  this->store().begin();
  this->store().save_paths_seen(id, -1);
  this->store().commit();
  this->store().begin();
  this->store().save_paths_seen(id, 2);
  this->store().roll_back();
  this->holder_.reopen();
  EXPECT_EQ(this->store().load_paths_seen(id), -1);
}

TYPED_TEST(StoreContract, LinksOfAChain) {
  const WorkId a = this->insert(this->info("a"));
  const WorkId b = this->insert(this->info("b"));
  const WorkId c = this->insert(this->info("c"), {b, a});
  const auto ids = [](const std::vector<ChainLink>& links) {
    std::vector<WorkId> list;
    for (const ChainLink& link : links) list.push_back(link.id);
    return list;
  };
  EXPECT_EQ(ids(this->store().prerequisites(c)), (std::vector{b, a})) << "as they were named";
  EXPECT_EQ(ids(this->store().dependents(a, 10)), std::vector{c});
  EXPECT_EQ(this->store().load()[2].prerequisites, (std::vector{b, a}));

  this->store().begin();
  this->store().save_output(a, R"({"a":1})");
  this->store().commit();
  Work row = this->store().info(b)->work;
  row.state = WorkState::succeeded;
  this->save(row);
  this->holder_.reopen();

  EXPECT_EQ(this->store().outputs_of_prerequisites(c), std::vector<std::string>{R"({"a":1})"});
  EXPECT_EQ(this->store().load()[1].prerequisites, std::vector{a}) << "b has ended";
}

TYPED_TEST(StoreContract, FinishedWorkIsForgottenWhenItsTimeHasCome) {
  WorkInfo brief = this->info("brief");
  brief.request.keep_results = 1h;
  Work first = brief.work;
  first.id = this->insert(brief);
  Work second = this->info("usual").work;
  second.id = this->insert(this->info("usual"));
  this->end_run(this->start_run(first.id, 1), RunOutcome::succeeded);
  EXPECT_EQ(this->store().next_expiry(), std::nullopt);
  for (Work* row : {&first, &second}) {
    row->state = WorkState::succeeded;
    this->save(*row);
  }
  EXPECT_EQ(this->store().next_expiry(), kNow + 1h);

  this->store().begin();
  const Pruned none = this->store().expire(kNow + 59min, 10, {}, kKeepState);
  const Pruned pruned = this->store().expire(kNow + 1h, 10, {}, kKeepState);
  this->store().commit();

  EXPECT_EQ(none.works.size(), 0U);
  EXPECT_EQ(pruned.works.size(), 1U);
  EXPECT_EQ(pruned.runs, (std::vector<ForgottenRun>{{first.id, 1}}));
  EXPECT_FALSE(this->store().info(first.id));
  EXPECT_EQ(this->store().find(1000, "brief"), std::nullopt);
  EXPECT_TRUE(this->store().history({}).runs.empty());
  EXPECT_EQ(this->store().next_expiry(), kNow + kKeep);
}

TYPED_TEST(StoreContract, WhatUnfinishedWorkDependsOnIsNotForgotten) {
  Work a = this->info("a").work;
  a.id = this->insert(this->info("a"));
  this->insert(this->info("b"), {a.id});
  a.state = WorkState::succeeded;
  this->save(a);

  this->store().begin();
  EXPECT_EQ(this->store().expire(kNow + kKeep, 10, {}, kKeepState).works.size(), 0U);
  EXPECT_EQ(this->store().prune({}, 0, 1000, {}, kKeepState).works.size(), 0U);
  this->store().commit();

  EXPECT_GT(this->store().next_expiry(), kNow + kKeep) << "it is looked at again";
}

TYPED_TEST(StoreContract, AStateDirectoryIsItsNamesAndExpiresAfterTheLastRun) {
  Work first = this->info("a").work;
  first.id = this->insert(this->info("a"));
  const WorkId other = this->insert(this->info("a", 1001));
  EXPECT_EQ(this->store().find_state(1000, "a"), std::nullopt) << "no run has started";
  const auto use = [&](WorkId id) {
    this->store().begin();
    this->store().use_state(id);
    this->store().commit();
  };
  use(first.id);
  use(other);
  const auto state = this->store().find_state(1000, "a");
  ASSERT_TRUE(state);
  EXPECT_TRUE(this->store().has_state(*state));
  EXPECT_NE(state, this->store().find_state(1001, "a"));
  const auto expire = [&](TimePoint now) {
    this->store().begin();
    std::vector<StateId> expired = this->store().expire_states(now, 10, 24h);
    this->store().commit();
    return expired;
  };

  // The last run ends at kNow + 1min + 1s.
  this->end_run(this->start_run(first.id, 1), RunOutcome::succeeded);
  EXPECT_EQ(this->store().next_expiry(), std::nullopt);
  first.state = WorkState::succeeded;
  first.since = kNow + 1h;
  this->store().begin();
  this->store().save(first, Days{7});
  this->store().release_states({first.id}, 24h);
  this->store().commit();
  EXPECT_EQ(this->store().next_expiry(), kNow + 1min + 1s + 24h);

  // Registered again, it has the same directory; an unfinished job keeps it.
  Work again = this->info("a").work;
  again.id = this->insert(this->info("a"));
  this->holder_.reopen();
  EXPECT_EQ(this->store().find_state(1000, "a"), state);
  EXPECT_TRUE(expire(kNow + Days{3}).empty());
  EXPECT_EQ(this->store().next_expiry(), kNow + 1h + Days{7})
      << "of the work, not of the directory";

  again.state = WorkState::cancelled;
  again.since = kNow + Days{3};
  this->store().begin();
  this->store().save(again, Days{7});
  this->store().release_states({again.id}, 24h);
  this->store().roll_back();
  this->store().begin();
  this->store().save(again, Days{7});
  this->store().release_states({again.id}, 24h);
  this->store().commit();
  EXPECT_TRUE(expire(kNow + Days{4} - 1ms).empty());
  EXPECT_EQ(expire(kNow + Days{4}), std::vector<StateId>{*state});
  EXPECT_EQ(this->store().find_state(1000, "a"), std::nullopt);
  EXPECT_FALSE(this->store().has_state(*state));
  EXPECT_TRUE(this->store().find_state(1001, "a")) << "it is another's";
  use(again.id);
  EXPECT_NE(this->store().find_state(1000, "a"), state) << "never the same again";
}

TYPED_TEST(StoreContract, ForgettingAJobReleasesItsStateDirectory) {
  const auto run_and_end = [&](int number) {
    Work row = this->info("a").work;
    row.id = this->insert(this->info("a"));
    this->store().begin();
    this->store().use_state(row.id);
    this->store().commit();
    this->end_run(this->start_run(row.id, number), RunOutcome::succeeded);
    row.state = WorkState::succeeded;
    row.since = kNow + number * 1min + 1s;
    this->store().begin();
    this->store().save(row, 1h);
    this->store().release_states({row.id}, 24h);
    this->store().commit();
  };
  const auto forget = [&](TimePoint now) {
    this->store().begin();
    EXPECT_EQ(this->store().expire(now, 10, {}, 24h).works.size(), 1U);
    std::vector<StateId> expired = this->store().expire_states(now, 10, 24h);
    this->store().commit();
    return expired;
  };
  const TimePoint first_ended = kNow + 1min + 1s;
  run_and_end(1);
  EXPECT_EQ(this->store().next_expiry(), first_ended + 1h) << "of the job";
  EXPECT_TRUE(forget(first_ended + 1h).empty());
  EXPECT_EQ(this->store().next_expiry(), first_ended + 24h) << "of its directory";

  // A later run, of a job that is still on record, keeps it.
  constexpr int kLater = 24 * 60;
  run_and_end(kLater);
  const TimePoint ended = kNow + kLater * 1min + 1s;
  run_and_end(kLater + 30);
  EXPECT_TRUE(forget(ended + 1h).empty());
  EXPECT_EQ(this->store().next_expiry(), ended + 90min) << "of the newest job";
  this->store().begin();
  EXPECT_TRUE(this->store().expire_states(ended + 24h, 10, 24h).empty());
  this->store().commit();
  EXPECT_TRUE(forget(ended + 24h).empty());
  EXPECT_EQ(this->store().next_expiry(), ended + 30min + 24h);
  this->store().begin();
  EXPECT_EQ(this->store().expire_states(ended + 30min + 24h, 10, 24h).size(), 1U);
  this->store().commit();
}

TYPED_TEST(StoreContract, PruningGoesOnWhereItStopped) {
  std::vector<WorkId> ids;
  for (const char* name : {"a", "b", "c", "d"}) {
    Work work = this->info(name).work;
    work.id = this->insert(this->info(name));
    ids.push_back(work.id);
    if (*name == 'b') continue;  // It has not ended.
    work.state = WorkState::succeeded;
    this->save(work);
  }
  this->store().begin();
  const Pruned first = this->store().prune(1000, 0, 2, {}, kKeepState);
  const Pruned second = this->store().prune(1000, *first.reached, 3, {}, kKeepState);
  this->store().commit();

  EXPECT_EQ(first.works, std::vector{ids[0]});
  EXPECT_EQ(first.reached, ids[1]) << "also those that stay are looked at";
  EXPECT_EQ(second.works, (std::vector{ids[2], ids[3]}));
  EXPECT_EQ(second.reached, std::nullopt);
}

TYPED_TEST(StoreContract, TheUseOfAnOwnerIsRightAtAnyTimeOfATurn) {
  const auto use = [&] { return this->store().use_of(1000).work_bytes; };
  const auto sum = [&] {
    const std::vector<OwnerUse> all = this->store().uses();
    return all.empty() ? 0 : all.front().work_bytes;
  };
  this->store().begin();
  insert_job(this->store(), this->info("a"));
  this->store().roll_back();
  EXPECT_EQ(use(), 0);
  Work row = this->info("a").work;
  for (const bool taken_back : {true, false}) {
    this->store().begin();
    row.id = insert_job(this->store(), this->info("a"));
    const std::int64_t of_one = use();
    EXPECT_GT(of_one, 0);
    this->store().save_output(row.id, "{}");
    EXPECT_EQ(use(), of_one + 2);
    insert_job(this->store(), this->info("b"));
    EXPECT_EQ(use(), 2 * of_one + 2);
    EXPECT_EQ(sum(), use());
    row.state = WorkState::succeeded;
    this->store().save(row, kKeep);
    this->store().prune(1000, 0, 1000, {}, kKeepState);
    EXPECT_EQ(use(), of_one);
    if (taken_back) {
      this->store().roll_back();
      EXPECT_EQ(use(), 0);
      EXPECT_EQ(sum(), 0);
    } else {
      this->store().commit();
      EXPECT_EQ(use(), of_one);
      EXPECT_EQ(sum(), of_one);
    }
  }
}

TYPED_TEST(StoreContract, PruningCanBeTakenBack) {
  Work a = this->info("a").work;
  a.id = this->insert(this->info("a"));
  this->end_run(this->start_run(a.id, 1), RunOutcome::succeeded);
  a.state = WorkState::succeeded;
  this->save(a);

  this->store().begin();
  EXPECT_EQ(this->store().prune(1001, 0, 1000, {}, kKeepState).works.size(), 0U)
      << "it is not theirs";
  EXPECT_EQ(this->store().prune(1000, 0, 1000, {}, kKeepState).works.size(), 1U);
  this->store().roll_back();

  EXPECT_EQ(this->store().find(1000, "a"), a.id);
  EXPECT_EQ(this->store().history({}).runs.size(), 1U);
}

TYPED_TEST(StoreContract, KeepsTheNewestRunsOfAName) {
  const WorkId old = this->insert(this->info("a"));
  for (int number : {1, 2}) this->end_run(this->start_run(old, number), RunOutcome::succeeded);
  const WorkId fresh = this->insert(this->info("a"));
  for (int number : {3, 4}) this->end_run(this->start_run(fresh, number), RunOutcome::succeeded);

  this->store().begin();
  const auto forgotten = this->store().forget_runs(fresh, 4, 3);
  this->store().commit();

  EXPECT_EQ(forgotten, (std::vector<ForgottenRun>{{old, 1}}));
  EXPECT_EQ(this->store().history({}).runs.size(), 3U);
}

TYPED_TEST(StoreContract, AddsUpWhatEachOwnerKeeps) {
  EXPECT_EQ(this->store().use_of(1000), OwnerUse{1000});
  const WorkId id = this->insert(this->info("a"));
  this->insert(this->info("b", 1001));
  const OwnerUse one = this->store().use_of(1000);
  EXPECT_GT(one.work_bytes, 0);
  EXPECT_EQ(this->store().use_of(1001).work_bytes, one.work_bytes);

  const std::string output = R"({"a":"ö"})";
  this->end_run(this->start_run(id, 1), RunOutcome::succeeded);
  this->store().begin();
  this->store().save_output(id, output);
  this->store().save_log_size(id, 1, 100);
  this->store().save_log_size(id, 2, 100);  // There is no such run.
  this->store().commit();
  const OwnerUse more{1000, one.work_bytes + static_cast<std::int64_t>(output.size()), 100};
  EXPECT_EQ(this->store().use_of(1000), more);

  this->store().begin();
  insert_job(this->store(), this->info("c"));
  WorkInfo larger = this->info("a");
  larger.request.input = R"({"k":"v"})";
  this->store().update(id, larger.request, false);
  EXPECT_GT(this->store().use_of(1000).work_bytes, 2 * more.work_bytes - 100);
  this->store().roll_back();
  EXPECT_EQ(this->store().use_of(1000), more) << "what was undone is not counted";
  this->holder_.reopen();
  EXPECT_EQ(this->store().uses(), (std::vector<OwnerUse>{more, {1001, one.work_bytes, 0}}));

  Work ended = this->store().info(id)->work;
  ended.state = WorkState::succeeded;
  this->save(ended);
  this->store().begin();
  this->store().prune(1000, 0, 1000, {}, kKeepState);
  this->store().commit();
  EXPECT_EQ(this->store().use_of(1000), OwnerUse{1000});
}

TYPED_TEST(StoreContract, RemovesTheOldestLogsOfAnOwner) {
  const WorkId id = this->insert(this->info("a"));
  const WorkId others = this->insert(this->info("a", 1001));
  for (const WorkId work : {others, id}) {
    for (int number = 1; number <= 4; ++number) {
      const RunInfo run = this->start_run(work, number);
      if (number == 4) continue;
      this->end_run(run, RunOutcome::succeeded);
      if (number == 2) continue;
      this->store().begin();
      this->store().save_log_size(work, number, 100);
      this->store().commit();
    }
  }
  EXPECT_EQ(this->store().use_of(1000).log_bytes, 200);

  this->store().begin();
  const auto removed = this->store().remove_logs(1000, 101, 10);
  EXPECT_TRUE(this->store().remove_logs(1000, 1, 10).empty()) << "one goes on, one printed nothing";
  this->store().commit();

  EXPECT_EQ(removed, (std::vector<RemovedLog>{{{id, 1}, 100}, {{id, 3}, 100}}));
  EXPECT_EQ(this->store().use_of(1000).log_bytes, 0);
  EXPECT_EQ(this->store().use_of(1001).log_bytes, 200);
  EXPECT_TRUE(this->store().run(1000, "a", 1)->log_removed);
  EXPECT_FALSE(this->store().run(1000, "a", 2)->log_removed);
  EXPECT_EQ(this->store().run(1001, "a", 1)->log_bytes, 100);
  this->store().begin();
  EXPECT_EQ(this->store().remove_logs(1001, 1000, 1).size(), 1U);
  this->store().roll_back();
  EXPECT_EQ(this->store().use_of(1001).log_bytes, 200);
}

TYPED_TEST(StoreContract, KeepsTheNewestOfTheLedger) {
  LedgerEntry entry;
  entry.from = kNow;
  entry.conditions.network = NetworkReading{true, true, false};
  entry.conditions.holds[Constraint::charging] = false;
  entry.conditions.holds[Constraint::battery_not_low] = true;
  entry.conditions.holds[Constraint::storage_not_low] = true;
  entry.conditions.holds[Constraint::idle] = false;
  entry.conditions.custom = {{"vpn", true}, {"nas", false}};
  entry.paused = {"", "backup"};
  entry.shutting_down = entry.unattended = true;
  LedgerEntry unknown;
  unknown.from = kNow + 1ms;

  this->store().begin();
  this->store().save_ledger(unknown);
  this->store().roll_back();
  this->store().begin();
  for (int i = 0; i < kLedgerEntries; ++i) this->store().save_ledger(entry);
  this->store().save_ledger(unknown);
  this->store().commit();
  this->holder_.reopen();

  const std::vector<LedgerEntry> ledger = this->store().load_ledger();
  ASSERT_EQ(ledger.size(), std::size_t{kLedgerEntries});
  EXPECT_EQ(ledger.front(), entry);
  EXPECT_EQ(ledger.back(), unknown);
}

TYPED_TEST(StoreContract, PausesAndExpeditedRunsOutliveTheDaemon) {
  const Pauses pauses{{"", kNow}, {"backup", std::nullopt}};
  this->store().begin();
  this->store().save_pauses({{"old", std::nullopt}});
  this->store().save_pauses(pauses);
  this->store().commit();
  const WorkId id = this->insert(this->info("a"));
  RunInfo run;
  run.work = id;
  run.run = 1;
  run.started_at = kNow;
  run.expedited = true;
  run.waited = {{WaitKind::constraint, "network", 5s}, {WaitKind::slot, "", 1ms}};
  run.relaxed = {"charging"};
  run.missed_periods = 2;
  this->store().begin();
  this->store().start_run(run);
  this->store().commit();
  this->end_run(run, RunOutcome::succeeded);
  this->holder_.reopen();

  EXPECT_EQ(this->store().load_pauses(), pauses);
  const auto expedited = this->store().expedited_runs(kNow);
  ASSERT_EQ(expedited.size(), 1U);
  EXPECT_EQ(expedited.front().owner, 1000U);
  EXPECT_EQ(expedited.front().length, 2s) << "whatever the clock says";
  EXPECT_TRUE(this->store().expedited_runs(kNow + 1s).empty());
  const RunInfo kept = this->store().history({}).runs.front();
  EXPECT_EQ(kept.length, 2s);
  EXPECT_EQ(kept.waited, run.waited);
  EXPECT_EQ(kept.relaxed, run.relaxed);
  EXPECT_EQ(kept.missed_periods, 2);
}

TYPED_TEST(StoreContract, KeepsChangesOfConditionsInTheOrderOfTheirTimes) {
  const ConditionChange started{.at = kNow, .event = ConditionEvent::started};
  const ConditionChange network{
      .at = kNow + 2s,
      .condition = Constraint::network,
      .value = NetworkReading{.connected = true, .metered = true, .roaming = true},
      .source = "override",
      .detail = "a detail"};
  const ConditionChange charging{
      .at = kNow + 1s, .condition = Constraint::charging, .value = false};
  const ConditionChange unknown{.at = kNow + 3s, .condition = Constraint::charging};
  const ConditionChange nas{
      .at = kNow + 3s, .condition = ConditionId(Constraint::custom, "n:as"), .value = true};
  const std::vector<ConditionChange> all{started, network, charging, unknown, nas};
  this->store().begin();
  this->store().save_condition_changes(all);
  this->store().commit();
  this->holder_.reopen();

  const auto page = this->store().condition_changes(kNow, {}, 3);
  ASSERT_EQ(page.size(), 3);
  EXPECT_EQ(page[0].change, started);
  EXPECT_EQ(page[1].change, charging);
  EXPECT_EQ(page[2].change, network);
  const auto rest = this->store().condition_changes(kNow, page[2], 3);
  ASSERT_EQ(rest.size(), 2);
  EXPECT_EQ(rest[0].change, unknown);
  EXPECT_EQ(rest[1].change, nas);
  EXPECT_TRUE(this->store().condition_changes(kNow, rest[1], 3).empty());
  EXPECT_EQ(this->store().condition_changes(kNow + 3s, {}, 9).size(), 2);
}

TYPED_TEST(StoreContract, FindsTheChangesAroundATime) {
  std::vector<ConditionChange> all{{.at = kNow, .event = ConditionEvent::started}};
  for (int i = 1; i <= 6; ++i) {
    all.push_back({.at = kNow + i * 1s, .condition = Constraint::idle, .value = i % 2 == 0});
    all.push_back({.at = kNow + i * 1s, .condition = Constraint::charging, .value = true});
  }
  this->store().begin();
  this->store().save_condition_changes(all);
  this->store().commit();

  const auto around =
      this->store().condition_changes_around(ConditionId(Constraint::idle), kNow + 4s, 2);
  ASSERT_EQ(around.size(), 4);
  EXPECT_EQ(around.front().change.at, kNow + 3s);
  EXPECT_EQ(around.back().change.at, kNow + 6s);
  EXPECT_EQ(this->store().condition_changes_around(std::nullopt, kNow + 4s, 2).size(), 1);
  const auto before = this->store().condition_changes_before(kNow + 3s);
  ASSERT_EQ(before.size(), 3) << "the daemon's, idle and charging";
  for (const ConditionChange& one : before) {
    EXPECT_EQ(one.at, one.condition ? kNow + 2s : kNow);
  }
}

TYPED_TEST(StoreContract, ForgetsTheOldestChangesOfConditions) {
  EXPECT_EQ(this->store().oldest_condition_change(), std::nullopt);
  std::vector<ConditionChange> all;
  for (int i = 0; i < 5; ++i) all.push_back({.at = kNow + i * 1s, .condition = Constraint::idle});
  this->store().begin();
  this->store().save_condition_changes(all);
  this->store().forget_condition_changes(kNow + 4s, 3);
  this->store().commit();
  EXPECT_EQ(this->store().oldest_condition_change(), kNow + 3s);
  this->store().begin();
  this->store().forget_condition_changes(kNow + 10s, 9);
  this->store().roll_back();
  EXPECT_EQ(this->store().oldest_condition_change(), kNow + 3s);
}

TYPED_TEST(StoreContract, KeepsABoundedNumberOfChanges) {
  const std::vector<ConditionChange> many(1000, {.at = kNow, .condition = Constraint::idle});
  this->store().begin();
  for (int i = 0; i < kMostConditionChanges / 1000; ++i) {
    this->store().save_condition_changes(many);
  }
  this->store().save_condition_changes(
      std::vector<ConditionChange>{{.at = kNow - 1s, .condition = Constraint::idle}});
  this->store().commit();
  const auto kept = this->store().condition_changes(kNow - 1h, {}, kMostConditionChanges + 10);
  EXPECT_EQ(kept.size(), kMostConditionChanges);
}

}  // namespace
}  // namespace wm
