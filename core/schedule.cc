#include "core/schedule.h"

#include <algorithm>

#include <boost/container_hash/hash.hpp>

#include "core/calendar.h"
#include "core/check.h"
#include "core/zone.h"

namespace wm {
namespace {

bool is_periodic(const Policy& policy) { return policy.kind == WorkKind::periodic; }

Calendar calendar_of(const std::string& text) {
  return checked(Calendar::parse(text), "a calendar was read when it was registered");
}

TimePoint next_named(const Policy& policy, TimePoint after, const date::time_zone* usual) {
  return calendar_of(policy.calendar).next(after, zone_of(policy, usual));
}

// The first `anchor` + n × `every` after `after`; n may be negative.
TimePoint next_multiple(TimePoint anchor, Duration every, TimePoint after) {
  const Duration ahead = after - anchor;
  const auto whole = ahead >= Duration::zero() ? ahead / every : -((-ahead + every - 1ms) / every);
  return anchor + (whole + 1) * every;
}

}  // namespace

const date::time_zone* zone_of(const Policy& policy, const date::time_zone* usual) {
  const date::time_zone* own = policy.time_zone.empty() ? nullptr : find_zone(policy.time_zone);
  return own ? own : usual;
}

TimePoint first_due(const Policy& policy, TimePoint enqueued_at, const date::time_zone* zone) {
  const TimePoint opens = enqueued_at + policy.initial_delay;
  if (!policy.calendar.empty()) return next_named(policy, opens, zone);
  const bool at_the_end = is_periodic(policy) && policy.flex > Duration::zero();
  return at_the_end ? opens + policy.every - policy.flex : opens;
}

TimePoint next_period(const Policy& policy, TimePoint enqueued_at, TimePoint ended,
                      const date::time_zone* zone) {
  if (!policy.calendar.empty()) return next_named(policy, ended, zone);
  switch (policy.cadence) {
    case Cadence::interval:
      return ended + policy.every;
    case Cadence::fixed:
      return next_multiple(first_due(policy, enqueued_at, zone), policy.every, ended);
  }
  return ended + policy.every;
}

int missed_periods(const Policy& policy, TimePoint due, TimePoint started,
                   const date::time_zone* zone) {
  constexpr int kMost = 1'000'000;  // Periods of a calendar are counted one by one.
  if (!is_periodic(policy)) return 0;
  if (policy.calendar.empty()) {
    return static_cast<int>(std::max<std::int64_t>((started - due) / policy.every, 0));
  }
  const Calendar calendar = calendar_of(policy.calendar);
  const date::time_zone* own = zone_of(policy, zone);
  int missed = 0;
  for (TimePoint next = calendar.next(due, own); next <= started && missed < kMost;
       next = calendar.next(next, own)) {
    ++missed;
  }
  return missed;
}

Backoff backoff_of(const Policy& policy) {
  const Backoff usual;
  return {policy.backoff_policy.value_or(usual.policy), policy.backoff_delay.value_or(usual.delay)};
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

Duration spread(Duration delay, const Jitter& jitter, const Work& work) {
  std::size_t hash = jitter.machine;
  boost::hash_combine(hash, work.id);
  boost::hash_combine(hash, work.attempts);
  const double part = static_cast<double>(hash % 1000) / 1000;
  const auto more = std::chrono::duration_cast<Duration>(delay * (jitter.most * part));
  return std::min(more, kMaxBackoff - delay);
}

Work new_work(const WorkRequest& request, TimePoint now, const date::time_zone* zone) {
  Work work;
  work.policy = work.run_policy = SharedPolicy(static_cast<const Policy&>(request));
  work.enqueued_at = work.since = now;
  work.timing = first_timing(request);
  work.at = request.at.value_or(TimePoint{});
  work.due = has_named_time(work) ? work.at : due_time(work, zone);
  return work;
}

TimePoint due_time(const Work& work, const date::time_zone* zone) {
  const Policy& policy = work.policy;
  switch (work.timing) {
    case Timing::first:
    case Timing::trigger:
      return first_due(policy, work.since, zone);
    case Timing::quiet:
      return std::max(first_due(policy, work.enqueued_at, zone),
                      work.since + trigger_delay(policy.trigger));
    case Timing::retry:
      return work.since + retry_delay(backoff_of(policy), work.attempts);
    case Timing::period:
      return next_period(policy, work.enqueued_at, work.since, zone);
    case Timing::at_once:
      return work.since;
  }
  return work.since;
}

Duration trigger_delay(const Trigger& trigger) { return trigger.delay.value_or(kTriggerDelay); }

Duration trigger_max_delay(const Trigger& trigger) {
  return trigger.max_delay.value_or(std::max(kTriggerMaxDelay, trigger_delay(trigger)));
}

Timing first_timing(const Policy& policy) {
  return policy.trigger.paths.empty() ? Timing::first : Timing::trigger;
}

bool awaits_paths(const Work& work) {
  return (work.state == WorkState::enqueued || work.state == WorkState::blocked) &&
         !has_named_time(work) && (work.timing == Timing::trigger || work.timing == Timing::quiet);
}

Work after_change_of_paths(Work work, TimePoint now, const date::time_zone* zone) {
  const Policy& policy = work.policy;
  if (work.timing == Timing::trigger && work.state == WorkState::enqueued) work.since = now;
  work.timing = Timing::quiet;
  const TimePoint quiet = now + trigger_delay(policy.trigger);
  const TimePoint latest = work.since + trigger_max_delay(policy.trigger);
  work.due = std::max(first_due(policy, work.enqueued_at, zone), std::min(quiet, latest));
  return work;
}

Work after_clock_step(Work work, TimePoint now, const date::time_zone* zone) {
  const Policy& policy = work.policy;
  if (work.enqueued_at > now) {
    // A fixed cadence keeps its phase.
    const bool phased = policy.cadence == Cadence::fixed && policy.every > Duration::zero();
    work.enqueued_at =
        phased ? next_multiple(work.enqueued_at, policy.every, now) - policy.every : now;
  }
  if (work.since > now) work.since = now;
  if (RareFacts rare = work.rare; rare.earlier.until > now) {
    rare.earlier.until = now;
    work.rare = SharedRareFacts(rare);
  }
  if (work.period_ends != TimePoint{}) {
    work.period_ends = std::min(work.period_ends, next_period(policy, work.enqueued_at, now, zone));
  }
  if (work.state == WorkState::enqueued && work.due > now && !has_named_time(work)) {
    Work anew = work;
    anew.since = now;
    work.due = std::min(work.due, due_time(anew, zone));
  }
  return work;
}

}  // namespace wm
