// Databases that the store must not touch.
#include "daemon/store/sqlite_store.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/insert_job.h"
#include "tests/support/now.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

class SqliteStoreTest : public testing::Test {
 protected:
  std::string problem() {
    const auto store = SqliteStore::open(file_);
    return store ? "" : store.error().message;
  }
  void create() { ASSERT_EQ(problem(), ""); }
  std::string bytes() {
    std::ifstream file(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory directory_;
  fs::path file_ = directory_.path() / "wm.db";
};

TEST_F(SqliteStoreTest, RefusesANewerDatabase) {
  create();
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  const std::string before = bytes();

  EXPECT_NE(problem().find("newer wmd (schema 99"), std::string::npos) << problem();
  EXPECT_EQ(bytes(), before);
}

// Before schema 9, documents were in the form of the wire.
const std::string kOldDocuments =
    "UPDATE policy SET document = json_object('kind', 'oneoff', 'constraints', json('{}'));"
    "UPDATE work SET request = json_object('uniqueName', name, 'command', "
    "json_array('/bin/true'));";

// Before schema 10, names and unfinished jobs had more indexes, and insertions a trigger; before
// schema 12, jobs had no earlier waits.
const std::string kOldIndexes = R"sql(
ALTER TABLE work DROP COLUMN waited_until;
ALTER TABLE work DROP COLUMN waited;
DROP TABLE condition_change;
DROP INDEX work_unfinished;
DROP INDEX work_superseded;
CREATE UNIQUE INDEX work_name ON work (owner, name) WHERE superseded = 0;
CREATE INDEX work_unfinished ON work (id) WHERE finished = 0;
CREATE INDEX work_unfinished_name ON work (owner, name) WHERE finished = 0;
CREATE INDEX work_unfinished_owner ON work (owner) WHERE finished = 0;
CREATE TRIGGER work_added AFTER INSERT ON work BEGIN SELECT 1; END;
)sql";

// Goes back to the schema of 0.1, whose rows did not say whether they are finished, nor what each
// owner keeps.
constexpr const char* kBackToTheFirstSchema = R"sql(
DROP INDEX run_finished;
DROP INDEX work_finished;
DROP TABLE state;
DROP INDEX work_policy;
DROP INDEX work_unfinished;
DROP INDEX work_unfinished_name;
DROP INDEX work_unfinished_owner;
ALTER TABLE work DROP COLUMN finished;
ALTER TABLE work DROP COLUMN progress;
ALTER TABLE work DROP COLUMN at;
UPDATE work SET timing = 1;
ALTER TABLE work DROP COLUMN began;
ALTER TABLE run DROP COLUMN length_ms;
DROP TABLE boot;
CREATE INDEX work_unfinished ON work (id) WHERE state < 3;
CREATE INDEX work_unfinished_name ON work (owner, name) WHERE state < 3;
DROP TRIGGER work_added;
DROP TRIGGER work_changed;
DROP TRIGGER work_removed;
DROP TRIGGER log_changed;
DROP TRIGGER log_forgotten;
DROP TABLE owner_use;
DROP INDEX run_log;
ALTER TABLE run DROP COLUMN owner;
ALTER TABLE run DROP COLUMN log_bytes;
ALTER TABLE run DROP COLUMN log_removed;
PRAGMA user_version = 1;
)sql";

