// Fleet work as a node's own daemon gets it, and what its runs mean for the fleet.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "core/outcome.h"
#include "core/work.h"

namespace wm::fleet {

/// The tag of all fleet work in a daemon.
inline constexpr std::string_view kFleetTag = "fleet";

/// `fleet/NAME`, the unique name in a node's daemon.
std::string local_name(std::string_view name);
/// The other way round; nothing: it is no fleet work.
std::optional<std::string> fleet_name(std::string_view local);

/// A node's right to run one piece of work.
struct Claim {
  std::int64_t piece = 0;
  std::int64_t fence = 0;
  std::string name;
  int generation = 0;
  WorkRequest request;
  Duration lease = 60s;
  Duration hold = 1min;
  Work row;                               // Its row in the scheduling rules, before this run.
  std::optional<Duration> deadline_left;  // When it was claimed; negative: the deadline is past.
};

/// Reads one of the claims that wm.claim() returns.
Result<Claim> claim_from_json(const boost::json::object& object);

/// The times of a lease, all counted from the moment at which its renewal was sent, because the
/// database counts from a later one. `watchdog` after it the daemon stops the run, which takes at
/// most `grace`; an eighth of the lease is left for what is slower than it should be.
struct LeaseTimes {
  Duration renew_after{};
  Duration watchdog{};
  Duration grace{};
};
LeaseTimes lease_times(Duration lease, std::optional<Duration> stop_grace);

/// A registration whose origin the agent can tell after its own restart.
struct Origin {
  std::optional<std::int64_t> piece;  // Nothing: it is `each` work.
  std::int64_t fence = 0;
  int generation = 0;
};
std::optional<Origin> origin_of(const boost::json::object& work);

/// `each` work: as it was registered, but for its names.
WorkRequest local_each(WorkRequest request, int generation, const std::string& node);

/// Claimed work: one run, now, under its constraints. What comes after it is the fleet's decision,
/// so nothing repeats it here for as long as the claim can last.
WorkRequest local_claim(const Claim& claim, const std::string& node);

/// The number of the attempt that a run of this claim is, counted over all nodes.
std::int32_t attempt_of(const Claim& claim);

/// The fleet's result of a run that has ended so on the node, where no attempt is the last one.
RunResult result_of(const Claim& claim, RunResult here);

/// The element of `ends` in wm.report(): how the piece goes on after that result of its run.
boost::json::object end_of(const Claim& claim, const RunResult& result, TimePoint ended);

}  // namespace wm::fleet
