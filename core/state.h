// The state machine: a table of the events that lead from one state to another. Everything else is
// refused.
#pragma once

#include <optional>

#include "core/check.h"
#include "core/work.h"

namespace wm {

enum class WorkEvent : std::uint8_t {
  start,      // A child is started.
  succeed,    // The work is complete.
  repeat,     // Periodic work: this period is over, the next one waits.
  fail,       // It has failed for good.
  retry,      // It runs again, after a delay.
  interrupt,  // Stopped by wm before it was done; it runs again.
  cancel,     // A running job is cancelled only once its child is gone.
  unblock,    // All prerequisites have succeeded.
  reenqueue,  // Asked for again: the only way out of a terminal state.
};

constexpr std::optional<WorkState> next_state(WorkState from, WorkEvent event) {
  using enum WorkState;
  switch (event) {
    case WorkEvent::start:
      if (from == enqueued) return running;
      break;
    case WorkEvent::succeed:
      if (from == running) return succeeded;
      break;
    case WorkEvent::fail:
      if (from == running || from == blocked) return failed;
      break;
    case WorkEvent::repeat:
    case WorkEvent::retry:
    case WorkEvent::interrupt:
      if (from == running) return enqueued;
      break;
    case WorkEvent::cancel:
      if (!is_finished(from)) return cancelled;
      break;
    case WorkEvent::unblock:
      if (from == blocked) return enqueued;
      break;
    case WorkEvent::reenqueue:
      if (from == failed || from == cancelled) return enqueued;
      break;
  }
  return std::nullopt;
}

static_assert(next_state(WorkState::enqueued, WorkEvent::start) == WorkState::running);
static_assert(!next_state(WorkState::running, WorkEvent::start), "two runs never overlap");
static_assert(!next_state(WorkState::succeeded, WorkEvent::cancel), "finished stays finished");
static_assert(!next_state(WorkState::failed, WorkEvent::start), "finished stays finished");
static_assert(!next_state(WorkState::cancelled, WorkEvent::retry), "finished stays finished");

/// If the table has no such arrow, the rules contradict themselves: that ends the turn.
inline void move(Work& work, WorkEvent event) {
  work.state = checked(next_state(work.state, event), "the table of states has this arrow");
}

}  // namespace wm
