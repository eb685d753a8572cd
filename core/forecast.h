// What would run when, if conditions stay as they are.
#pragma once

#include <functional>
#include <vector>

#include "core/scheduler.h"

namespace wm {

struct ForecastRun {
  WorkId id = 0;
  TimePoint starts{};
  int attempt = 1;

  bool operator==(const ForecastRun&) const = default;
};

/// Leads a copy of the scheduler ahead, from `now` until `until`, with a clock of its own. Every
/// run takes as long as `length_of` says, and succeeds. At most `most` runs, in the order of their
/// starts.
std::vector<ForecastRun> forecast(const Scheduler& scheduler, TimePoint now, TimePoint until,
                                  const std::function<Duration(const Work&)>& length_of,
                                  std::size_t most);

}  // namespace wm
