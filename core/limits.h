// The bounds of a registration, and the check that refuses more with the bound's name.
#pragma once

#include "core/work.h"

namespace wm {

/// The defaults are WorkManager's; `[limits]` in the configuration changes them.
struct Limits {
  Duration min_period = 15min;
  Duration min_flex = 5min;
  Duration min_backoff = 10s;
  std::size_t max_data = 10'240;             // Bytes of JSON.
  std::size_t max_work_per_owner = 100'000;  // Unfinished.
  std::size_t max_watches = 5'000;           // Directories that one owner's --on-path may watch.

  bool operator==(const Limits&) const = default;
};

/// The limit on a group's runs in progress.
struct GroupRule {
  int max_parallel = 1;
  bool shared = false;  // Counts all owners' runs together, instead of each owner's.

  bool operator==(const GroupRule&) const = default;
};

/// Unique names, task names and tags: 1 to 255 bytes of UTF-8 without control characters. `what` is
/// the name in the error.
Result<> validate_name(std::string_view what, std::string_view name);

/// Checks everything that needs no look at the machine.
Result<> validate(const WorkRequest& request, const Limits& limits);

/// The same for a program that has no zone database at hand, with its own check of a zone's name.
using ZoneCheck = Result<> (*)(std::string_view name);
Result<> validate(const WorkRequest& request, const Limits& limits, ZoneCheck zone_check);

/// The same for constraints and their time zone alone.
Result<> validate_constraints(const WorkRequest& request);

/// Checks that the policy suits the kind: a periodic job is no part of a chain.
Result<> validate_existing(ExistingPolicy existing, WorkKind kind);

}  // namespace wm
