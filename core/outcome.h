// What a child's end means for its work.
#pragma once

#include "core/work.h"

namespace wm {

/// How one child ended, as the runner saw it.
struct ChildEnd {
  enum class How : std::uint8_t {
    exited,       // `code` is the exit status.
    signalled,    // `code` is the signal.
    not_started,  // It cannot be: `reason` says why (no such file, not executable, no such user).
    no_room,      // It could not be now: the machine is out of processes, memory or disk.
    lost,         // It ended while no daemon was there to see it.
  };

  How how = How::exited;
  int code = 0;
  std::string reason;

  bool operator==(const ChildEnd&) const = default;
};

/// The table of SEMANTICS, without what depends on the work: a retry is a wish that
/// `--max-attempts` may refuse, and a run that was told to stop ends by stopped_result().
RunResult result_of(const ChildEnd& end, const ExitRules& rules);

/// The same for a run that wm had told to stop: interrupted, whatever it exits with, for the result
/// of a stopped run is none (WorkManager). One whose time was up is a retry.
RunResult stopped_result(const ChildEnd& end, const ExitRules& rules, StopReason reason);

/// `exit 75`, `constraint-network, SIGTERM`: why a run ended as it did; "" where there is nothing
/// to say.
std::string cause_of(const RunResult& result);

}  // namespace wm
