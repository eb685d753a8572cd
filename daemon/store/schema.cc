#include "daemon/store/schema.h"

#include <array>
#include <filesystem>
#include <string>
#include <variant>

#include <spdlog/spdlog.h>

#include "daemon/store/wire_documents.h"

namespace wm {
namespace {

// "wm" and a queue's Q, in the header of each of our files: SQLite's application_id.
constexpr int kApplicationId = 0x776d51;

// Step N leads from version N to N+1. A step that has been released is never edited again.
// Times are milliseconds since 1970, enumerators are kept by number (core/work.h, stop_reason.h).
using Step = std::variant<const char*, void (*)(SQLite::Database&)>;
const std::array<Step, 12> kSteps{R"sql(
CREATE TABLE policy (
  id INTEGER PRIMARY KEY,
  document TEXT NOT NULL UNIQUE
);

CREATE TABLE work (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL,
  owner INTEGER NOT NULL,
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  superseded INTEGER NOT NULL DEFAULT 0,
  applied INTEGER NOT NULL,
  request TEXT NOT NULL,
  policy INTEGER NOT NULL REFERENCES policy (id),
  registered_at INTEGER NOT NULL,
  keep INTEGER,
  output TEXT NOT NULL DEFAULT '',
  paths_seen INTEGER,
  expires_at INTEGER,
  state INTEGER NOT NULL,
  enqueued_at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  due INTEGER NOT NULL,
  period_ends INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  periods INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  blocked_on INTEGER NOT NULL,
  timing INTEGER NOT NULL,
  stopping INTEGER NOT NULL,
  run_now INTEGER NOT NULL,
  settling INTEGER NOT NULL,
  expedited INTEGER NOT NULL
);
CREATE UNIQUE INDEX work_name ON work (owner, name) WHERE superseded = 0;
CREATE INDEX work_history ON work (name, owner);
CREATE INDEX work_unfinished ON work (id) WHERE state < 3;
CREATE INDEX work_unfinished_name ON work (owner, name) WHERE state < 3;
CREATE INDEX work_expiry ON work (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX work_applied ON work (owner) WHERE applied = 1 AND superseded = 0;

CREATE TABLE prerequisite (
  work INTEGER NOT NULL REFERENCES work (id),
  position INTEGER NOT NULL,
  prerequisite INTEGER NOT NULL,
  PRIMARY KEY (work, position)
) WITHOUT ROWID;
CREATE INDEX prerequisite_dependents ON prerequisite (prerequisite, work);

CREATE TABLE tag (
  tag TEXT NOT NULL,
  work INTEGER NOT NULL REFERENCES work (id),
  PRIMARY KEY (tag, work)
) WITHOUT ROWID;
CREATE INDEX tag_work ON tag (work);

CREATE TABLE pause (
  name TEXT PRIMARY KEY,
  until INTEGER
) WITHOUT ROWID;

CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,
  entry TEXT NOT NULL
);

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  work INTEGER NOT NULL REFERENCES work (id),
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  outcome INTEGER,
  exit_code INTEGER,
  signal INTEGER,
  stop_reason INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  max_rss_kb INTEGER NOT NULL DEFAULT 0,
  user_ms INTEGER NOT NULL DEFAULT 0,
  system_ms INTEGER NOT NULL DEFAULT 0,
  read_kb INTEGER NOT NULL DEFAULT 0,
  written_kb INTEGER NOT NULL DEFAULT 0,
  waited TEXT NOT NULL,
  relaxed TEXT NOT NULL,
  missed_periods INTEGER NOT NULL,
  expedited INTEGER NOT NULL
);
CREATE UNIQUE INDEX run_number ON run (work, number);
CREATE INDEX run_expedited ON run (finished_at) WHERE expedited = 1;
)sql",
                                  // Index columns that depend on a row's state change once in its
                                  // life, not at each start of a run.
                                  R"sql(
ALTER TABLE work ADD COLUMN finished INTEGER NOT NULL DEFAULT 0;
UPDATE work SET finished = 1 WHERE state >= 3;
DROP INDEX work_unfinished;
DROP INDEX work_unfinished_name;
CREATE INDEX work_unfinished ON work (id) WHERE finished = 0;
CREATE INDEX work_unfinished_name ON work (owner, name) WHERE finished = 0;
)sql",
                                  // A named time has a column, and is for any run: the timing "at"
                                  // is gone. Progress stays. The length of a run no longer depends
                                  // on the clock. The index finds whether any job uses a policy;
                                  // unused policies had stayed for ever.
                                  R"sql(
