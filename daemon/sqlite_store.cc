#include "daemon/sqlite_store.h"

#include <functional>
#include <limits>

#include <sqlite3.h>

#include "core/messages.h"
#include "daemon/schema.h"

namespace wm {
namespace {

// A wall around a library that throws its own exceptions.
template <class Body>
auto guarded(Body body) {
  try {
    return body();
  } catch (const SQLite::Exception& e) {
    throw StoreError(e.what());
  }
}

// A statement in use: ready for other parameters, and no longer reading, once this is gone.
class Query {
 public:
  explicit Query(SQLite::Statement& statement) : statement_(statement) {}
  ~Query() { statement_.tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... Values>
  Query& bind(const Values&... values) {
    (bind_next(values), ...);
    return *this;
  }
  bool step() { return statement_.executeStep(); }
  std::int64_t integer(int column) const { return statement_.getColumn(column).getInt64(); }
  std::string text(int column) const { return statement_.getColumn(column).getString(); }
  bool is_null(int column) const { return statement_.isColumnNull(column); }
  TimePoint time(int column) const { return TimePoint{Duration{integer(column)}}; }
  template <class E>
  E enumerator(int column) const {
    return static_cast<E>(integer(column));
  }

 private:
  void bind_next(std::int64_t value) { statement_.bind(++bound_, value); }
  void bind_next(std::int32_t value) { statement_.bind(++bound_, value); }
  void bind_next(std::uint32_t value) { statement_.bind(++bound_, value); }
  void bind_next(bool value) { statement_.bind(++bound_, value ? 1 : 0); }
  void bind_next(const std::string& value) { statement_.bind(++bound_, value); }
  void bind_next(Duration value) { bind_next(std::int64_t{value.count()}); }
  void bind_next(TimePoint value) { bind_next(value.time_since_epoch()); }
  template <class E>
    requires std::is_enum_v<E>
  void bind_next(E value) {
    bind_next(static_cast<std::int32_t>(value));
  }
  template <class T>
  void bind_next(const std::optional<T>& value) {
    if (value) {
      bind_next(*value);
    } else {
      statement_.bind(++bound_);
    }
  }

  SQLite::Statement& statement_;
  int bound_ = 0;
};

// Conditions that a filter asks for, so that each question has a statement, and a plan, of its own.
class Where {
 public:
  explicit Where(std::string first) : sql_(" WHERE " + std::move(first)) {}

  void add(const std::string& condition) { sql_ += " AND " + condition; }
  template <class Value>
  void add(const std::string& condition, Value value) {
    add(condition);
    values_.push_back([value = std::move(value)](Query& query) { query.bind(value); });
  }
  const std::string& sql() const { return sql_; }
  void bind(Query& query) const {
    for (const auto& value : values_) value(query);
  }

