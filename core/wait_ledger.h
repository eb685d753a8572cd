// What the conditions were, lately: how long each of them held a work back, and since when.
#pragma once

#include <deque>
#include <set>

#include "core/gates.h"

namespace wm {

class WaitLedger {
 public:
  /// From `now` on these are the conditions, and these groups are paused; "" is everything.
  void note(TimePoint now, const Conditions& conditions, const std::set<std::string>& paused);

  /// What held enqueued work back from when it was due until `now`: each constraint, pauses, and
  /// what is left over as waiting for a slot. A retry says how long its backoff was.
  std::vector<Waited> waited(const Work& work, TimePoint now) const;

  /// Since when `wanted` does not hold, which it does not now.
  TimePoint unmet_since(const Constraints& wanted) const;

 private:
  struct Entry {
    TimePoint from{};
    Conditions conditions;
    std::set<std::string> paused;
  };

  std::deque<Entry> entries_;
};

}  // namespace wm