TEST_F(SqliteStoreTest, KeepsACopyOfAnOlderDatabase) {
  WorkId ran = 0;
  std::int64_t kept_bytes = 0;
  {
    const auto store = SqliteStore::open(file_);
    ASSERT_TRUE(store);
    (*store)->begin();
    WorkInfo info;
    info.uuid = "u";
    info.request = oneoff("name");
    Work ended = info.work;
    ended.id = insert_job(**store, info);
    (*store)->start_run({.work = ended.id, .run = 1});
    ended.state = WorkState::succeeded;
    ended.since = kNow;
    (*store)->save(ended, 0s);
    ran = insert_job(**store, info);
    (*store)->start_run({.work = ran, .run = 2});
    ended.id = insert_job(**store, info);  // The newest of that name that has run counts.
    (*store)->save(ended, 0s);
    info.request = oneoff("ended");
    ended.id = insert_job(**store, info);
    (*store)->start_run({.work = ended.id, .run = 1});
    (*store)->save(ended, 0s);
    info.request = oneoff("never");
    info.work.due = kNow;
    insert_job(**store, info);
    (*store)->commit();
    kept_bytes = (*store)->use_of(0).work_bytes;
  }
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE)
      .exec(kOldDocuments + kOldIndexes + kBackToTheFirstSchema);
  const std::string copy = file_.string() + ".schema-1";
  std::ofstream(copy) << "of an attempt that was cut off";

  const auto store = SqliteStore::open(file_);

  ASSERT_TRUE(store) << store.error().message;
  const auto works = (*store)->load();
  ASSERT_EQ(works.size(), 2U);
  EXPECT_EQ(works.back().work.timing, Timing::first);
  EXPECT_EQ(works.back().work.at, kNow) << "a named time is kept";
  EXPECT_EQ((*store)->find_state(0, "name"), ran) << "its directory stays where it is";
  EXPECT_EQ((*store)->find_state(0, "never"), std::nullopt);
  EXPECT_TRUE((*store)->find_state(0, "ended"));
  (*store)->begin();
  EXPECT_TRUE((*store)->expire_states(kNow + Days{90} - 1ms, 10, Days{90}).empty());
  EXPECT_EQ((*store)->expire_states(kNow + Days{90}, 10, Days{90}).size(), 1U);
  EXPECT_EQ((*store)->find_state(0, "name"), ran) << "it has unfinished work";
  (*store)->commit();
  EXPECT_EQ((*store)->use_of(0).work_bytes, kept_bytes) << "what is there already is counted";
  SQLite::Database kept(copy);
  EXPECT_EQ(kept.execAndGet("PRAGMA user_version").getInt(), 1);
  EXPECT_EQ(kept.execAndGet("SELECT name FROM work WHERE id = 1").getString(), "name");
}

TEST_F(SqliteStoreTest, StopReasonsOfAnOlderDatabaseAreUnderstood) {
  const std::vector<std::string> words{"",
                                       "cancelled",
                                       "replaced",
                                       "timeout",
                                       "constraint-network",
                                       "constraint-charging",
                                       "constraint-battery-not-low",
                                       "constraint-storage-not-low",
                                       "constraint-idle",
                                       "constraint-custom",
                                       "quota",
                                       "shutdown",
                                       "daemon-lost"};
  {
    const auto store = SqliteStore::open(file_);
    ASSERT_TRUE(store);
    (*store)->begin();
    for (std::size_t i = 0; i < words.size(); ++i) {
      WorkInfo info;
      info.uuid = "u";
      info.request = oneoff(std::to_string(i));
      const WorkId id = insert_job(**store, info);
      (*store)->start_run({.work = id, .run = 1});
    }
    (*store)->commit();
  }
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE)
      .exec(kOldDocuments + kOldIndexes +
            "UPDATE work SET stopping = id - 1;"
            "UPDATE run SET stop_reason = work - 1, outcome = 3, finished_at = started_at;"
            "PRAGMA user_version = 7");

  const auto store = SqliteStore::open(file_);

  ASSERT_TRUE(store) << store.error().message;
  const auto works = (*store)->load();
  ASSERT_EQ(works.size(), words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(word(works[i].work.stopping), words[i]);
    const auto runs = (*store)->history({.unique_name = std::to_string(i)}).runs;
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(word(runs[0].result.value_or(RunResult{}).stop_reason), words[i]);
  }
}

