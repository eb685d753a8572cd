// The messages between client and daemon, as JSON in both directions.
#pragma once

#include <boost/json.hpp>

#include "core/condition_history.h"
#include "core/explain.h"
#include "core/json_reader.h"
#include "core/request_json.h"
#include "core/status.h"
#include "core/work.h"

namespace wm {

/// The most bytes of one message to the daemon, without the byte 0 that ends it.
inline constexpr std::size_t kMostInMessage = std::size_t{1} << 20;

// Parts of a registration, as one daemon hands them over to the next.
boost::json::object to_json(const Policy& policy);
Result<Policy> policy_from_json(const boost::json::object& object);
boost::json::object to_json(const Bounds& bounds);
Bounds bounds_from_json(const boost::json::object& object);
boost::json::object to_json(const ExitRules& rules);
Result<ExitRules> exit_rules_from_json(const boost::json::object& object);

Result<Constraints> constraints_from_json(const boost::json::object& object);

boost::json::object to_json(const WorkInfo& info);
boost::json::object to_json(const RunInfo& run);
boost::json::object to_json(const RunTotals& totals);
boost::json::object to_json(const RunProgress& progress);
boost::json::object to_json(const RunResult& result);
/// An event of `wm watch` and of the notify command about the job `info`.
boost::json::object to_json(const StatusChange& change, const WorkInfo& info, TimePoint now);
/// An event: the run's process was stopped, or goes on.
boost::json::object suspension_event(bool suspended, const WorkInfo& info, TimePoint now);
/// An event: the run's own report of its progress.
boost::json::object to_json(const RunProgress& progress, const WorkInfo& info, TimePoint now);
boost::json::array to_json(const std::vector<Wait>& waits);
boost::json::array to_json(const std::vector<Waited>& waited);
boost::json::array to_json(const Pauses& pauses);
boost::json::object to_json(const PauseChange& change, TimePoint now);
boost::json::object to_json(const ConditionChange& change);
RunResult result_from_json(const boost::json::object& object);
RunProgress progress_from_json(const boost::json::object& object);

}  // namespace wm
