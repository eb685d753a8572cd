// What a work waits for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.h"

namespace wm {

struct Wait {
  WaitKind kind = WaitKind::constraint;
  std::string name;      // Which constraint, prerequisite or group; of a time: `at`, `calendar`.
  std::string required;  // What it takes …
  std::string actual;    // … and what there is.
  std::optional<TimePoint> since;
  std::optional<TimePoint> until;  // Where that is known.
  std::string detail;              // Of a constraint: what its sensor says, and which that is.

  bool operator==(const Wait&) const = default;
};

Wait constraint_wait(const Unmet& unmet);

/// Everything that holds an enqueued work back at `now`, after a plan(); a slot only where nothing
/// else is missing. Empty: it starts, or is in another state. What blocked work waits for has names
/// that the scheduler does not hold: see prerequisite_wait().
std::vector<Wait> waiting_for(const Scheduler& scheduler, const Work& work, TimePoint now);

/// That blocked work waits for `name`, which is in `state` since `since`.
Wait prerequisite_wait(const std::string& name, WorkState state, TimePoint since);

}  // namespace wm
