#include "fleet/work/local_work.h"

#include <algorithm>

#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/scheduler.h"
#include "core/text.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

constexpr std::string_view kPrefix = "fleet/";
constexpr const char* kPiece = "FLEET_PIECE";
constexpr const char* kFence = "FLEET_FENCE";
constexpr const char* kGeneration = "FLEET_GENERATION";

void name_locally(WorkRequest& request, const std::string& node) {
  request.env["FLEET_NODE"] = node;
  request.env["FLEET_NAME"] = request.unique_name;
  request.unique_name = local_name(request.unique_name);
  request.tags.emplace_back(kFleetTag);
  std::ranges::sort(request.tags);
  const auto repeated = std::ranges::unique(request.tags);
  request.tags.erase(repeated.begin(), repeated.end());
}

TimePoint time_in(const json::object& object, std::string_view key) {
  return time_of(object, key).value_or(TimePoint{});
}

// `until` in the database's words: a null is no time.
json::value or_null(TimePoint time) {
  return time == TimePoint{} ? json::value(nullptr) : json::value(format_time(time));
}

}  // namespace

std::string local_name(std::string_view name) { return std::string(kPrefix) + std::string(name); }

std::optional<std::string> fleet_name(std::string_view local) {
  if (!local.starts_with(kPrefix)) return std::nullopt;
  return std::string(local.substr(kPrefix.size()));
}

Result<Claim> claim_from_json(const json::object& object) {
  auto request = request_from_json(object_of(object, "request"));
  if (!request) return std::unexpected(request.error());
  Claim claim;
  claim.piece = number_of(object, "piece");
  claim.fence = number_of(object, "fence");
  claim.name = text_of(object, "name");
  claim.generation = static_cast<int>(number_of(object, "generation"));
  claim.request = std::move(*request);
  claim.lease = Duration{number_of(object, "leaseMs")};
  claim.hold = Duration{number_of(object, "holdMs")};
  if (const json::value* left = object.if_contains("deadlineLeftMs"); left && left->is_number()) {
    claim.deadline_left = Duration{number_of(object, "deadlineLeftMs")};
  }
  claim.row.policy = claim.row.run_policy = SharedPolicy(static_cast<const Policy&>(claim.request));
  claim.row.attempts = static_cast<std::int32_t>(number_of(object, "attempts"));
  claim.row.periods = static_cast<std::int32_t>(number_of(object, "periods"));
  claim.row.timing = static_cast<Timing>(number_of(object, "timing"));
  claim.row.enqueued_at = time_in(object, "enqueuedAt");
  claim.row.since = time_in(object, "since");
  claim.row.due = time_in(object, "due");
  claim.row.period_ends = time_in(object, "periodEnds");
  return claim;
}

LeaseTimes lease_times(Duration lease, std::optional<Duration> stop_grace) {
  constexpr Duration kUsualGrace = 10s;
  LeaseTimes times;
  times.renew_after = lease / 3;
  times.grace = std::min(stop_grace.value_or(kUsualGrace), lease / 4);
  times.watchdog = lease - lease / 8 - times.grace;
  return times;
}

std::optional<Origin> origin_of(const json::object& work) {
  const json::object& env = object_of(work, "env");
  const auto number = [&](const char* name) {
    return parse_number<std::int64_t>(text_of(env, name));
  };
  if (!fleet_name(text_of(work, "uniqueName"))) return std::nullopt;
  if (const auto generation = number(kGeneration)) {
    return Origin{std::nullopt, 0, static_cast<int>(*generation)};
  }
  const auto piece = number(kPiece);
  const auto fence = number(kFence);
  if (!piece || !fence) return std::nullopt;
  return Origin{*piece, *fence, 0};
}

WorkRequest local_each(WorkRequest request, int generation, const std::string& node) {
  // Until its result is reported, which may take weeks without a network.
  constexpr Duration kKeep = Days{90};
  name_locally(request, node);
  request.env[kGeneration] = std::to_string(generation);
  request.keep_results = std::max(request.keep_results.value_or(kKeep), kKeep);
  for (std::string& prerequisite : request.prerequisites) prerequisite = local_name(prerequisite);
  return request;
}

WorkRequest local_claim(const Claim& claim, const std::string& node) {
  const LeaseTimes times = lease_times(claim.lease, claim.request.stop_grace);
  WorkRequest request = claim.request;
  name_locally(request, node);
  request.env[kPiece] = std::to_string(claim.piece);
  request.env[kFence] = std::to_string(claim.fence);
  request.env["FLEET_ATTEMPT"] = std::to_string(attempt_of(claim));
  if (request.kind == WorkKind::periodic) request.kind = WorkKind::oneoff;
  request.initial_delay = request.every = request.flex = Duration::zero();
  request.calendar.clear();
  request.cadence = Cadence::interval;
  request.at.reset();
  // It counts from the registration in the fleet, by the database's clock.
  if (claim.deadline_left) request.deadline = std::max(*claim.deadline_left, Duration{1ms});
  request.max_attempts = 0;
  request.backoff_policy.reset();
  request.backoff_delay.reset();
  if (!request.constraints.has(Constraint::idle)) {  // Which cannot have one.
    request.backoff_policy = BackoffPolicy::linear;
    request.backoff_delay = kMaxBackoff;
  }
  request.stop_grace = times.grace;
  request.watchdog = times.watchdog;
  request.while_kept_alive = true;
  return request;
}

std::int32_t attempt_of(const Claim& claim) { return claim.row.attempts + 1; }

RunResult result_of(const Claim& claim, RunResult here) {
  // A claim's watchdog is its lease: the job is not to blame for a network.
  if (here.stop_reason == StopReason::watchdog) {
    here.outcome = RunOutcome::interrupted;
    here.reason = "its lease was not renewed in time";
  }
  const Policy& policy = claim.row.policy;
  return result_of_attempt(std::move(here), attempt_of(claim), policy.max_attempts.value_or(0));
}

json::object end_of(const Claim& claim, const RunResult& result, TimePoint ended) {
  Work row = claim.row;
  row.state = WorkState::running;
  row.attempts = attempt_of(claim);
  row = after_run(std::move(row), result.outcome, ended, SchedulingRules{});
  const int state = row.state == WorkState::succeeded ? 1 : row.state == WorkState::failed ? 2 : 0;
  return {{"piece", claim.piece},
          {"fence", claim.fence},
          {"state", state},
          {"due", format_time(row.due)},
          {"since", format_time(row.since)},
          {"periodEnds", or_null(row.period_ends)},
          {"timing", static_cast<int>(row.timing)},
          {"attempts", row.attempts},
          {"periods", row.periods}};
}

}  // namespace wm::fleet
