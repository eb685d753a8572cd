#include "daemon/store/sqlite_store.h"

#include <cerrno>
#include <functional>
#include <limits>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "core/messages.h"
#include "daemon/store/schema.h"
#include "daemon/system/unique_fd.h"

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
  template <class... Values>
  void extend(const std::string& sql, Values... values) {
    sql_ += sql;
    values_.push_back([values...](Query& query) { query.bind(values...); });
  }
  const std::string& sql() const { return sql_; }
  void bind(Query& query) const {
    for (const auto& value : values_) value(query);
  }

 private:
  std::string sql_;
  std::vector<std::function<void(Query&)>> values_;
};

static_assert(!is_failure(static_cast<RunOutcome>(0)) && is_failure(static_cast<RunOutcome>(1)) &&
              is_failure(static_cast<RunOutcome>(2)) && !is_failure(static_cast<RunOutcome>(3)));
constexpr const char* kFailedRuns = "r.outcome IN (1, 2)";

constexpr const char* kRowColumns =
    "w.id, w.state, w.enqueued_at, w.since, w.due, w.period_ends, w.attempts, w.runs, w.periods, "
    "w.generation, w.blocked_on, w.timing, w.stopping, w.run_now, w.settling, w.expedited, "
    "w.owner, w.at, w.began";
constexpr int kRowWidth = 19;

// The row but for its policy.
Work row_of(const Query& query) {
  const auto number = [&](int column) { return static_cast<std::int32_t>(query.integer(column)); };
  Work work;
  work.id = query.integer(0);
  work.state = query.enumerator<WorkState>(1);
  work.enqueued_at = query.time(2);
  work.since = query.time(3);
  work.due = query.time(4);
  work.period_ends = query.time(5);
  work.attempts = number(6);
  work.runs = number(7);
  work.periods = number(8);
  work.generation = number(9);
  work.blocked_on = number(10);
  work.timing = query.enumerator<Timing>(11);
  work.stopping = query.enumerator<StopReason>(12);
  work.run_now = query.integer(13) != 0;
  work.settling = query.integer(14) != 0;
  work.expedited = query.integer(15) != 0;
  work.owner = static_cast<uid_t>(query.integer(16));
  work.at = query.time(17);
  work.began = Duration{query.integer(18)};
  return work;
}

template <class T>
T stored(Result<T> result) {
  if (!result) throw StoreError(result.error().message);
  return std::move(*result);
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
    std::string("SELECT ") + kRowColumns +
    ", w.uuid, w.request, p.document, w.registered_at, w.output, w.applied, w.progress, " +
    kResultColumns +
    " FROM work w JOIN policy p ON p.id = w.policy LEFT JOIN run r ON r.work = w.id AND r.number = "
    "(SELECT max(number) FROM run WHERE work = w.id AND finished_at IS NOT NULL)";

WorkInfo info_of(const Query& query) {
  WorkInfo info;
  info.work = row_of(query);
  info.uuid = query.text(kRowWidth);
  auto document = stored(parse_object("a stored request", query.text(kRowWidth + 1)));
  for (auto& field : stored(parse_object("a stored policy", query.text(kRowWidth + 2)))) {
    document[field.key()] = std::move(field.value());
  }
  info.request = stored(request_from_json(document));
  info.work.policy = info.work.run_policy = SharedPolicy(static_cast<const Policy&>(info.request));
  info.registered_at = query.time(kRowWidth + 3);
  info.output = query.text(kRowWidth + 4);
  info.applied = query.integer(kRowWidth + 5) != 0;
  if (const std::string progress = query.text(kRowWidth + 6); !progress.empty()) {
    info.progress = progress_from_json(stored(parse_object("a stored progress", progress)));
  }
  if (constexpr int kResult = kRowWidth + 7; !query.is_null(kResult)) {
    info.last_finished_at = query.time(kResult);
    info.last_result = result_of(query, kResult);
  }
  return info;
}

const std::string kRunQuery =
    std::string("SELECT r.id, r.work, r.number, r.attempt, w.name, r.started_at, ") +
    kResultColumns +
    ", r.max_rss_kb, r.user_ms, r.system_ms, r.read_kb, r.written_kb, r.waited, r.relaxed, "
    "r.missed_periods, r.expedited, w.owner, coalesce(r.length_ms, r.finished_at - r.started_at), "
    "r.log_bytes, r.log_removed FROM run r JOIN work w ON w.id = r.work";

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
  run.read_kb = query.integer(15);
  run.written_kb = query.integer(16);
  if (const std::string waited = query.text(17); !waited.empty()) {
    run.waited = waited_from_json(boost::json::parse(waited).as_array());
  }
  if (const std::string relaxed = query.text(18); !relaxed.empty()) {
    run.relaxed = boost::json::value_to<std::vector<std::string>>(boost::json::parse(relaxed));
  }
  run.missed_periods = static_cast<int>(query.integer(19));
  run.expedited = query.integer(20) != 0;
  run.owner = static_cast<uid_t>(query.integer(21));
  if (!query.is_null(22)) run.length = Duration{query.integer(22)};
  run.log_bytes = query.integer(23);
  run.log_removed = query.integer(24) != 0;
  return run;
}

