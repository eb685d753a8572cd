// When work is due: first runs, later periods, and the wait between attempts.
#pragma once

#include "core/work.h"

namespace wm {

/// No delay between two attempts is longer, as in WorkManager.
constexpr Duration kMaxBackoff = 5h;

/// One-off: enqueue time + initial delay. Periodic with flex < every: the window at the period's
/// end, enqueue time + initial delay + every − flex.
TimePoint first_due(const WorkRequest& request, TimePoint enqueued_at);

/// How long to wait before the next attempt. `attempt` is the one that just ended, counted from 1.
/// Linear: base × attempt. Exponential: base × 2^(attempt−1). Never more than kMaxBackoff.
Duration retry_delay(const Backoff& backoff, int attempt);

/// The scheduler's row of a request that is enqueued now; its id is the store's to give.
Work new_work(const WorkRequest& request, TimePoint now);

}  // namespace wm
