#include "core/scheduler.h"

#include <algorithm>
#include <cassert>

#include "core/schedule.h"
#include "core/state.h"

namespace wm {
namespace {

void move(Work& work, WorkEvent event) {
  const auto next = next_state(work.state, event);
  assert(next && "the table of states has no such arrow");
  work.state = *next;
}

bool is_final(StopReason why) {
  return why == StopReason::cancelled || why == StopReason::replaced;
}

void open_next_period(Work& work, TimePoint due) {
  work.due = due;
  work.attempts = 0;
  work.period_ends = {};
}

// Retries of periodic work happen inside its period, which ends where the next run would be due had
// the first attempt not asked for another.
void wait_for_retry(Work& work, TimePoint now) {
  work.due = now + retry_delay(work.backoff, work.attempts);
  if (work.kind != WorkKind::periodic) return;
  if (work.period_ends == TimePoint{}) work.period_ends = now + work.every;
  if (work.due >= work.period_ends) open_next_period(work, work.period_ends);
}

Constraints both(const Constraints& a, const Constraints& b) {
  return {std::max(a.network, b.network), a.charging || b.charging,
          a.battery_not_low || b.battery_not_low, a.storage_not_low || b.storage_not_low,
          a.idle || b.idle};
}

}  // namespace

Work after_run(Work work, RunOutcome outcome, TimePoint now) {
  const bool periodic = work.kind == WorkKind::periodic;
  const StopReason stopping = std::exchange(work.stopping, StopReason::none);
  if (is_final(stopping)) {
    move(work, WorkEvent::cancel);
    return work;
  }
  switch (outcome) {
    case RunOutcome::succeeded:
    case RunOutcome::failed:
      if (periodic) {
        move(work, WorkEvent::repeat);
        open_next_period(work, now + work.every);
      } else {
        move(work, outcome == RunOutcome::succeeded ? WorkEvent::succeed : WorkEvent::fail);
      }
      break;
    case RunOutcome::retry:
      move(work, WorkEvent::retry);
      wait_for_retry(work, now);
      break;
    case RunOutcome::interrupted:
      move(work, WorkEvent::interrupt);
      work.due = now;
      --work.attempts;
      break;
  }
  return work;
}

void Scheduler::restore(const Work& work) {
  table_.put(work);
  table_.accept();
}

void Scheduler::replace(WorkId old, Work fresh) {
  const Work* replaced = table_.find(old);
  if (replaced && replaced->state == WorkState::running) {
    Work waited_for = *replaced;
    waited_for.successor = fresh.id;
    table_.put(waited_for);
    fresh.held = true;
  } else if (replaced && replaced->held) {
    // It waited itself: the one in front of it now has a new successor.
    for (const WorkId id : table_.running()) {
      Work waited_for = *table_.find(id);
      if (waited_for.successor != old) continue;
      waited_for.successor = fresh.id;
      table_.put(waited_for);
      fresh.held = true;
      break;
    }
  }
  cancel(old, StopReason::replaced);
  table_.put(fresh);
}

void Scheduler::cancel(WorkId id, StopReason why) {
  const Work* found = table_.find(id);
  if (!found || is_finished(found->state)) return;
  if (found->state == WorkState::running) {
    if (!is_final(found->stopping)) stop(*found, why);
    return;
  }
  Work work = *found;
  move(work, WorkEvent::cancel);
  table_.put(work);
}

RunResult Scheduler::run_ended(WorkId id, const ChildEnd& end, const ExitRules& rules,
                               TimePoint now) {
  const Work* found = table_.find(id);
  assert(found && found->state == WorkState::running);
  const Work work = *found;
  RunResult result = work.stopping == StopReason::none ? result_of(end, rules)
                                                       : stopped_result(end, rules, work.stopping);
  if (result.outcome == RunOutcome::retry && work.max_attempts > 0 &&
      work.attempts >= work.max_attempts) {
    result.outcome = RunOutcome::failed;
    if (result.reason.empty()) {
      result.reason = "attempt " + std::to_string(work.attempts) + " of " +
                      std::to_string(work.max_attempts) + " asked for another";
    }
  }
  table_.put(after_run(work, result.outcome, now));
  release_successor(work);
  return result;
}

void Scheduler::plan(TimePoint now) {
  const std::set<WorkId> running = table_.running();
  for (const WorkId id : running) {
    const Work& work = *table_.find(id);
    if (work.stopping != StopReason::none) continue;
    if (shutting_down_) {
      stop(work, StopReason::shutdown);
    } else if (!hold(work.constraints, conditions_)) {
      stop(work, constraint_lost(unmet(work.constraints, conditions_).front()));
    }
  }
  while (!shutting_down_ && has_room()) {
    const auto next = next_due(now);
    if (!next) return;
    Work work = *table_.find(*next);
    move(work, WorkEvent::start);
    ++work.attempts;
    ++work.runs;
    table_.put(work);
    started_.push_back(work.id);
  }
}

void Scheduler::accept() {
  table_.accept();
  started_.clear();
  stopped_.clear();
}

void Scheduler::roll_back() {
  table_.roll_back();
  started_.clear();
  stopped_.clear();
}

Constraints Scheduler::wanted() const {
  Constraints all;
  for (const auto& [constraints, queue] : table_.queues()) all = both(all, constraints);
  for (const WorkId id : table_.running()) all = both(all, table_.find(id)->constraints);
  return all;
}

std::optional<TimePoint> Scheduler::next_wakeup() const {
  if (shutting_down_ || !has_room()) return std::nullopt;  // A child's end will wake us.
  std::optional<TimePoint> earliest;
  for (const auto& [constraints, queue] : table_.queues()) {
    if (!hold(constraints, conditions_)) continue;
    const TimePoint due = queue.begin()->first;
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

void Scheduler::stop(const Work& work, StopReason why) {
  Work stopping = work;
  stopping.stopping = why;
  table_.put(stopping);
  stopped_.push_back({work.id, why});
}

void Scheduler::release_successor(const Work& work) {
  if (work.successor == 0) return;
  const Work* successor = table_.find(work.successor);
  if (!successor || !successor->held) return;
  Work released = *successor;
  released.held = false;
  table_.put(released);
}

std::optional<WorkId> Scheduler::next_due(TimePoint now) const {
  const WorkTable::Queue::value_type* best = nullptr;
  for (const auto& [constraints, queue] : table_.queues()) {
    const auto& head = *queue.begin();
    if (head.first > now || !hold(constraints, conditions_)) continue;
    if (!best || head < *best) best = &head;
  }
  return best ? std::optional(best->second) : std::nullopt;
}

}  // namespace wm
