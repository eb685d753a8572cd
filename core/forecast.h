// Predicts what would run when, if conditions stay as they are.
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

/// The runs of one job that are expected, but not in the list.
struct ForecastRest {
  WorkId id = 0;
  std::size_t runs = 0;
  TimePoint last{};  // The start of the last of them.

  bool operator==(const ForecastRest&) const = default;
};

struct ForecastBounds {
  std::size_t shown = 1000;        // The most runs to return, shared by the jobs.
  std::size_t simulated = 50'000;  // The most turns and starts, including those of others' jobs.
};

struct Forecast {
  std::vector<ForecastRun> runs;    // The runs in the order of their starts.
  std::vector<ForecastRest> more;   // Jobs with more runs than those, by id.
  std::optional<TimePoint> cut_at;  // A bound was reached there: later runs are unknown.
};

/// Runs a copy of the scheduler from `now` until `until`, with a simulated clock. Every run takes
/// as long as `length_of` says, and succeeds. Returns the runs of the jobs for which `shown` is
/// true: the first ones of each, and as many of each as there is room for.
Forecast forecast(const Scheduler& scheduler, TimePoint now, TimePoint until,
                  const std::function<Duration(const Work&)>& length_of,
                  const std::function<bool(const Work&)>& shown, ForecastBounds bounds = {});

}  // namespace wm
