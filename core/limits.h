// What a registration may ask for, and the check that refuses the rest with the bound by name.
#pragma once

#include "core/work.h"

namespace wm {

/// The defaults are WorkManager's; the configuration's `[limits]` moves them.
struct Limits {
  Duration min_period = 15min;
  Duration min_flex = 5min;
  Duration min_backoff = 10s;
  std::size_t max_data = 10'240;             // Bytes of JSON.
  std::size_t max_work_per_owner = 100'000;  // Unfinished.
  std::size_t max_watches = 5'000;           // Directories that one owner's --on-path may watch.

  bool operator==(const Limits&) const = default;
};

/// How many runs of a group may go on at once.
struct GroupRule {
  int max_parallel = 1;
  bool shared = false;  // It counts all owners' runs together; else each owner's.

  bool operator==(const GroupRule&) const = default;
};

/// Unique names, task names and tags: 1 to 255 bytes of UTF-8 without control characters.
/// `what` is how the error calls it.
Result<> validate_name(std::string_view what, std::string_view name);

/// All that can be said of a request without looking at the machine.
Result<> validate(const WorkRequest& request, const Limits& limits);

/// Whether the policy suits the work: periodic work is no part of a chain.
Result<> validate_existing(ExistingPolicy existing, WorkKind kind);

}  // namespace wm
