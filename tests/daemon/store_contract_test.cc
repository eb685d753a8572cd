// What every store promises: the one on paper, which the simulated machines use, and the one on
// disk.
#include <gtest/gtest.h>

#include "daemon/sqlite_store.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

namespace wm {
namespace {

const TimePoint kNow{Days{20'000}};

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
    work.owner = owner;
    work.request = oneoff(name);
    work.request.tags = {"all", name};
    work.request.task_name = "task";
    work.request.constraints = {NetworkType::unmetered, true, false, true, false};
    work.enqueued_at = kNow;
    work.work = {.due = kNow + 1min,
                 .every = 1h,
                 .backoff = {BackoffPolicy::linear, 15s},
                 .max_attempts = 4,
                 .constraints = work.request.constraints};
    return work;
  }

  WorkId insert(const WorkInfo& work) {
    store().begin();
    const WorkId id = store().insert(work);
    store().commit();
    return id;
  }

  void save(const Work& row) {
    store().begin();
    store().save(row);
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
    run.result = RunResult{outcome, 3, std::nullopt, StopReason::cancelled, "why"};
    run.max_rss_kb = 5;
    run.user_time = 6ms;
    run.system_time = 7ms;
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
  EXPECT_EQ(found->owner, stored.owner);
  EXPECT_EQ(found->request, stored.request);
  EXPECT_EQ(found->work, stored.work);
  EXPECT_EQ(found->enqueued_at, stored.enqueued_at);
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
  row.stopping = StopReason::constraint_network;
  this->save(row);
  this->holder_.reopen();

  EXPECT_EQ(this->store().info(row.id)->work, row);
  EXPECT_EQ(this->store().load(), std::vector<Work>{row});
}

TYPED_TEST(StoreContract, TakesEverythingBack) {
  const WorkId id = this->insert(this->info("a"));
  this->start_run(id, 1);
  Work row = this->store().info(id)->work;

  this->store().begin();
  row.state = WorkState::succeeded;
  this->store().save(row);
  this->store().insert(this->info("a"));
  this->store().insert(this->info("b"));
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
  const auto info = this->store().info(id);
  EXPECT_EQ(info->last_result->outcome, RunOutcome::succeeded);
  EXPECT_EQ(info->last_finished_at, kNow + 2min + 1s);
}

TYPED_TEST(StoreContract, HistoryIsFilteredAndPaged) {
  const WorkId a = this->insert(this->info("a"));
  const WorkId b = this->insert(this->info("b", 1001));
  this->end_run(this->start_run(a, 1), RunOutcome::failed);
  this->end_run(this->start_run(a, 2), RunOutcome::succeeded);
  this->end_run(this->start_run(b, 3), RunOutcome::retry);

  EXPECT_EQ(this->store().history({.unique_name = "a"}).runs.size(), 2U);
  EXPECT_EQ(this->store().history({.owner = 1001}).runs.size(), 1U);
  EXPECT_EQ(this->store().history({.failed = true}).runs.size(), 2U);
  EXPECT_EQ(this->store().history({.since = kNow + 2min}).runs.size(), 2U);
  const RunPage page = this->store().history({.limit = 2});
  ASSERT_EQ(page.runs.size(), 2U);
  ASSERT_NE(page.last, 0);
  const RunPage rest = this->store().history({.before = page.last, .limit = 2});
  ASSERT_EQ(rest.runs.size(), 1U);
  EXPECT_EQ(rest.runs.front().run, 1);
  EXPECT_EQ(rest.last, 0);
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

}  // namespace
}  // namespace wm