ALTER TABLE work ADD COLUMN progress TEXT NOT NULL DEFAULT '';
ALTER TABLE work ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
UPDATE work SET at = due WHERE timing = 1 AND finished = 0;
UPDATE work SET timing = timing - 1 WHERE timing > 0;
ALTER TABLE work ADD COLUMN began INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN length_ms INTEGER;
CREATE TABLE boot (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL
);
CREATE INDEX work_policy ON work (policy);
DELETE FROM policy WHERE id NOT IN (SELECT policy FROM work);
)sql",
                                  // State directories belong to owner and unique name.
                                  // Until now each job that ran had its own, named by its id: the
                                  // newest becomes the name's, kept for 90 days if the job has
                                  // ended.
                                  R"sql(
CREATE TABLE state (
  id INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL,
  name TEXT NOT NULL,
  expires_at INTEGER,
  UNIQUE (owner, name)
);
CREATE INDEX state_expiry ON state (expires_at) WHERE expires_at IS NOT NULL;
INSERT INTO state (id, owner, name, expires_at)
  SELECT max(id), owner, name,
         CASE WHEN min(finished) = 1 THEN max(since) + 90 * 24 * 60 * 60 * 1000 END
  FROM work WHERE EXISTS (SELECT 1 FROM run WHERE run.work = work.id) GROUP BY owner, name;
)sql",
                                  // Each owner's disk use, as a sum that every change updates. The
                                  // triggers do nothing at the starts and ends of runs.
                                  R"sql(
ALTER TABLE run ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN log_removed INTEGER NOT NULL DEFAULT 0;
UPDATE run SET owner = (SELECT owner FROM work WHERE id = run.work);
CREATE INDEX run_log ON run (owner, id) WHERE log_bytes > 0;

CREATE TABLE owner_use (
  owner INTEGER PRIMARY KEY,
  work_bytes INTEGER NOT NULL DEFAULT 0,
  log_bytes INTEGER NOT NULL DEFAULT 0
);
INSERT INTO owner_use (owner, work_bytes)
  SELECT owner, sum(length(CAST(request AS BLOB)) + length(CAST(output AS BLOB)))
  FROM work GROUP BY owner;

CREATE TRIGGER work_added AFTER INSERT ON work BEGIN
  INSERT OR IGNORE INTO owner_use (owner) VALUES (new.owner);
  UPDATE owner_use SET work_bytes = work_bytes
    + length(CAST(new.request AS BLOB)) + length(CAST(new.output AS BLOB))
    WHERE owner = new.owner;
END;
CREATE TRIGGER work_changed AFTER UPDATE OF request, output ON work BEGIN
  UPDATE owner_use SET work_bytes = work_bytes
    + length(CAST(new.request AS BLOB)) + length(CAST(new.output AS BLOB))
    - length(CAST(old.request AS BLOB)) - length(CAST(old.output AS BLOB))
    WHERE owner = new.owner;
END;
CREATE TRIGGER work_removed AFTER DELETE ON work BEGIN
  UPDATE owner_use SET work_bytes = work_bytes
    - length(CAST(old.request AS BLOB)) - length(CAST(old.output AS BLOB))
    WHERE owner = old.owner;
END;
CREATE TRIGGER log_changed AFTER UPDATE OF log_bytes ON run
WHEN new.log_bytes <> old.log_bytes BEGIN
  INSERT OR IGNORE INTO owner_use (owner) VALUES (new.owner);
  UPDATE owner_use SET log_bytes = log_bytes + new.log_bytes - old.log_bytes
    WHERE owner = new.owner;
END;
CREATE TRIGGER log_forgotten AFTER DELETE ON run WHEN old.log_bytes > 0 BEGIN
  UPDATE owner_use SET log_bytes = log_bytes - old.log_bytes WHERE owner = old.owner;
