// The meaning of the database's rows: the columns that are read, in their order, and the values
// made from them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/store/statement.h"
#include "daemon/store/stored_form.h"

namespace wm {

/// The columns of a job's row, `w`, that the scheduler needs.
inline constexpr const char* kRowColumns =
    "w.id, w.state, w.enqueued_at, w.since, w.due, w.period_ends, w.attempts, w.runs, w.periods, "
    "w.generation, w.blocked_on, w.timing, w.stopping, w.run_now, w.settling, w.expedited, "
    "w.owner, w.at, w.began, w.waited_until, w.waited";
inline constexpr int kRowWidth = 21;

/// Everything except its policy.
Work row_of(const Query& query);

/// Jobs (`w`), each beside its last finished run, with neither conditions nor an order.
extern const std::string kInfoQuery;
/// The parts of that query before and after `FROM work w`.
extern const std::string kInfoColumns;
extern const std::string kInfoJoins;
WorkInfo info_of(const Query& query, StoredPolicies& policies);

/// Runs (`r`), each with its job (`w`).
extern const std::string kRunQuery;
RunInfo run_of(const Query& query);

extern const std::string kMarkQuery;
WorkMark mark_of(const Query& query);

/// A statement that sets the times at which the state directories of ended jobs' names go: `?1`
/// after the last run, but never earlier than was set before. Jobs without a run set a time only if
/// there was none. `jobs` follows FROM and names the jobs `w`.
std::string release_of(const std::string& jobs, const std::string& condition = "TRUE");

// These read all rows of a query.

/// Expects the columns `work, number`.
std::vector<ForgottenRun> forgotten(Query& query);
std::vector<std::int64_t> ids_of(Query& query);
/// Expects the columns `id, name, state, since`.
std::vector<ChainLink> links_of(Query& query);

}  // namespace wm
