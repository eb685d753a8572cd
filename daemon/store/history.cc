// The history: recorded runs, their totals, and the forgetting of old ones.
#include <limits>
#include <utility>

#include "daemon/store/rows.h"
#include "daemon/store/sqlite_store.h"
#include "daemon/store/stored_form.h"

namespace wm {

using namespace std::chrono_literals;

namespace {

static_assert(!is_failure(static_cast<RunOutcome>(0)) && is_failure(static_cast<RunOutcome>(1)) &&
              is_failure(static_cast<RunOutcome>(2)) && !is_failure(static_cast<RunOutcome>(3)));
constexpr const char* kFailedRuns = "r.outcome IN (1, 2)";

// Finished jobs that no unfinished job depends on.
constexpr const char* kUnused =
    "(state >= 3 AND NOT EXISTS (SELECT 1 FROM prerequisite p JOIN work d ON d.id = p.work WHERE "
    "p.prerequisite = work.id AND d.finished = 0))";

// The rows that the filter covers, in the order of the query: newest first, by `time`.
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

void SqliteStore::start_run(const RunInfo& run) {
  guarded([&] {
    Query(statement("INSERT INTO run (work, number, attempt, started_at, waited, relaxed, "
                    "missed_periods, expedited, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                    "(SELECT owner FROM work WHERE id = ?1))"))
        .bind(run.work, run.run, run.attempt, run.started_at, stored_text(run.waited),
              stored_text(run.relaxed), run.missed_periods, run.expedited)
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

RunPage SqliteStore::history(const RunFilter& filter) {
  return guarded([&] {
    Where where("TRUE");
    if (filter.before != 0) where.add("r.id < ?", filter.before);
    if (filter.owner) where.add("w.owner = ?", *filter.owner);
    // The runs of one name are few.
    const std::int64_t reach = filter.unique_name.empty() ? reach_of(filter) : 0;
    if (reach != 0) where.add("r.id >= ?", reach);
    if (!filter.unique_name.empty()) where.add("w.name = ?", filter.unique_name);
    if (filter.since) where.add("r.started_at >= ?", *filter.since);
    if (filter.until) where.add("r.started_at <= ?", *filter.until);
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

// The last run that a page looks at; 0: the first of all.
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

Newest<RunInfo> SqliteStore::runs_ended(const RecordFilter& filter) {
  return guarded([&] {
    Query query(statement(kRunQuery +
                          " WHERE r.finished_at >= ? ORDER BY r.finished_at DESC, r.id DESC "
                          "LIMIT ?"));
    query.bind(filter.since, filter.limit);
    return newest(query, filter, run_of, &RunInfo::finished_at);
  });
}

// Ids grow with the time of registration, so the newest can be found without an index.
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

std::optional<Duration> SqliteStore::usual_length(uid_t owner, const std::string& unique_name) {
  return guarded([&]() -> std::optional<Duration> {
    Query query(
        statement("SELECT count(*), sum(length) FROM (SELECT coalesce(r.length_ms, r.finished_at - "
                  "r.started_at) AS length FROM run r JOIN work w ON w.id = r.work WHERE w.owner = "
                  "? AND w.name = ? AND r.outcome = ? ORDER BY r.id DESC LIMIT ?)"));
    query.bind(owner, unique_name, RunOutcome::succeeded, kUsualRuns).step();
    const std::int64_t runs = query.integer(0);
    return runs == 0 ? std::nullopt : std::optional(Duration{query.integer(1) / runs});
  });
}

bool SqliteStore::has_run(WorkId work, int number) {
  return guarded([&] {
    Query query(statement("SELECT 1 FROM run WHERE work = ? AND number = ?"));
    return query.bind(work, number).step();
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

Pruned SqliteStore::prune(std::optional<uid_t> owner, WorkId after, int most,
                          const std::set<WorkId>& spared, Duration keep_state) {
  return guarded([&] {
    std::optional<WorkId> reached;
    {
      Query query(statement("SELECT id FROM work WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"));
      if (query.bind(after, most - 1).step()) reached = query.integer(0);
    }
    begin_pruning();
    Query(statement(std::string("INSERT INTO pruned SELECT id FROM work WHERE id > ?1 AND id <= ?2 "
                                "AND (?3 IS NULL OR owner = ?3) AND id NOT IN "
                                "(SELECT value FROM json_each(?4)) AND ") +
                    kUnused))
        .bind(after, reached.value_or(std::numeric_limits<WorkId>::max()), owner, json_list(spared))
        .step();
    Pruned pruned = forget_pruned(keep_state);
    pruned.reached = reached;
    return pruned;
  });
}

Pruned SqliteStore::expire(TimePoint now, int limit, const std::set<WorkId>& spared,
                           Duration keep_state) {
  return guarded([&] {
    begin_pruning();
    Query(statement(std::string("INSERT INTO pruned SELECT id FROM work WHERE expires_at <= ?1 AND "
                                "id NOT IN (SELECT value FROM json_each(?3)) AND ") +
                    kUnused + " LIMIT ?2"))
        .bind(now, limit, json_list(spared))
        .step();
    Pruned pruned = forget_pruned(keep_state);
    // Jobs that others still depend on are looked at again later.
    Query(statement(std::string("UPDATE work SET expires_at = ?1 WHERE expires_at <= ?2 AND NOT ") +
                    kUnused))
        .bind(now + 1h, now)
        .step();
    return pruned;
  });
}

void SqliteStore::begin_pruning() {
  Query(statement("CREATE TEMP TABLE IF NOT EXISTS pruned (id INTEGER PRIMARY KEY)")).step();
  Query(statement("DELETE FROM pruned")).step();
}

// Forgets the jobs of the table, their runs and their policies, and releases the state directories
// of their names.
Pruned SqliteStore::forget_pruned(Duration keep_state) {
  Pruned pruned;
  add_inserted_bytes();
  // CROSS JOIN keeps SQLite from going through all jobs in the order of their names.
  static const std::string kRelease = release_of("pruned CROSS JOIN work w ON w.id = pruned.id");
  Query(statement(kRelease)).bind(keep_state).step();
  {
    Query query(
        statement("DELETE FROM run WHERE work IN (SELECT id FROM pruned) RETURNING work, number"));
    pruned.runs = forgotten(query);
  }
  for (const char* const table : {"tag", "prerequisite"}) {
    Query(statement(std::string("DELETE FROM ") + table + " WHERE work IN (SELECT id FROM pruned)"))
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
  return pruned;
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

}  // namespace wm
