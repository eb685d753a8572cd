#include "core/schedule.h"

#include <algorithm>

namespace wm {

TimePoint first_due(const WorkRequest& request, TimePoint enqueued_at) {
  const TimePoint opens = enqueued_at + request.initial_delay;
  const bool at_the_end = request.kind == WorkKind::periodic && request.flex > Duration::zero();
  return at_the_end ? opens + request.every - request.flex : opens;
}

Duration retry_delay(const Backoff& backoff, int attempt) {
  const int ended = std::max(attempt, 1);
  const Duration base = std::max(backoff.delay, Duration{1});
  switch (backoff.policy) {
    case BackoffPolicy::linear:
      return ended > kMaxBackoff / base ? kMaxBackoff : base * ended;
    case BackoffPolicy::exponential: {
      Duration delay = base;
      for (int i = 1; i < ended && delay < kMaxBackoff; ++i) delay *= 2;
      return std::min(delay, kMaxBackoff);
    }
  }
  return kMaxBackoff;
}

Work new_work(const WorkRequest& request, TimePoint now) {
  Work work;
  work.kind = request.kind;
  work.constraints = request.constraints;
  work.due = first_due(request, now);
  work.every = request.every;
  work.backoff = request.backoff.value_or(Backoff{});
  work.max_attempts = request.max_attempts;
  return work;
}

}  // namespace wm
