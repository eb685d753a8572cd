// The run time that each owner's expedited jobs have used recently.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/work.h"

namespace wm {

/// A budget counts over this time.
constexpr Duration kQuotaWindow = 24h;

class ExpeditedQuota {
 public:
  /// A run on the budget has ended.
  void add(uid_t owner, TimePoint ended, Duration length);

  /// Forgets runs that ended before the window before `now`.
  void move_on(TimePoint now);

  /// The total run time of those that count.
  Duration used(uid_t owner) const;

  /// The time from which less than `most` counts, if no run is added; nothing: never.
  std::optional<TimePoint> falls_below(uid_t owner, Duration most) const;

  /// Somebody set the clock ahead by `step`.
  void clock_was_set(Duration step);

  void accept() { added_.clear(); }
  void roll_back();

 private:
  struct Run {
    TimePoint ended{};
    Duration length{};
  };
  struct Account {
    std::deque<Run> runs;  // The runs in the order of their ends.
    Duration total{};
  };

  std::map<uid_t, Account> accounts_;
  std::vector<uid_t> added_;  // The owners of the runs added since the last accept().
};

}  // namespace wm
