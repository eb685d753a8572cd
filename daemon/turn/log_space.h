// Decides which logs must go, so that each owner's logs, and all together, stay within their
// limits.
#pragma once

#include <vector>

#include "config/settings.h"
#include "daemon/runs/runner.h"
#include "daemon/store/store.h"

namespace wm {

/// The most bytes that the logs of all owners may have, who have `used` by now. Like journald: a
/// tenth of the file system and at most 4 GiB, and less if otherwise not 15 % of it, or 4 GiB, stay
/// free; but at least 16 MiB. The settings can override this.
std::int64_t most_log_bytes(const KeepLimits& limits, const DiskSpace& disk, std::int64_t used);

/// The logs that were recorded as removed.
struct RemovedLogs {
  std::vector<ForgottenRun> runs;
  bool all = true;  // False: more must go, in the next turn.
};

/// Removes the oldest logs of each owner who has too much. While all together have too much, it
/// removes the oldest of the owner who has most. Takes time for each owner, and for each log.
RemovedLogs make_room_for_logs(Store& store, const KeepLimits& limits, const DiskSpace& disk);

}  // namespace wm
