#include "daemon/store/rows.h"

namespace wm {

namespace {

constexpr const char* kResultColumns =
    "r.finished_at, r.outcome, r.exit_code, r.signal, r.stop_reason, r.reason";

RunResult result_of(const Query& query, int first) {
  const auto number = [&](int column) {
    return query.is_null(column) ? std::nullopt
                                 : std::optional(static_cast<int>(query.integer(column)));
  };
  return {query.enumerator<RunOutcome>(first + 1), number(first + 2), number(first + 3),
          query.stop_reason(first + 4), query.text(first + 5)};
}

}  // namespace

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
  work.stopping = query.stop_reason(12);
  work.run_now = query.integer(13) != 0;
  work.settling = query.integer(14) != 0;
  work.expedited = query.integer(15) != 0;
  work.owner = static_cast<uid_t>(query.integer(16));
  work.at = query.time(17);
  work.began = Duration{query.integer(18)};
  if (const TimePoint until = query.time(19); until != TimePoint{}) {
    work.rare = SharedRareFacts(RareFacts{.earlier = {until, waited_of(query.text(20))}});
  }
  return work;
}

const std::string kInfoColumns =
    std::string("SELECT ") + kRowColumns +
    ", w.uuid, w.request, p.document, w.registered_at, w.output, w.applied, w.progress, " +
    kResultColumns + " ";

const std::string kInfoJoins =
    " JOIN policy p ON p.id = w.policy LEFT JOIN run r ON r.work = w.id AND r.number = (SELECT "
    "max(number) FROM run WHERE work = w.id AND finished_at IS NOT NULL)";

const std::string kInfoQuery = kInfoColumns + "FROM work w" + kInfoJoins;

WorkInfo info_of(const Query& query, StoredPolicies& policies) {
  WorkInfo info;
  info.work = row_of(query);
  info.uuid = query.text(kRowWidth);
  const SharedPolicy& policy = policies.of(query.text(kRowWidth + 2));
  info.request = request_of(query.text(kRowWidth + 1), policy);
  info.work.policy = info.work.run_policy = policy;
  info.registered_at = query.time(kRowWidth + 3);
  info.output = query.text(kRowWidth + 4);
  info.applied = query.integer(kRowWidth + 5) != 0;
  if (const std::string progress = query.text(kRowWidth + 6); !progress.empty()) {
    info.progress = progress_of(progress);
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
    "r.log_bytes, r.log_removed, w.uuid FROM run r JOIN work w ON w.id = r.work";

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
  run.waited = waited_of(query.text(17));
  run.relaxed = list_of(query.text(18));
  run.missed_periods = static_cast<int>(query.integer(19));
  run.expedited = query.integer(20) != 0;
  run.owner = static_cast<uid_t>(query.integer(21));
  if (!query.is_null(22)) run.length = Duration{query.integer(22)};
  run.log_bytes = query.integer(23);
  run.log_removed = query.integer(24) != 0;
  run.uuid = query.text(25);
  return run;
}

const std::string kMarkQuery = "SELECT id, owner, name, registered_at, since, state FROM work";

WorkMark mark_of(const Query& query) {
  return {query.integer(0), static_cast<uid_t>(query.integer(1)), query.text(2), query.time(3),
          query.time(4),    query.enumerator<WorkState>(5)};
}

std::string release_of(const std::string& jobs, const std::string& condition) {
  return "UPDATE state SET expires_at = max(coalesce(expires_at, 0), coalesce(gone.ran + ?1, "
         "expires_at, gone.since + ?1)) FROM (SELECT w.owner, w.name, max(w.since) AS since, "
         "max(r.finished_at) AS ran FROM " +
         jobs + " LEFT JOIN run r ON r.work = w.id WHERE " + condition +
         " GROUP BY w.owner, w.name) AS gone WHERE state.owner = gone.owner AND state.name = "
         "gone.name";
}

std::vector<ForgottenRun> forgotten(Query& query) {
  std::vector<ForgottenRun> runs;
  while (query.step()) runs.push_back({query.integer(0), static_cast<int>(query.integer(1))});
  return runs;
}

std::vector<std::int64_t> ids_of(Query& query) {
  std::vector<std::int64_t> ids;
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

}  // namespace wm