const std::string kMarkQuery = "SELECT id, owner, name, registered_at, since, state FROM work";

WorkMark mark_of(const Query& query) {
  return {query.integer(0), static_cast<uid_t>(query.integer(1)), query.text(2), query.time(3),
          query.time(4),    query.enumerator<WorkState>(5)};
}

std::vector<ForgottenRun> forgotten(Query& query) {
  std::vector<ForgottenRun> runs;
  while (query.step()) runs.push_back({query.integer(0), static_cast<int>(query.integer(1))});
  return runs;
}

std::vector<WorkId> ids_of(Query& query) {
  std::vector<WorkId> ids;
  while (query.step()) ids.push_back(query.integer(0));
  return ids;
}

std::vector<ChainLink> links_of(Query& query) {
  std::vector<ChainLink> links;
  while (query.step()) {
    links.push_back(
        {query.integer(0), query.text(1), query.enumerator<WorkState>(2), query.time(3)});
  }
  return links;
}

// Finished work that nothing unfinished depends on.
constexpr const char* kUnused =
    "(state >= 3 AND NOT EXISTS (SELECT 1 FROM prerequisite p JOIN work d ON d.id = p.work WHERE "
    "p.prerequisite = work.id AND d.finished = 0))";

// What ended before its name went to other work is history.
std::string state_condition(const WorkFilter& filter) {
  constexpr const char* kCurrent = "(w.superseded = 0 OR w.finished = 0)";
  if (filter.states.empty()) return filter.finished ? kCurrent : "w.finished = 0";
  std::string list;
  for (const WorkState state : filter.states) {
    list += (list.empty() ? "" : ", ") + std::to_string(static_cast<int>(state));
  }
  return kCurrent + (" AND w.state IN (" + list) + ")";
}

// All unfinished work, of one owner or of all.
bool is_plain(const WorkFilter& filter) {
  return filter.states.empty() && !filter.finished && filter.tags.empty() &&
         filter.task_name.empty();
}

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

SqliteStore::SqliteStore(const std::filesystem::path& file)
    : database_(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE),
      log_(file.string() + "-wal") {}

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
    // What a statement could take back again is kept in memory: else each insertion writes the
    // pages of all indexes that it touches into a temporary file.
    store->database_.exec("PRAGMA temp_store = MEMORY");
    // The log is moved into the database when it has 16 MiB: that syncs both, on the loop.
    store->database_.exec("PRAGMA wal_autocheckpoint = 4096");
    if (auto migrated = migrate(store->database_); !migrated) {
      return refuse(migrated.error().code, migrated.error().message);
    }
    // Takes the lock now and not at the first change.
    store->database_.exec("BEGIN IMMEDIATE; COMMIT");
    store->unsynced_ = true;
    store->note_places();
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

void SqliteStore::note_places() {
  for (const std::filesystem::path& path : {std::filesystem::path(database_.getFilename()), log_}) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) {
      places_.push_back({path, status.st_dev, status.st_ino});
    }
  }
}

// SQLite's own look (SQLITE_FCNTL_HAS_MOVED) is at the database alone, and not at its log.
std::string SqliteStore::misplaced() const {
  for (const PlacedFile& file : places_) {
    struct stat status{};
    if (::stat(file.path.c_str(), &status) == 0) {
      if (status.st_dev == file.device && status.st_ino == file.inode) continue;
      return file.path.string() + " is another file than the one that wmd has open";
    }
    if (errno == ENOENT || errno == ENOTDIR) {
      return file.path.string() + " is gone: it, or its directory, was removed or moved";
    }
  }
  return "";
}

void SqliteStore::begin() {
  changes_ = sqlite3_total_changes64(database_.getHandle());
  guarded([&] { Query(statement("BEGIN")).step(); });
}

void SqliteStore::commit() {
  const auto began = std::chrono::steady_clock::now();
  const bool changed = sqlite3_total_changes64(database_.getHandle()) != changes_;
  if (changed) {
    if (const std::string problem = misplaced(); !problem.empty()) throw StoreError(problem);
  }
  guarded([&] { Query(statement("COMMIT")).step(); });
  if (!changed) return;
  commit_times_.observe(seconds_since(began));
  unsynced_ = true;
  ++commits_;
}

void SqliteStore::flush(const std::filesystem::path& log) {
  // A failure stays to be reported to the descriptor that SQLite has.
  const UniqueFd file(::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file) ::fdatasync(file.get());
}

