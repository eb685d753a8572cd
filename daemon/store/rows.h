// The meaning of the database's rows: the columns that are read, in their order, and the values
// made from them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/store/statement.h"

namespace wm {

/// The columns of a job's row, `w`, that the scheduler needs.
inline constexpr const char* kRowColumns =
    "w.id, w.state, w.enqueued_at, w.since, w.due, w.period_ends, w.attempts, w.runs, w.periods, "
    "w.generation, w.blocked_on, w.timing, w.stopping, w.run_now, w.settling, w.expedited, "
    "w.owner, w.at, w.began";
inline constexpr int kRowWidth = 19;

/// Everything except its policy.
Work row_of(const Query& query);

/// Jobs (`w`), each beside its last finished run, with neither conditions nor an order.
extern const std::string kInfoQuery;
WorkInfo info_of(const Query& query);

/// Runs (`r`), each with its job (`w`).
extern const std::string kRunQuery;
RunInfo run_of(const Query& query);

extern const std::string kMarkQuery;

/// The time at which a state directory goes, when jobs of its name, `gone`, have ended or are
/// forgotten: `?1` after their last run, but not earlier than was said before. A job that has never
/// run changes nothing, unless nothing was said.
inline constexpr const char* kReleased =
    "max(coalesce(expires_at, 0), coalesce(gone.ran + ?1, expires_at, gone.since + ?1))";
WorkMark mark_of(const Query& query);

// These read all rows of a query.

/// Expects the columns `work, number`.
std::vector<ForgottenRun> forgotten(Query& query);
std::vector<std::int64_t> ids_of(Query& query);
/// Expects the columns `id, name, state, since`.
std::vector<ChainLink> links_of(Query& query);

}  // namespace wm