 private:
  std::string sql_;
  std::vector<std::function<void(Query&)>> values_;
};

constexpr const char* kRowColumns =
    "w.id, w.kind, w.state, w.due, w.period_ends, w.every, w.backoff_policy, w.backoff_delay, "
    "w.attempts, w.max_attempts, w.runs, w.network, w.charging, w.battery_not_low, "
    "w.storage_not_low, w.idle, w.stopping";
constexpr int kRowWidth = 17;

Work row_of(const Query& query) {
  Work work;
  work.id = query.integer(0);
  work.kind = query.enumerator<WorkKind>(1);
  work.state = query.enumerator<WorkState>(2);
  work.due = query.time(3);
  work.period_ends = query.time(4);
  work.every = Duration{query.integer(5)};
  work.backoff = {query.enumerator<BackoffPolicy>(6), Duration{query.integer(7)}};
  work.attempts = static_cast<std::int32_t>(query.integer(8));
  work.max_attempts = static_cast<std::int32_t>(query.integer(9));
  work.runs = static_cast<std::int32_t>(query.integer(10));
  work.constraints = {query.enumerator<NetworkType>(11), query.integer(12) != 0,
                      query.integer(13) != 0, query.integer(14) != 0, query.integer(15) != 0};
  work.stopping = query.enumerator<StopReason>(16);
  return work;
}

constexpr const char* kResultColumns =
    "r.finished_at, r.outcome, r.exit_code, r.signal, r.stop_reason, r.reason";

RunResult result_of(const Query& query, int first) {
  const auto number = [&](int column) {
    return query.is_null(column) ? std::nullopt
                                 : std::optional(static_cast<int>(query.integer(column)));
  };
  return {query.enumerator<RunOutcome>(first + 1), number(first + 2), number(first + 3),
          query.enumerator<StopReason>(first + 4), query.text(first + 5)};
}

// Works, each beside its last finished run.
const std::string kInfoQuery =
    std::string("SELECT ") + kRowColumns + ", w.uuid, w.owner, w.request, w.enqueued_at, " +
    kResultColumns +
    " FROM work w LEFT JOIN run r ON r.work = w.id AND r.number = (SELECT max(number) FROM run "
    "WHERE work = w.id AND finished_at IS NOT NULL)";

WorkInfo info_of(const Query& query) {
  WorkInfo info;
  info.work = row_of(query);
  info.uuid = query.text(kRowWidth);
  info.owner = static_cast<uid_t>(query.integer(kRowWidth + 1));
  const auto document = parse_object("a stored request", query.text(kRowWidth + 2));
  auto request = document ? request_from_json(*document) : std::unexpected(document.error());
  if (!request) throw StoreError(request.error().message);
  info.request = std::move(*request);
  info.enqueued_at = query.time(kRowWidth + 3);
  if (constexpr int kResult = kRowWidth + 4; !query.is_null(kResult)) {
    info.last_finished_at = query.time(kResult);
    info.last_result = result_of(query, kResult);
  }
  return info;
}

const std::string kRunQuery =
    std::string("SELECT r.id, r.work, r.number, r.attempt, w.name, r.started_at, ") +
    kResultColumns +
    ", r.max_rss_kb, r.user_ms, r.system_ms FROM run r JOIN work w ON w.id = r.work";

RunInfo run_of(const Query& query) {
  RunInfo run;
  run.work = query.integer(1);
  run.run = static_cast<int>(query.integer(2));
  run.attempt = static_cast<int>(query.integer(3));
  run.unique_name = query.text(4);
  run.started_at = query.time(5);
  if (!query.is_null(6)) {
    run.finished_at = query.time(6);
    run.result = result_of(query, 6);
  }
  run.max_rss_kb = query.integer(12);
  run.user_time = Duration{query.integer(13)};
  run.system_time = Duration{query.integer(14)};
  return run;
}

// What ended before its name went to other work is history.
std::string state_condition(const WorkFilter& filter) {
  constexpr const char* kCurrent = "(w.superseded = 0 OR w.state < 3)";
  if (filter.states.empty()) return filter.finished ? kCurrent : "w.state < 3";
  std::string list;
  for (const WorkState state : filter.states) {
    list += (list.empty() ? "" : ", ") + std::to_string(static_cast<int>(state));
  }
  return kCurrent + (" AND w.state IN (" + list) + ")";
}

}  // namespace

SqliteStore::SqliteStore(const std::filesystem::path& file)
    : database_(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file) {
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return fail(code, "cannot use the database " + file.string() + ": " + why);
  };
  try {
    std::unique_ptr<SqliteStore> store(new SqliteStore(file));
    // Exclusive: one daemon a database, and no shared memory file. NORMAL: commits go to the log
    // unsynced, sync() makes them durable before anybody sees them.
    store->database_.exec("PRAGMA locking_mode = EXCLUSIVE");
    store->database_.exec("PRAGMA journal_mode = WAL");
    store->database_.exec("PRAGMA synchronous = NORMAL");
    store->database_.exec("PRAGMA secure_delete = OFF");
    if (auto migrated = migrate(store->database_); !migrated) {
      return refuse(migrated.error().code, migrated.error().message);
    }
    // Takes the lock now and not at the first change.
    store->database_.exec("BEGIN IMMEDIATE; COMMIT");
    store->unsynced_ = true;
    return store;
  } catch (const SQLite::Exception& e) {
    if (e.getErrorCode() == SQLITE_BUSY) {
      return refuse(ErrorCode::refused, "another wmd uses it");
    }
    return refuse(ErrorCode::failed, e.what());
  }
}

SQLite::Statement& SqliteStore::statement(const std::string& sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  return statements_.try_emplace(sql, database_, sql).first->second;
}

void SqliteStore::begin() {
  guarded([&] { Query(statement("BEGIN")).step(); });
}

void SqliteStore::commit() {
  guarded([&] { Query(statement("COMMIT")).step(); });
  const std::int64_t changes = sqlite3_total_changes64(database_.getHandle());
  if (std::exchange(changes_, changes) != changes) unsynced_ = true;
}

void SqliteStore::roll_back() noexcept {
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(database_.getHandle()) != 0) return;
  sqlite3_exec(database_.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteStore::sync() {
  if (!unsynced_) return;
  // A sync of the log covers every commit in it: what synchronous = FULL does at each commit, done
  // once for all of them.
  sqlite3_file* log = nullptr;
  sqlite3_file_control(database_.getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                       static_cast<void*>(&log));
  if (!log || !log->pMethods || log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK) {
    throw StoreError("the database's log cannot be written to the disk");
  }
  unsynced_ = false;
}

WorkId SqliteStore::insert(const WorkInfo& info) {
  return guarded([&] {
    const WorkRequest& request = info.request;
    Query(
        statement("UPDATE work SET superseded = 1 WHERE owner = ? AND name = ? AND superseded = 0"))
        .bind(info.owner, request.unique_name)
        .step();
    Query(statement(
              "INSERT INTO work (uuid, owner, name, task, request, enqueued_at, kind, state, due, "
              "period_ends, every, backoff_policy, backoff_delay, attempts, max_attempts, runs, "
              "network, charging, battery_not_low, storage_not_low, idle, stopping) "
              "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"))
        .bind(info.uuid, info.owner, request.unique_name, request.task_name,
              boost::json::serialize(to_json(request)), info.enqueued_at, info.work.kind,
              info.work.state, info.work.due, info.work.period_ends, info.work.every,
              info.work.backoff.policy, info.work.backoff.delay, info.work.attempts,
              info.work.max_attempts, info.work.runs, info.work.constraints.network,
              info.work.constraints.charging, info.work.constraints.battery_not_low,
              info.work.constraints.storage_not_low, info.work.constraints.idle, info.work.stopping)
        .step();
    const WorkId id = database_.getLastInsertRowid();
    for (const std::string& tag : request.tags) {
      Query(statement("INSERT OR IGNORE INTO tag (tag, work) VALUES (?, ?)")).bind(tag, id).step();
    }
    return id;
  });
}

void SqliteStore::save(const Work& work) {
  guarded([&] {
    Query(statement("UPDATE work SET state = ?, due = ?, period_ends = ?, attempts = ?, runs = ?, "
                    "stopping = ? WHERE id = ?"))
        .bind(work.state, work.due, work.period_ends, work.attempts, work.runs, work.stopping,
              work.id)
        .step();
  });
}

void SqliteStore::start_run(const RunInfo& run) {
  guarded([&] {
    Query(statement("INSERT INTO run (work, number, attempt, started_at) VALUES (?, ?, ?, ?)"))
        .bind(run.work, run.run, run.attempt, run.started_at)
        .step();
  });
}

void SqliteStore::end_run(const RunInfo& run) {
  guarded([&] {
    const RunResult result = run.result.value_or(RunResult{});
    Query(statement("UPDATE run SET finished_at = ?, outcome = ?, exit_code = ?, signal = ?, "
                    "stop_reason = ?, reason = ?, max_rss_kb = ?, user_ms = ?, system_ms = ? "
                    "WHERE work = ? AND number = ?"))
        .bind(run.finished_at, result.outcome, result.exit_code, result.signal, result.stop_reason,
              result.reason, run.max_rss_kb, run.user_time, run.system_time, run.work, run.run)
        .step();
  });
}

std::optional<WorkId> SqliteStore::find(uid_t owner, const std::string& unique_name) {
  return guarded([&]() -> std::optional<WorkId> {
    Query query(statement("SELECT id FROM work WHERE owner = ? AND name = ? AND superseded = 0"));
    if (!query.bind(owner, unique_name).step()) return std::nullopt;
    return query.integer(0);
  });
}

std::optional<WorkInfo> SqliteStore::info(WorkId id) {
  return guarded([&]() -> std::optional<WorkInfo> {
    Query query(statement(kInfoQuery + " WHERE w.id = ?"));
    if (!query.bind(id).step()) return std::nullopt;
    return info_of(query);
  });
}

std::vector<WorkInfo> SqliteStore::list(const WorkFilter& filter) {
  return guarded([&] {
    Where where(state_condition(filter));
    where.add("w.id > ?", filter.after);
    if (filter.owner) where.add("w.owner = ?", *filter.owner);
    if (!filter.task_name.empty()) where.add("w.task = ?", filter.task_name);
    if (!filter.tags.empty()) {
      where.add("w.id IN (SELECT work FROM tag WHERE tag IN (SELECT value FROM json_each(?)))",
                boost::json::serialize(boost::json::value_from(filter.tags)));
    }
    Query query(statement(kInfoQuery + where.sql() + " ORDER BY w.id LIMIT ?"));
    where.bind(query);
    query.bind(filter.limit);
    std::vector<WorkInfo> works;
    while (query.step()) works.push_back(info_of(query));
    return works;
  });
}

RunPage SqliteStore::history(const RunFilter& filter) {
  return guarded([&] {
    Where where("TRUE");
    if (filter.before != 0) where.add("r.id < ?", filter.before);
    if (filter.owner) where.add("w.owner = ?", *filter.owner);
    if (!filter.unique_name.empty()) where.add("w.name = ?", filter.unique_name);
    if (filter.since) where.add("r.started_at >= ?", *filter.since);
    if (filter.failed) where.add("r.outcome <> 0");
    Query query(statement(kRunQuery + where.sql() + " ORDER BY r.id DESC LIMIT ?"));
    where.bind(query);
    query.bind(filter.limit);
    RunPage page;
    while (query.step()) {
      page.runs.push_back(run_of(query));
      page.last = query.integer(0);
    }
    if (std::cmp_less(page.runs.size(), filter.limit)) page.last = 0;
    return page;
  });
}

std::optional<RunInfo> SqliteStore::run(uid_t owner, const std::string& unique_name, int number) {
  return guarded([&]() -> std::optional<RunInfo> {
    Where where("w.owner = ?");
    where.add("w.name = ?");
    if (number != 0) where.add("r.number = ?", number);
    Query query(statement(kRunQuery + where.sql() + " ORDER BY r.id DESC LIMIT 1"));
    query.bind(owner, unique_name);
    where.bind(query);
    if (!query.step()) return std::nullopt;
    return run_of(query);
  });
}

std::vector<WorkId> SqliteStore::unfinished(std::optional<uid_t> owner, const std::string& tag) {
  return guarded([&] {
    Where where("w.state < 3");
    if (owner) where.add("w.owner = ?", *owner);
    if (!tag.empty()) where.add("w.id IN (SELECT work FROM tag WHERE tag = ?)", tag);
    Query query(statement("SELECT w.id FROM work w" + where.sql() + " ORDER BY w.id"));
    where.bind(query);
    std::vector<WorkId> ids;
    while (query.step()) ids.push_back(query.integer(0));
    return ids;
  });
}

std::vector<Work> SqliteStore::load() {
  return guarded([&] {
    Query query(statement(std::string("SELECT ") + kRowColumns +
                          " FROM work w WHERE w.state < 3 ORDER BY w.id"));
    std::vector<Work> works;
    while (query.step()) works.push_back(row_of(query));
    return works;
  });
}

}  // namespace wm
