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
  std::string required;  // What is needed …
  std::string actual;    // … and what there is.
  std::optional<TimePoint> since;
  std::optional<TimePoint> until;  // If it is known.
  std::string detail;              // For a constraint: its sensor's reading, and the sensor.

  bool operator==(const Wait&) const = default;
};

Wait constraint_wait(const Unmet& unmet);

/// Everything that holds an enqueued job back at `now`, after a plan(); a slot only if nothing else
/// is missing. Empty: it starts, or is in another state. The scheduler does not know the names that
/// a blocked job waits for: see prerequisite_wait().
std::vector<Wait> waiting_for(const Scheduler& scheduler, const Work& work, TimePoint now);

/// Says that a blocked job waits for `name`, which has been in `state` since `since`.
Wait prerequisite_wait(const std::string& name, WorkState state, TimePoint since);

}  // namespace wm
