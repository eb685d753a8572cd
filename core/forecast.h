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

struct ForecastBounds {
  std::size_t shown = 1000;        // Runs to return.
  std::size_t simulated = 20'000;  // Runs to look at, those of others included.
};

struct Forecast {
  std::vector<ForecastRun> runs;    // In the order of their starts.
  std::optional<TimePoint> cut_at;  // A bound was reached there: what follows is not known.
};

/// Leads a copy of the scheduler ahead, from `now` until `until`, with a clock of its own. Every
/// run takes as long as `length_of` says, and succeeds. Returns the runs of works that are `shown`.
Forecast forecast(const Scheduler& scheduler, TimePoint now, TimePoint until,
                  const std::function<Duration(const Work&)>& length_of,
                  const std::function<bool(const Work&)>& shown, ForecastBounds bounds = {});

}  // namespace wm
