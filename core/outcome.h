// The meaning of a child's end for its job.
#pragma once

#include "core/work.h"

namespace wm {

/// The end of one child, as the runner saw it.
struct ChildEnd {
  enum class How : std::uint8_t {
    exited,       // `code` is the exit status.
    signalled,    // `code` is the signal.
    not_started,  // It cannot be: `reason` says why (no such file, not executable, no such user).
    no_room,      // It could not be now: the machine is out of processes, memory or disk.
    lost,         // It ended while there was no daemon.
  };

  How how = How::exited;
  int code = 0;
  std::string reason;

  bool operator==(const ChildEnd&) const = default;
};

/// Applies the table in wm-semantics(7), as far as it does not depend on the job: `--max-attempts`
/// may refuse a retry, and a run that was told to stop ends by stopped_result().
RunResult result_of(const ChildEnd& end, const ExitRules& rules);

/// The same for a run that wm had told to stop: interrupted, whatever its exit code, because a
/// stopped run has no result (WorkManager). A run whose time was up, or that was silent for too
/// long, is a retry.
RunResult stopped_result(const ChildEnd& end, const ExitRules& rules, StopReason reason);

/// The result of attempt `attempt` of at most `most` (0: any number): the last one fails where
/// another is asked for.
RunResult result_of_attempt(RunResult result, std::int32_t attempt, std::int32_t most);

/// `exit 75`, `constraint-network, SIGTERM`: the reason for the end of a run; "" if there is
/// nothing to say.
std::string cause_of(const RunResult& result);

}  // namespace wm
