// Which logs have to go, so that those of no owner and those of all together leave room for others.
#pragma once

#include <vector>

#include "config/settings.h"
#include "daemon/runs/runner.h"
#include "daemon/store/store.h"

namespace wm {

/// Bytes that the logs of all owners may have together, who have `used` by now. As journald has it:
/// a tenth of the file system and 4 GiB at most, and less where not 15 % of it, or 4 GiB, stay
/// free; but 16 MiB in any case. The settings say otherwise.
std::int64_t most_log_bytes(const KeepLimits& limits, const DiskSpace& disk, std::int64_t used);

/// The logs that are on record as removed.
struct RemovedLogs {
  std::vector<ForgottenRun> runs;
  bool all = true;  // False: more have to go, in the next turn.
};

/// Removes the oldest logs of each owner who has too much. While all together have too much, it
/// removes the oldest of the owner who has most. Costs time for each owner, and for each log.
RemovedLogs make_room_for_logs(Store& store, const KeepLimits& limits, const DiskSpace& disk);

}  // namespace wm