bool SqliteStore::take_flush_due() {
  constexpr int kCommits = 32;  // About 1 MiB of the log.
  if (commits_ < kCommits) return false;
  commits_ = 0;
  return true;
}

void SqliteStore::roll_back() noexcept {
  policy_ids_.clear();
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(database_.getHandle()) != 0) return;
  sqlite3_exec(database_.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteStore::sync() {
  if (!unsynced_) return;
  const auto began = std::chrono::steady_clock::now();
  // A sync of the log covers every commit in it: what synchronous = FULL does at each commit, done
  // once for all of them.
  sqlite3_file* log = nullptr;
  sqlite3_file_control(database_.getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                       static_cast<void*>(&log));
  if (!log || !log->pMethods || log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK) {
    throw StoreError("the database's log cannot be written to the disk");
  }
  sync_times_.observe(seconds_since(began));
  unsynced_ = false;
}

std::int64_t SqliteStore::policy_id(const Policy& policy) {
  const std::string document = boost::json::serialize(to_json(policy));
  const auto known = policy_ids_.find(document);
  if (known != policy_ids_.end()) return known->second;
  Query(statement("INSERT OR IGNORE INTO policy (document) VALUES (?)")).bind(document).step();
  Query query(statement("SELECT id FROM policy WHERE document = ?"));
  query.bind(document).step();
  constexpr std::size_t kMostKnown = 1000;
  if (policy_ids_.size() >= kMostKnown) policy_ids_.clear();
  return policy_ids_[document] = query.integer(0);
}

// Work has let go of that policy: if no other has it, it goes.
void SqliteStore::drop_unused_policy(std::int64_t id) {
  Query query(
      statement("DELETE FROM policy WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM work WHERE policy "
                "= ?1) RETURNING document"));
  if (query.bind(id).step()) policy_ids_.erase(query.text(0));
}

WorkId SqliteStore::insert(const WorkInfo& info, const std::vector<WorkId>& prerequisites) {
  return guarded([&] {
    const WorkRequest& request = info.request;
    const Work& work = info.work;
    Query(
        statement("UPDATE work SET superseded = 1 WHERE owner = ? AND name = ? AND superseded = 0"))
        .bind(work.owner, request.unique_name)
        .step();
    Query(statement("INSERT INTO work (uuid, owner, name, task, applied, request, policy, "
                    "registered_at, keep, state, enqueued_at, since, due, period_ends, attempts, "
                    "runs, periods, generation, blocked_on, timing, stopping, run_now, settling, "
                    "expedited, at, began) VALUES "
                    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"))
        .bind(info.uuid, work.owner, request.unique_name, request.task_name, info.applied,
              boost::json::serialize(rest_to_json(request)), policy_id(request), info.registered_at,
              request.keep_results, work.state, work.enqueued_at, work.since, work.due,
              work.period_ends, work.attempts, work.runs, work.periods, work.generation,
              work.blocked_on, work.timing, work.stopping, work.run_now, work.settling,
              work.expedited, work.at, work.began)
        .step();
    const WorkId id = database_.getLastInsertRowid();
    insert_tags(id, request.tags);
    std::int32_t position = 0;
    for (const WorkId prerequisite : prerequisites) {
      Query(statement("INSERT INTO prerequisite (work, position, prerequisite) VALUES (?, ?, ?)"))
          .bind(id, position++, prerequisite)
          .step();
    }
    return id;
  });
}

void SqliteStore::insert_tags(WorkId id, const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) {
    Query(statement("INSERT OR IGNORE INTO tag (tag, work) VALUES (?, ?)")).bind(tag, id).step();
  }
}

void SqliteStore::save(const Work& work, Duration keep) {
  static const std::string kRow =
      "UPDATE work SET state = ?1, enqueued_at = ?2, since = ?3, due = ?4, period_ends = ?5, "
      "attempts = ?6, runs = ?7, periods = ?8, generation = ?9, blocked_on = ?10, timing = ?11, "
      "stopping = ?12, run_now = ?13, settling = ?14, expedited = ?15, at = ?16, began = ?17, "
      "progress = CASE WHEN ?1 = 0 THEN progress ELSE '' END";
  static const std::string kStaysUnfinished = kRow + " WHERE id = ?18 AND finished = 0";
  static const std::string kAny = kRow +
                                  ", finished = ?1 >= 3, expires_at = CASE WHEN ?1 >= 3 THEN "
                                  "?3 + coalesce(keep, ?19) END WHERE id = ?18";
  const auto bind = [&](Query& query) -> Query& {
    return query.bind(work.state, work.enqueued_at, work.since, work.due, work.period_ends,
                      work.attempts, work.runs, work.periods, work.generation, work.blocked_on,
                      work.timing, work.stopping, work.run_now, work.settling, work.expedited,
                      work.at, work.began, work.id);
  };
  guarded([&] {
    // Most rows stay unfinished: then no index changes.
    if (!is_finished(work.state)) {
      Query query(statement(kStaysUnfinished));
      bind(query).step();
      if (sqlite3_changes64(database_.getHandle()) > 0) return;
    }
    Query query(statement(kAny));
    bind(query).bind(keep).step();
  });
}

void SqliteStore::update(WorkId id, const WorkRequest& request, bool applied) {
  guarded([&] {
    const std::int64_t policy = policy_id(request);
    const std::int64_t before = [&] {
      Query query(statement("SELECT policy FROM work WHERE id = ?"));
      return query.bind(id).step() ? query.integer(0) : policy;
    }();
    Query(statement("UPDATE work SET task = ?, request = ?, policy = ?, keep = ?, applied = ?, "
                    "progress = '' "
                    "WHERE id = ?"))
        .bind(request.task_name, boost::json::serialize(rest_to_json(request)), policy,
              request.keep_results, applied, id)
        .step();
    if (before != policy) drop_unused_policy(before);
    Query(statement("DELETE FROM tag WHERE work = ?")).bind(id).step();
    insert_tags(id, request.tags);
  });
}

void SqliteStore::save_paths_seen(WorkId id, std::int64_t fingerprint) {
  guarded([&] {
    Query(statement("UPDATE work SET paths_seen = ? WHERE id = ?")).bind(fingerprint, id).step();
  });
}

std::optional<std::int64_t> SqliteStore::load_paths_seen(WorkId id) {
  return guarded([&]() -> std::optional<std::int64_t> {
    Query query(statement("SELECT paths_seen FROM work WHERE id = ? AND paths_seen IS NOT NULL"));
    if (!query.bind(id).step()) return std::nullopt;
    return query.integer(0);
  });
}

void SqliteStore::start_run(const RunInfo& run) {
  guarded([&] {
    const auto list = [](const auto& items, auto to_text) {
      return items.empty() ? std::string() : to_text(items);
    };
    Query(statement("INSERT INTO run (work, number, attempt, started_at, waited, relaxed, "
                    "missed_periods, expedited, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                    "(SELECT owner FROM work WHERE id = ?1))"))
        .bind(
            run.work, run.run, run.attempt, run.started_at,
            list(run.waited, [](const auto& all) { return boost::json::serialize(to_json(all)); }),
            list(run.relaxed,
                 [](const auto& all) {
                   return boost::json::serialize(boost::json::value_from(all));
                 }),
            run.missed_periods, run.expedited)
        .step();
  });
}

void SqliteStore::end_run(const RunInfo& run) {
  guarded([&] {
    const RunResult result = run.result.value_or(RunResult{});
    Query(statement("UPDATE run SET finished_at = ?, outcome = ?, exit_code = ?, signal = ?, "
                    "stop_reason = ?, reason = ?, max_rss_kb = ?, user_ms = ?, system_ms = ?, "
                    "read_kb = ?, written_kb = ?, length_ms = ? WHERE work = ? AND number = ?"))
        .bind(run.finished_at, result.outcome, result.exit_code, result.signal, result.stop_reason,
              result.reason, run.max_rss_kb, run.user_time, run.system_time, run.read_kb,
              run.written_kb, run.length, run.work, run.run)
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
    if (filter.up_to) where.add("w.id <= ?", *filter.up_to);
    // Of unfinished work each owner has an index in the order of the list.
    if (filter.owner) where.add(is_plain(filter) ? "w.owner = ?" : "+w.owner = ?", *filter.owner);
    if (!filter.task_name.empty()) where.add("w.task = ?", filter.task_name);
    if (!filter.tags.empty()) {
      where.add("w.id IN (SELECT work FROM tag WHERE tag IN (SELECT value FROM json_each(?))",
                boost::json::serialize(boost::json::value_from(filter.tags)));
      where.extend(" AND work > ? AND work <= ?)", filter.after,
                   filter.up_to.value_or(std::numeric_limits<WorkId>::max()));
    }
    Query query(statement(kInfoQuery + where.sql() + " ORDER BY w.id LIMIT ?"));
    where.bind(query);
    query.bind(filter.limit);
    std::vector<WorkInfo> works;
    while (query.step()) works.push_back(info_of(query));
    return works;
  });
}

// A page is made of so many at the most, whatever the filter leaves of them.
std::optional<WorkId> SqliteStore::reach(const WorkFilter& filter, int most) {
  return guarded([&]() -> std::optional<WorkId> {
    if (is_plain(filter)) return std::nullopt;
    const bool tagged = !filter.tags.empty();
    Query query(statement(
        tagged ? "SELECT work FROM tag WHERE work > ? AND tag IN (SELECT value FROM json_each(?)) "
                 "ORDER BY work LIMIT 1 OFFSET ?"
               : "SELECT id FROM work WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"));
    query.bind(filter.after);
    if (tagged) query.bind(boost::json::serialize(boost::json::value_from(filter.tags)));
    if (!query.bind(most - 1).step()) return std::nullopt;
    return query.integer(0);
  });
}

RunPage SqliteStore::history(const RunFilter& filter) {
  return guarded([&] {
    Where where("TRUE");
    if (filter.before != 0) where.add("r.id < ?", filter.before);
    if (filter.owner) where.add("w.owner = ?", *filter.owner);
    // Those of one name are few.
    const std::int64_t reach = filter.unique_name.empty() ? reach_of(filter) : 0;
    if (reach != 0) where.add("r.id >= ?", reach);
    if (!filter.unique_name.empty()) where.add("w.name = ?", filter.unique_name);
    if (filter.since) where.add("r.started_at >= ?", *filter.since);
    if (filter.failed) where.add(kFailedRuns);
    Query query(statement(kRunQuery + where.sql() + " ORDER BY r.id DESC LIMIT ?"));
    where.bind(query);
    query.bind(filter.limit);
    RunPage page;
    while (query.step()) {
      page.runs.push_back(run_of(query));
      page.last = query.integer(0);
    }
    if (std::cmp_less(page.runs.size(), filter.limit)) page.last = reach;
    return page;
  });
}

// The last of the runs that a page looks at; 0: the first of all.
std::int64_t SqliteStore::reach_of(const RunFilter& filter) {
  Query query(statement("SELECT id FROM run WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?"));
  query.bind(filter.before == 0 ? std::numeric_limits<std::int64_t>::max() : filter.before,
             filter.looked_at - 1);
  return query.step() ? query.integer(0) : 0;
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

std::optional<RunInfo> SqliteStore::next_run(uid_t owner, const std::string& unique_name,
                                             int number) {
  return guarded([&]() -> std::optional<RunInfo> {
    Query query(
        statement(kRunQuery +
                  " WHERE w.owner = ? AND w.name = ? AND r.number > ? ORDER BY r.number LIMIT 1"));
    if (!query.bind(owner, unique_name, number).step()) return std::nullopt;
    return run_of(query);
  });
}

namespace {

// The rows that the filter covers, as the query brings them: newest first, by `time`.
template <class Row, class Time>
Newest<Row> newest(Query& query, const RecordFilter& filter, Row (*read)(const Query&),
                   Time Row::* time) {
  Newest<Row> rows;
  for (int looked_at = 1; query.step(); ++looked_at) {
    Row row = read(query);
    if (row.*time < filter.since) break;
    if (looked_at == filter.limit) rows.cut_at = row.*time;
    if (filter.covers(row.owner, row.unique_name)) rows.list.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Newest<RunInfo> SqliteStore::runs_ended(const RecordFilter& filter) {
  return guarded([&] {
    Query query(statement(kRunQuery +
                          " WHERE r.finished_at >= ? ORDER BY r.finished_at DESC, r.id DESC "
                          "LIMIT ?"));
    query.bind(filter.since, filter.limit);
    return newest(query, filter, run_of, &RunInfo::finished_at);
  });
}

// Ids grow with the time of registration: no index is needed to find the newest.
Newest<WorkMark> SqliteStore::works_registered(const RecordFilter& filter) {
  return guarded([&] {
    Query query(statement(kMarkQuery + " ORDER BY id DESC LIMIT ?"));
    query.bind(filter.limit);
    return newest(query, filter, mark_of, &WorkMark::registered_at);
  });
}

Newest<WorkMark> SqliteStore::works_finished(const RecordFilter& filter) {
  return guarded([&] {
    Query query(statement(kMarkQuery +
                          " WHERE finished = 1 AND since >= ? ORDER BY since DESC, id DESC "
                          "LIMIT ?"));
    query.bind(filter.since, filter.limit);
    return newest(query, filter, mark_of, &WorkMark::since);
  });
}

RunTotals SqliteStore::totals(WorkId id) {
  return guarded([&] {
    Query query(
        statement("SELECT count(*), sum(user_ms), sum(system_ms), max(max_rss_kb), "
                  "sum(read_kb), sum(written_kb) FROM run WHERE work = ? AND finished_at "
                  "IS NOT NULL"));
    query.bind(id);
    query.step();
    return RunTotals{query.integer(0), Duration{query.integer(1)}, Duration{query.integer(2)},
                     query.integer(3), query.integer(4),           query.integer(5)};
  });
}

void SqliteStore::save_progress(WorkId id, const RunProgress& progress) {
  guarded([&] {
    Query(statement("UPDATE work SET progress = ? WHERE id = ?"))
        .bind(boost::json::serialize(to_json(progress)), id)
        .step();
  });
}

void SqliteStore::save_log_size(WorkId id, int run, std::int64_t bytes) {
  guarded([&] {
    Query(statement("UPDATE run SET log_bytes = ? WHERE work = ? AND number = ?"))
        .bind(bytes, id, run)
        .step();
  });
}

void SqliteStore::save_output(WorkId id, const std::string& output) {
  guarded(
      [&] { Query(statement("UPDATE work SET output = ? WHERE id = ?")).bind(output, id).step(); });
}

void SqliteStore::save_ledger(const LedgerEntry& entry) {
  guarded([&] {
    const std::string document = boost::json::serialize(to_json(entry));
    Query(statement("INSERT INTO ledger (entry) VALUES (?)")).bind(document).step();
    Query(statement("DELETE FROM ledger WHERE id <= (SELECT max(id) FROM ledger) - ?"))
        .bind(kLedgerEntries)
        .step();
  });
}

void SqliteStore::save_boot(const std::string& boot) {
  guarded([&] {
    Query(statement("INSERT OR REPLACE INTO boot (one, id) VALUES (1, ?)")).bind(boot).step();
  });
}

std::string SqliteStore::load_boot() {
  return guarded([&] {
    Query query(statement("SELECT id FROM boot"));
    return query.step() ? query.text(0) : std::string();
  });
}

void SqliteStore::save_pauses(const Pauses& pauses) {
  guarded([&] {
    Query(statement("DELETE FROM pause")).step();
    for (const auto& [group, until] : pauses) {
      Query(statement("INSERT INTO pause (name, until) VALUES (?, ?)")).bind(group, until).step();
    }
  });
}

std::vector<ForgottenRun> SqliteStore::forget_runs(WorkId id, int last, int most) {
  return guarded([&] {
    Query query(
        statement("DELETE FROM run WHERE number <= ? AND finished_at IS NOT NULL AND work IN "
                  "(SELECT b.id FROM work a JOIN work b ON b.name = a.name AND b.owner = "
                  "a.owner WHERE a.id = ?) RETURNING work, number"));
    query.bind(last - most, id);
    return forgotten(query);
  });
}

Pruned SqliteStore::prune(std::optional<uid_t> owner, std::optional<TimePoint> now, int limit,
                          const std::set<WorkId>& spared) {
  return guarded([&] {
    Query(statement("CREATE TEMP TABLE IF NOT EXISTS pruned (id INTEGER PRIMARY KEY)")).step();
    Query(statement("DELETE FROM pruned")).step();
    Query(statement(std::string("INSERT INTO pruned SELECT id FROM work WHERE (?1 IS NULL OR owner "
                                "= ?1) AND (?2 IS NULL OR expires_at <= ?2) AND id NOT IN "
                                "(SELECT value FROM json_each(?4)) AND ") +
                    kUnused + " LIMIT ?3"))
        .bind(owner, now, limit, boost::json::serialize(boost::json::value_from(spared)))
        .step();
    Pruned pruned;
    {
      Query query(statement(
          "DELETE FROM run WHERE work IN (SELECT id FROM pruned) RETURNING work, number"));
      pruned.runs = forgotten(query);
    }
    for (const char* const table : {"tag", "prerequisite"}) {
      Query(
          statement(std::string("DELETE FROM ") + table + " WHERE work IN (SELECT id FROM pruned)"))
          .step();
    }
    std::set<std::int64_t> policies;
    {
      Query query(
          statement("DELETE FROM work WHERE id IN (SELECT id FROM pruned) RETURNING id, policy"));
      while (query.step()) {
        pruned.works.push_back(query.integer(0));
        policies.insert(query.integer(1));
      }
    }
    for (const std::int64_t policy : policies) drop_unused_policy(policy);
    if (now) {
      // What is still depended on is looked at again later.
      Query(
          statement(std::string("UPDATE work SET expires_at = ?1 WHERE expires_at <= ?2 AND NOT ") +
                    kUnused))
          .bind(*now + 1h, *now)
          .step();
    }
    return pruned;
  });
}

// A run of a name that has one already writes nothing.
void SqliteStore::use_state(WorkId id) {
  guarded([&] {
    Query(statement("INSERT INTO state (id, owner, name) SELECT random() & 0x7fffffffffffffff, "
                    "owner, name FROM work WHERE id = ? ON CONFLICT (owner, name) DO UPDATE SET "
                    "expires_at = NULL WHERE expires_at IS NOT NULL"))
        .bind(id)
        .step();
  });
}

// Of work that has never run, the last run is that of the name before.
void SqliteStore::release_state(WorkId id, Duration keep) {
  guarded([&] {
    Query(
        statement("UPDATE state SET expires_at = coalesce((SELECT finished_at FROM run WHERE work "
                  "= ?1 AND finished_at IS NOT NULL ORDER BY number DESC LIMIT 1) + ?2, "
                  "expires_at, (SELECT since FROM work WHERE id = ?1) + ?2) WHERE id = (SELECT "
                  "s.id FROM work w JOIN state s ON s.owner = w.owner AND s.name = w.name WHERE "
                  "w.id = ?1)"))
        .bind(id, keep)
        .step();
  });
}

void SqliteStore::forget_state(StateId id) {
  guarded([&] { Query(statement("DELETE FROM state WHERE id = ?")).bind(id).step(); });
}

std::vector<StateId> SqliteStore::expire_states(TimePoint now, int limit) {
  return guarded([&] {
    static const std::string kInUse =
        "EXISTS (SELECT 1 FROM work WHERE work.owner = state.owner AND work.name = state.name AND "
        "finished = 0)";
    Query(statement("UPDATE state SET expires_at = NULL WHERE expires_at <= ? AND " + kInUse))
        .bind(now)
        .step();
    Query query(
        statement("DELETE FROM state WHERE id IN (SELECT id FROM state WHERE expires_at <= ? LIMIT "
                  "?) RETURNING id"));
    query.bind(now, limit);
    return ids_of(query);
  });
}

std::optional<StateId> SqliteStore::find_state(uid_t owner, const std::string& unique_name) {
  return guarded([&]() -> std::optional<StateId> {
    Query query(statement("SELECT id FROM state WHERE owner = ? AND name = ?"));
    if (!query.bind(owner, unique_name).step()) return std::nullopt;
    return query.integer(0);
  });
}

std::vector<RemovedLog> SqliteStore::remove_logs(uid_t owner, std::int64_t bytes, int limit) {
  return guarded([&] {
    std::vector<std::int64_t> ids;
    std::vector<RemovedLog> logs;
    {
      Query query(
          statement("SELECT id, work, number, log_bytes FROM run WHERE owner = ? AND log_bytes > 0 "
                    "ORDER BY id LIMIT ?"));
      query.bind(owner, limit);
      for (std::int64_t left = bytes; left > 0 && query.step(); left -= logs.back().bytes) {
        ids.push_back(query.integer(0));
        logs.push_back({{query.integer(1), static_cast<int>(query.integer(2))}, query.integer(3)});
      }
    }
    for (const std::int64_t id : ids) {
      Query(statement("UPDATE run SET log_bytes = 0, log_removed = 1 WHERE id = ?"))
          .bind(id)
          .step();
    }
    return logs;
  });
}

OwnerUse SqliteStore::use_of(uid_t owner) {
  return guarded([&] {
    Query query(statement("SELECT work_bytes, log_bytes FROM owner_use WHERE owner = ?"));
    if (!query.bind(owner).step()) return OwnerUse{owner};
    return OwnerUse{owner, query.integer(0), query.integer(1)};
  });
}

std::vector<OwnerUse> SqliteStore::uses() {
  return guarded([&] {
    Query query(
        statement("SELECT owner, work_bytes, log_bytes FROM owner_use WHERE work_bytes > 0 "
                  "OR log_bytes > 0 ORDER BY owner"));
    std::vector<OwnerUse> uses;
    while (query.step()) {
      uses.push_back({static_cast<uid_t>(query.integer(0)), query.integer(1), query.integer(2)});
    }
    return uses;
  });
}

std::optional<TimePoint> SqliteStore::next_expiry() {
  return guarded([&]() -> std::optional<TimePoint> {
    Query query(
        statement("SELECT min(at) FROM (SELECT min(expires_at) AS at FROM work WHERE expires_at IS "
                  "NOT NULL UNION ALL SELECT min(expires_at) FROM state WHERE expires_at IS NOT "
                  "NULL)"));
    if (!query.step() || query.is_null(0)) return std::nullopt;
    return query.time(0);
  });
}

std::vector<WorkId> SqliteStore::unfinished(std::optional<uid_t> owner, const std::string& tag,
                                            const std::string& unique_name) {
  return guarded([&] {
    Where where("w.finished = 0");
    if (owner) where.add("w.owner = ?", *owner);
    if (!tag.empty()) where.add("w.id IN (SELECT work FROM tag WHERE tag = ?)", tag);
    if (!unique_name.empty()) where.add("w.name = ?", unique_name);
    Query query(statement("SELECT w.id FROM work w" + where.sql() + " ORDER BY w.id"));
    where.bind(query);
    return ids_of(query);
  });
}

std::vector<WorkId> SqliteStore::applied(uid_t owner) {
  return guarded([&] {
    Query query(statement(
        "SELECT id FROM work WHERE owner = ? AND applied = 1 AND superseded = 0 ORDER BY id"));
    query.bind(owner);
    return ids_of(query);
  });
}

std::vector<ChainLink> SqliteStore::prerequisites(WorkId id) {
  return guarded([&] {
    Query query(
        statement("SELECT w.id, w.name, w.state, w.since FROM prerequisite p JOIN work w ON "
                  "w.id = p.prerequisite WHERE p.work = ? ORDER BY p.position"));
    query.bind(id);
    return links_of(query);
  });
}

std::vector<ChainLink> SqliteStore::dependents(WorkId id, int limit) {
  return guarded([&] {
    Query query(
        statement("SELECT w.id, w.name, w.state, w.since FROM prerequisite p JOIN work w ON "
                  "w.id = p.work WHERE p.prerequisite = ? ORDER BY w.id LIMIT ?"));
    query.bind(id, limit);
    return links_of(query);
  });
}

std::vector<std::string> SqliteStore::outputs_of_prerequisites(WorkId id) {
  return guarded([&] {
    Query query(
        statement("SELECT w.output FROM prerequisite p JOIN work w ON w.id = p.prerequisite "
                  "WHERE p.work = ? AND w.output <> '' ORDER BY p.position"));
    query.bind(id);
    std::vector<std::string> outputs;
    while (query.step()) outputs.push_back(query.text(0));
    return outputs;
  });
}

bool SqliteStore::has_state(StateId id) {
  return guarded([&] {
    Query query(statement("SELECT 1 FROM state WHERE id = ?"));
    return query.bind(id).step();
  });
}

bool SqliteStore::has_run(WorkId work, int number) {
  return guarded([&] {
    Query query(statement("SELECT 1 FROM run WHERE work = ? AND number = ?"));
    return query.bind(work, number).step();
  });
}

std::vector<StoredWork> SqliteStore::load() {
  return guarded([&] {
    std::unordered_map<std::int64_t, SharedPolicy> policies;
    Query all_policies(statement("SELECT id, document FROM policy"));
    while (all_policies.step()) {
      const auto document = stored(parse_object("a stored policy", all_policies.text(1)));
      policies[all_policies.integer(0)] = SharedPolicy(stored(policy_from_json(document)));
    }
    Query query(statement(std::string("SELECT ") + kRowColumns +
                          ", w.policy FROM work w WHERE w.finished = 0 ORDER BY w.id"));
    std::vector<StoredWork> works;
    while (query.step()) {
      Work& work = works.emplace_back().work;
      work = row_of(query);
      work.policy = work.run_policy = policies.at(query.integer(kRowWidth));
    }
    load_prerequisites(works);
    return works;
  });
}

// Those of blocked work, and of them those that have not ended.
void SqliteStore::load_prerequisites(std::vector<StoredWork>& works) {
  Query query(
      statement("SELECT p.work, p.prerequisite FROM prerequisite p JOIN work w ON w.id = "
                "p.work JOIN work q ON q.id = p.prerequisite WHERE w.finished = 0 AND q.state "
                "< 3 ORDER BY p.work, p.position"));
  auto work = works.begin();
  while (query.step()) {
    while (work->work.id != query.integer(0)) ++work;
    work->prerequisites.push_back(query.integer(1));
  }
}

Pauses SqliteStore::load_pauses() {
  return guarded([&] {
    Query query(statement("SELECT name, until FROM pause"));
    Pauses pauses;
    while (query.step()) {
      pauses[query.text(0)] = query.is_null(1) ? std::nullopt : std::optional(query.time(1));
    }
    return pauses;
  });
}

std::vector<LedgerEntry> SqliteStore::load_ledger() {
  return guarded([&] {
    Query query(statement("SELECT entry FROM ledger ORDER BY id"));
    std::vector<LedgerEntry> ledger;
    while (query.step()) {
      const auto entry = stored(parse_object("a stored ledger entry", query.text(0)));
      ledger.push_back(stored(ledger_entry_from_json(entry)));
    }
    return ledger;
  });
}

std::vector<ExpeditedRun> SqliteStore::expedited_runs(TimePoint since) {
  return guarded([&] {
    Query query(
        statement("SELECT w.owner, r.finished_at, "
                  "coalesce(r.length_ms, r.finished_at - r.started_at) FROM run r "
                  "JOIN work w ON w.id = r.work WHERE r.expedited = 1 AND r.finished_at > ? "
                  "ORDER BY r.finished_at"));
    query.bind(since);
    std::vector<ExpeditedRun> runs;
    while (query.step()) {
      runs.push_back(
          {static_cast<uid_t>(query.integer(0)), query.time(1), Duration{query.integer(2)}});
    }
    return runs;
  });
}

}  // namespace wm