END;
)sql",
                                  // Finds the ends since a time, for those who missed them. Both
                                  // indexes grow at their end.
                                  R"sql(
CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX work_finished ON work (since) WHERE finished = 1;
)sql",
                                  // Lists one owner's jobs, page by page.
                                  R"sql(
CREATE INDEX work_unfinished_owner ON work (owner) WHERE finished = 0;
)sql",
                                  // A lost constraint is 100 plus the constraint's number; before,
                                  // each had a number among the other reasons.
                                  R"sql(
UPDATE work SET stopping = CASE stopping WHEN 9 THEN 115 ELSE stopping + 96 END
  WHERE stopping BETWEEN 4 AND 9;
UPDATE run SET stop_reason = CASE stop_reason WHEN 9 THEN 115 ELSE stop_reason + 96 END
  WHERE stop_reason BETWEEN 4 AND 9;
)sql",
                                  rewrite_wire_documents,
                                  // Each index is pages that a registration, a start or an end
                                  // writes: one index of unfinished jobs serves for three. The
                                  // newest job of a name holds it, so the history's index finds it;
                                  // of those that it took the name from, few are unfinished. The
                                  // bytes of new jobs are added up without a trigger.
                                  R"sql(
DROP INDEX work_name;
DROP INDEX work_unfinished;
DROP INDEX work_unfinished_name;
DROP INDEX work_unfinished_owner;
CREATE INDEX work_unfinished ON work (owner) WHERE finished = 0;
CREATE INDEX work_superseded ON work (owner, name) WHERE superseded = 1 AND finished = 0;
DROP TRIGGER work_added;
)sql",
                                  // What the conditions were, for questions about the past. The
                                  // condition is its constraint's number, 15:NAME one of the
                                  // configuration, and empty for the daemon itself. A network is
                                  // 1 if connected, plus 2 if metered, plus 4 if roaming; unknown
                                  // is NULL.
                                  R"sql(
CREATE TABLE condition_change (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event INTEGER NOT NULL,
  condition TEXT NOT NULL,
  value INTEGER,
  source TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX condition_change_at ON condition_change (at);
CREATE INDEX condition_change_of ON condition_change (condition, at);
)sql",
                                  // The waits of a due job before its terms changed.
                                  R"sql(
ALTER TABLE work ADD COLUMN waited_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE work ADD COLUMN waited TEXT NOT NULL DEFAULT '';
)sql"};

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(std::string("PRAGMA ") + name).getInt();
}

// Makes a complete copy, with which the older version can be started.
void keep_copy(SQLite::Database& database, std::size_t version) {
  const std::string copy = database.getFilename() + ".schema-" + std::to_string(version);
  std::error_code problem;  // The next statement reports it.
  std::filesystem::remove(copy, problem);
  SQLite::Statement statement(database, "VACUUM INTO ?");
  statement.bind(1, copy);
  statement.exec();
  spdlog::info("the database is brought from schema {} to {}; as it was, it is kept in {}", version,
               kSteps.size(), copy);
}

void take(const Step& step, SQLite::Database& database) {
  if (const auto* sql = std::get_if<const char*>(&step)) {
    database.exec(*sql);
  } else {
    std::get<1>(step)(database);
  }
}

}  // namespace

Result<> migrate(SQLite::Database& database) {
  const std::string problem = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (problem != "ok") return fail(ErrorCode::failed, "it is damaged (" + problem + ")");

  const auto version = static_cast<std::size_t>(pragma(database, "user_version"));
  const bool empty = database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
  if (!empty && pragma(database, "application_id") != kApplicationId) {
    return fail(ErrorCode::refused, "it is not a database of wm");
  }
  if (version > kSteps.size()) {
    return fail(ErrorCode::refused, "it was written by a newer wmd (schema " +
                                        std::to_string(version) + ", this one knows " +
                                        std::to_string(kSteps.size()) + "): install that version");
  }
  if (version == kSteps.size()) return {};

  if (version > 0) keep_copy(database, version);
  SQLite::Transaction transaction(database);
  for (std::size_t step = version; step < kSteps.size(); ++step) take(kSteps[step], database);
  database.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
  database.exec("PRAGMA user_version = " + std::to_string(kSteps.size()));
  transaction.commit();
  return {};
}

}  // namespace wm