TEST_F(SqliteStoreTest, PoliciesThatNoWorkUsesAnyMoreAreCollected) {
  constexpr int kPolicies = 3000;
  auto opened = SqliteStore::open(file_);
  ASSERT_TRUE(opened);
  SqliteStore& store = **opened;
  const auto request = [](int delay, const char* name) {
    WorkRequest work = oneoff(name);
    work.initial_delay = Duration{delay};
    return work;
  };
  const auto insert = [&](const WorkRequest& work) {
    WorkInfo info;
    info.uuid = "u";
    info.request = work;
    return insert_job(store, info);
  };

  store.begin();
  const WorkId updated = insert(request(1, "updated"));
  const WorkId other =
      insert(request(7, "other"));  // It has one of those that the first goes through.
  for (int i = 2; i <= kPolicies; ++i) store.update(updated, request(i, "updated"), false);
  for (int i = 1; i <= kPolicies; ++i) {
    Work replaced;
    replaced.id = insert(request(i, "replaced"));
    replaced.state = WorkState::cancelled;
    store.save(replaced, 0s);
  }
  store.prune({}, 0, 10'000, {}, Days{90});
  store.update(other, request(kPolicies, "other"), false);
  store.commit();

  EXPECT_EQ(store.info(updated)->request.initial_delay, Duration{kPolicies});
  EXPECT_EQ(store.info(other)->request.initial_delay, Duration{kPolicies});
  opened->reset();
  SQLite::Database database(file_.string());
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM policy").getInt(), 1);
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM work").getInt(), 2);
}

// A policy that was dropped in a turn that is undone is back, with its number.
TEST_F(SqliteStoreTest, APolicyIsDroppedWithItsTurnOnly) {
  const auto opened = SqliteStore::open(file_);
  ASSERT_TRUE(opened);
  SqliteStore& store = **opened;
  WorkInfo info;
  info.uuid = "u";
  info.request = oneoff("name");
  store.begin();
  const WorkId id = insert_job(store, info);
  store.commit();
  WorkRequest other = info.request;
  other.initial_delay = 1s;

  store.begin();
  store.update(id, other, false);
  store.roll_back();
  store.begin();
  insert_job(store, info);
  store.commit();

  EXPECT_EQ(store.info(id)->request.initial_delay, 0s);
  EXPECT_EQ(store.load().size(), 2U);
}

TEST_F(SqliteStoreTest, ALongLogBeginsAgainOnceItIsMoved) {
  const auto opened = SqliteStore::open(file_);
  ASSERT_TRUE(opened);
  SqliteStore& store = **opened;
  WorkInfo info;
  info.request = oneoff("large");
  info.request.description = std::string(1'000'000, 'd');
  const auto insert = [&] {
    store.begin();
    insert_job(store, info);
    store.commit();
  };
  insert();
  EXPECT_FALSE(store.has_long_log());
  for (int i = 0; i < 20; ++i) insert();
  ASSERT_TRUE(store.has_long_log());
  const auto length = fs::file_size(store.log());

  store.move_log();

  EXPECT_FALSE(store.has_long_log());
  insert();
  EXPECT_EQ(fs::file_size(store.log()), length);
  EXPECT_GE(fs::file_size(file_), std::uintmax_t{20'000'000});
}

TEST_F(SqliteStoreTest, RefusesAnotherProgramsDatabase) {
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE theirs (x)");

  EXPECT_NE(problem().find("not a database of wm"), std::string::npos) << problem();
}

TEST_F(SqliteStoreTest, RefusesWhatIsNoDatabase) {
  std::ofstream(file_) << std::string(5000, 'x');
  const std::string before = bytes();

  EXPECT_NE(problem(), "");
  EXPECT_EQ(bytes(), before) << "never overwritten";
}

TEST_F(SqliteStoreTest, RefusesADamagedDatabase) {
  {
    auto store = SqliteStore::open(file_);
    ASSERT_TRUE(store);
    (*store)->begin();
    for (int i = 0; i < 500; ++i) {
      WorkInfo info;
      info.uuid = std::string(100, 'u');
      info.request = oneoff("work-" + std::to_string(i));
      insert_job(**store, info);
    }
    (*store)->commit();
  }
  std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(12'288);
  file << std::string(81'920, '\x5a');
  file.close();
  const std::string before = bytes();

  EXPECT_NE(problem(), "");
  EXPECT_EQ(bytes(), before) << "never overwritten";
}

TEST_F(SqliteStoreTest, RefusesADatabaseInUse) {
  const auto first = SqliteStore::open(file_);
  ASSERT_TRUE(first);

  EXPECT_NE(problem().find("another wmd uses it"), std::string::npos) << problem();
}

TEST_F(SqliteStoreTest, SaysWhereItCannotOpen) {
  file_ = directory_.path() / "absent" / "wm.db";
  EXPECT_NE(problem().find(file_.string()), std::string::npos) << problem();
}

}  // namespace
}  // namespace wm
