// Explains why a job did not run at a moment that has passed, from what is on record.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/condition_history.h"
#include "core/explain.h"

namespace wm {

/// What is on record about a job around the moment in question.
struct PastRecord {
  Work work;                    // The row as it is now, with the terms as they are now.
  std::optional<TimePoint> at;  // The named time of its first run.
  TimePoint registered_at{};
  std::optional<RunInfo> before;         // The last run of its name that had started by then.
  std::optional<RunInfo> after;          // The first run of its name after that.
  std::vector<Wait> prerequisites;       // Those that have not succeeded by now, or all of them.
  std::vector<ConditionChange> changes;  // Of the daemon and of what the job needs, in order.
  std::optional<std::vector<PastPause>> pauses;  // Those at that moment; nothing: unknown.
};

/// The rules as they are now.
struct PastRules {
  SchedulingRules scheduling;
  UnknownPolicy unknown;
};

struct PastExplanation {
  bool registered = false;                // The job was, at that moment.
  WorkState state = WorkState::enqueued;  // Its state then, if it was.
  std::optional<RunInfo> run;             // The run that was in progress then.
  std::optional<RunInfo> next;            // The first run after that moment.
  std::vector<Wait> waits;    // What held it back, each with its time: `until` is when it ended.
  std::vector<Wait> met;      // The constraints that held.
  std::vector<Wait> unknown;  // What nobody knows: `actual` says why.
};

PastExplanation explain_past(const PastRecord& record, const PastRules& rules, TimePoint moment);

}  // namespace wm
