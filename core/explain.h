// Explains what a job waits for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.h"

namespace wm {

struct Wait {
  WaitKind kind = WaitKind::constraint;
  std::string name;      // The constraint, prerequisite or group; for a time `at` or `calendar`.
  std::string required;  // The state that is needed.
  std::string actual;    // The present state.
  std::optional<TimePoint> since;
  std::optional<TimePoint> until;  // The latest end of the wait, if it is known.
  std::string detail;              // A constraint's sensor and reading, or a trigger's problem.

  bool operator==(const Wait&) const = default;
};

/// A window in a zone of its own says which.
Wait constraint_wait(const Need& need, const Policy& policy);

/// Everything that holds an enqueued job back at `now`, after a plan(); a slot only if nothing else
/// is missing. Empty: it starts, or is in another state. The scheduler does not know the names that
/// a blocked job waits for: see prerequisite_wait().
std::vector<Wait> waiting_for(const Scheduler& scheduler, const Work& work, TimePoint now);

/// The constraints of an enqueued or blocked job that hold at `now`, as far as they matter.
std::vector<Wait> met_constraints(const Scheduler& scheduler, const Work& work, TimePoint now);

/// The constraints that would hold a job back at `now` once nothing else does.
std::vector<Wait> unmet_constraints(const Scheduler& scheduler, const Policy& policy,
                                    TimePoint now);

/// Says that a blocked job waits for `name`, which has been in `state` since `since`.
Wait prerequisite_wait(const std::string& name, WorkState state, TimePoint since);

}  // namespace wm
