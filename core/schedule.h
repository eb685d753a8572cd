// When work is due: first runs, later periods, and the wait between attempts.
#pragma once

#include "core/work.h"

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's.
}

namespace wm {

/// No delay between two attempts is longer, as in WorkManager.
constexpr Duration kMaxBackoff = 5h;

/// How long triggered work waits after the last change, and after the first at the most, where it
/// does not say.
constexpr Duration kTriggerDelay = 500ms;
constexpr Duration kTriggerMaxDelay = 1min;
Duration trigger_delay(const Trigger& trigger);
Duration trigger_max_delay(const Trigger& trigger);

/// One-off: `enqueued_at` + initial delay. Periodic with flex < every: the window at the period's
/// end, `enqueued_at` + initial delay + every − flex. Calendar: the first time named after
/// `enqueued_at` + initial delay.
TimePoint first_due(const Policy& policy, TimePoint enqueued_at, const date::time_zone* zone);

/// When the period after a run that ended at `ended` opens. Cadence interval: `ended` + every.
/// Fixed: the first multiple of `every`, counted from the first due time, that is after `ended`.
/// Calendar: the first time named after `ended`. Periods that were missed are one run.
TimePoint next_period(const Policy& policy, TimePoint enqueued_at, TimePoint ended,
                      const date::time_zone* zone);

/// How many periods opened and were over while work that was due at `due` did not start until
/// `started`.
int missed_periods(const Policy& policy, TimePoint due, TimePoint started,
                   const date::time_zone* zone);

/// With WorkManager's defaults where the policy says nothing: exponential from 30 s on.
Backoff backoff_of(const Policy& policy);

/// How long to wait before the next attempt. `attempt` is the one that just ended, counted from 1.
/// Linear: base × attempt. Exponential: base × 2^(attempt−1). Never more than kMaxBackoff.
Duration retry_delay(const Backoff& backoff, int attempt);

/// What keeps machines from trying again all at once that failed at once.
struct Jitter {
  double most = 0;            // A backoff is longer by less than this part of it …
  std::uint64_t machine = 0;  // … which differs by machine, work and attempt.
};

/// How much longer `work` waits than the backoff `delay` after its attempt; together never more
/// than kMaxBackoff.
Duration spread(Duration delay, const Jitter& jitter, const Work& work);

/// The scheduler's row of a request that is enqueued now; its id is the store's to give.
Work new_work(const WorkRequest& request, TimePoint now, const date::time_zone* zone);

/// When waiting work is due: what its timing counts from `since`.
TimePoint due_time(const Work& work, const date::time_zone* zone);

/// What the time counts from which work waits for that has not run yet. `at`: it was given a time.
Timing first_timing(const Policy& policy);

/// Whether a change of its paths matters to it.
bool awaits_paths(const Work& work);

/// The row of such work after one of its paths has changed: due once that is quiet.
Work after_change_of_paths(Work work, TimePoint now, const date::time_zone* zone);

/// The row after somebody set the clock to `now`: no wait is longer than its own delay or period.
Work after_clock_step(Work work, TimePoint now, const date::time_zone* zone);

}  // namespace wm
