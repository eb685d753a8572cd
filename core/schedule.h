// Computes when jobs are due: first runs, later periods, and the wait between attempts.
#pragma once

#include "core/work.h"

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's.
}

namespace wm {

/// The longest delay between two attempts, as in WorkManager.
constexpr Duration kMaxBackoff = 5h;

/// The default waits of a triggered job: after the last change, and at most after the first.
constexpr Duration kTriggerDelay = 500ms;
constexpr Duration kTriggerMaxDelay = 1min;
Duration trigger_delay(const Trigger& trigger);
Duration trigger_max_delay(const Trigger& trigger);

/// The zone of a job's calendar and windows: its own, or the usual one. Without a database that
/// knows its own any more, the usual one counts, too.
const date::time_zone* zone_of(const Policy& policy, const date::time_zone* usual);

/// One-off: `enqueued_at` + initial delay. Periodic with flex < every: the window at the period's
/// end, `enqueued_at` + initial delay + every − flex. Calendar: the first time named after
/// `enqueued_at` + initial delay.
TimePoint first_due(const Policy& policy, TimePoint enqueued_at, const date::time_zone* zone);

/// The opening of the period after a run that ended at `ended`. Cadence interval: `ended` + every.
/// Fixed: the first multiple of `every`, counted from the first due time, that is after `ended`.
/// Calendar: the first time named after `ended`. Missed periods become one run.
TimePoint next_period(const Policy& policy, TimePoint enqueued_at, TimePoint ended,
                      const date::time_zone* zone);

/// The number of periods that opened and were over while a job due at `due` did not start until
/// `started`.
int missed_periods(const Policy& policy, TimePoint due, TimePoint started,
                   const date::time_zone* zone);

/// The policy's backoff, with WorkManager's defaults if it sets none: exponential from 30 s on.
Backoff backoff_of(const Policy& policy);

/// The delay before the next attempt. `attempt` is the one that just ended, counted from 1. Linear:
/// base × attempt. Exponential: base × 2^(attempt−1). Never more than kMaxBackoff.
Duration retry_delay(const Backoff& backoff, int attempt);

/// Keeps machines that failed at once from trying again at once.
struct Jitter {
  double most = 0;            // A backoff is lengthened by less than this fraction of it.
  std::uint64_t machine = 0;  // The fraction depends on the machine, the job and the attempt.
};

/// The time that `work` waits in addition to the backoff `delay` after its attempt; together never
/// more than kMaxBackoff.
Duration spread(Duration delay, const Jitter& jitter, const Work& work);

/// The scheduler's row of a request that is enqueued now; the store assigns its id.
Work new_work(const WorkRequest& request, TimePoint now, const date::time_zone* zone);

/// The due time of a waiting job: its timing counts from `since`.
TimePoint due_time(const Work& work, const date::time_zone* zone);

/// The timing of a job that has not run yet.
Timing first_timing(const Policy& policy);

/// True if a change of its paths matters to it.
bool awaits_paths(const Work& work);

/// The row of such a job after one of its paths has changed: due once that is quiet.
Work after_change_of_paths(Work work, TimePoint now, const date::time_zone* zone);

/// The row after somebody set the clock to `now`: no wait is longer than its own delay or period.
Work after_clock_step(Work work, TimePoint now, const date::time_zone* zone);

}  // namespace wm
