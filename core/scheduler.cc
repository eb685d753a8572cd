#include "core/scheduler.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/check.h"
#include "core/schedule.h"
#include "core/state.h"
#include "core/text.h"

namespace wm {
namespace {

bool is_final(StopReason why) {
  return why == StopReason::cancelled || why == StopReason::replaced;
}

// The due time of an enqueued job, as its wait begins.
TimePoint next_due(const Work& work, const SchedulingRules& rules) {
  if (has_named_time(work)) return work.at;
  TimePoint due = due_time(work, rules.zone);
  if (work.timing != Timing::retry) return due;
  due += spread(due - work.since, rules.jitter, work);
  return work.period_ends == TimePoint{} ? due : std::min(due, work.period_ends);
}

void open_next_period(Work& work, TimePoint due) {
  work.timing = Timing::period;
  work.due = due;
  work.attempts = 0;
  work.period_ends = {};
  ++work.periods;
}

// Retries of a periodic job happen inside its period, which ends when the next run would be due if
// the first attempt had not asked for another.
void wait_for_retry(Work& work, const SchedulingRules& rules) {
  work.timing = Timing::retry;
  const Policy& policy = work.policy;
  if (policy.kind == WorkKind::periodic && work.period_ends == TimePoint{}) {
    work.period_ends = next_period(policy, work.enqueued_at, work.since, rules.zone);
  }
  work.due = next_due(work, rules);
  if (work.due == work.period_ends) open_next_period(work, work.period_ends);
}

void add_silence(RunResult& result, const Policy& policy) {
  const std::string silence = "nothing was heard for " + format_duration(policy.watchdog);
  result.reason = join(std::array<std::string_view, 2>{silence, result.reason});
}

}  // namespace

Work after_run(Work work, RunOutcome outcome, TimePoint now, const SchedulingRules& rules) {
  const StopReason stopping = std::exchange(work.stopping, StopReason::none);
  const Policy& policy = work.policy;
  work.run_policy = work.policy;
  work.expedited = false;
  work.since = now;
  work.began = {};
  if (is_final(stopping)) {
    work.stopping = stopping;
    move(work, WorkEvent::cancel);
    return work;
  }
  if (outcome != RunOutcome::interrupted) work.run_now = false;
  switch (outcome) {
    case RunOutcome::succeeded:
    case RunOutcome::failed:
      if (policy.kind == WorkKind::periodic) {
        move(work, WorkEvent::repeat);
        open_next_period(work, next_period(policy, work.enqueued_at, now, rules.zone));
      } else {
        move(work, outcome == RunOutcome::succeeded ? WorkEvent::succeed : WorkEvent::fail);
      }
      break;
    case RunOutcome::retry:
      move(work, WorkEvent::retry);
      wait_for_retry(work, rules);
      break;
    case RunOutcome::interrupted:
      move(work, WorkEvent::interrupt);
      work.timing = Timing::at_once;
      work.due = std::min(work.due, now);
      work.settling = stopping.cause == StopReason::lost_constraint;
      --work.attempts;
      break;
  }
  if (work.state == WorkState::enqueued && has_named_time(work)) work.due = work.at;
  return work;
}

Work once_more(Work work, TimePoint now) {
  move(work, WorkEvent::reenqueue);
  work.timing = Timing::at_once;
  work.enqueued_at = work.since = work.due = now;
  work.period_ends = {};
  work.attempts = 0;
  work.stopping = StopReason::none;
  work.at = {};
  work.run_now = work.settling = false;
  work.rare = no_rare_facts();
  return work;
}

void Scheduler::set_rules(SchedulingRules rules) {
  rules_ = std::move(rules);
  table_.set_time_limit(rules_.time_limit);
  table_.agenda().set_zone(rules_.zone);
}

void Scheduler::restore(const Work& work, std::span<const WorkId> prerequisites,
                        std::optional<Duration> heard) {
  if (heard) table_.agenda().hear(work, *heard);
  for (const WorkId id : prerequisites) chains_.restore(id, work.id);
  table_.put(work);
  table_.accept();
}

void Scheduler::restore_expedited_run(uid_t owner, TimePoint ended, Duration length) {
  quota_.add(owner, ended, length);
  quota_.accept();
}

void Scheduler::enqueue(Work work, std::span<const WorkId> prerequisites) {
  chains_.block(work, prerequisites, table_);
  enqueued_.push_back(work.id);
  table_.put(work);
}

void Scheduler::replace(std::span<const WorkId> old, Work fresh,
                        std::span<const WorkId> prerequisites) {
  for (const WorkId id : old) {
    if (const auto running = running_before(id)) {
      Work waited_for = *table_.find(*running);
      waited_for.rare = SharedRareFacts(RareFacts{.successor = fresh.id});
      table_.put(waited_for);
      fresh.held = true;
    }
    cancel(id, fresh.since, StopReason::replaced);
  }
  enqueue(std::move(fresh), prerequisites);
}

// The running job whose child blocks the job `id`: that job itself, or the one that it replaced and
// waits for.
std::optional<WorkId> Scheduler::running_before(WorkId id) const {
  const Work* work = table_.find(id);
  if (!work) return std::nullopt;
  if (work->state == WorkState::running) return id;
  if (!work->held) return std::nullopt;
  for (const WorkId running : agenda().running()) {
    if (table_.find(running)->rare.get().successor == id) return running;
  }
  return std::nullopt;
}

void Scheduler::update(WorkId id, const SharedPolicy& policy, TimePoint now) {
  const Work* found = table_.find(id);
  if (!found || is_finished(found->state)) return;
  Work work = *found;
  keep_waits(work, now);
  work.policy = policy;
  ++work.generation;
  if (work.state != WorkState::running) work.run_policy = policy;
  if (work.timing == Timing::first || work.timing == Timing::trigger) {
    work.timing = first_timing(policy);
  }
  wait_anew(work, now);
  table_.put(work);
}

void Scheduler::set_time(WorkId id, std::optional<TimePoint> at, TimePoint now) {
  const Work* found = table_.find(id);
  if (!found || is_finished(found->state)) return;
  Work work = *found;
  work.at = at.value_or(TimePoint{});
  if (work == *found) return;
  keep_waits(work, now);
  wait_anew(work, now);
  table_.put(work);
}

// Counts its waits so far by the terms that it still has.
void Scheduler::keep_waits(Work& work, TimePoint now) const {
  if (work.state != WorkState::enqueued || work.due > now || !has_due_time(work)) return;
  work.rare = SharedRareFacts(RareFacts{.earlier = {now, waited(work, now)}});
}

// Counts its wait again from its beginning.
void Scheduler::wait_anew(Work& work, TimePoint now) const {
  if (work.state != WorkState::enqueued && work.state != WorkState::blocked) return;
  work.due = next_due(work, rules_);
  if (work.run_now) work.due = std::min(work.due, now);
}

void Scheduler::cancel(WorkId id, TimePoint now, StopReason why) {
  const Work* found = table_.find(id);
  if (!found || is_finished(found->state)) return;
  if (found->state == WorkState::running) {
    if (!is_final(found->stopping)) stop(*found, why);
    return;
  }
  Work work = *found;
  work.since = now;
  work.stopping = why;
  move(work, WorkEvent::cancel);
  table_.put(work);
  pass_on(id, now);
}

void Scheduler::run_now(WorkId id, TimePoint now) {
  const Work* found = table_.find(id);
  if (!found || found->state != WorkState::enqueued) return;
  Work work = *found;
  keep_waits(work, now);
  work.run_now = true;
  work.due = std::min(work.due, now);
  table_.put(work);
}

void Scheduler::number_run(WorkId id, std::int32_t runs_before) {
  Work work = checked(table_.find(id), "a run that is numbered is of known work");
  work.runs = runs_before + 1;
  table_.put(work);
}

void Scheduler::paths_changed(WorkId id, TimePoint now) {
  const Work* found = table_.find(id);
  if (!found || !awaits_paths(*found)) return;
  const Work after = after_change_of_paths(*found, now, rules_.zone);
  if (after != *found) table_.put(after);
}

void Scheduler::hear(WorkId id, Duration since_boot) {
  const Work* found = table_.find(id);
  if (!found || found->state != WorkState::running) return;
  // A run cannot lengthen what its owner holds for it.
  if (!found->run_policy.get().while_kept_alive) table_.agenda().hear(*found, since_boot);
}

void Scheduler::keep_alive(WorkId id, Duration since_boot) {
  const Work* found = table_.find(id);
  if (found && found->state == WorkState::running) table_.agenda().hear(*found, since_boot);
  table_.keep_alive(id, since_boot);
}

void Scheduler::was_stopped(WorkId id, StopReason why) {
  const Work* found = table_.find(id);
  const bool runs = found && found->state == WorkState::running;
  if (runs && found->stopping == StopReason::none) mark_stopping(*found, why);
}

RunResult Scheduler::run_ended(WorkId id, const ChildEnd& end, const ExitRules& rules,
                               TimePoint now) {
  const Work work = checked(table_.find(id), "work whose run has ended is in the table");
  check(work.state == WorkState::running, "work whose run has ended was running");
  RunResult result = work.stopping == StopReason::none ? result_of(end, rules)
                                                       : stopped_result(end, rules, work.stopping);
  const std::int32_t most = work.run_policy.get().max_attempts.value_or(rules_.max_attempts);
  result = result_of_attempt(std::move(result), work.attempts, most);
  if (work.stopping == StopReason::watchdog) add_silence(result, work.run_policy);
  if (work.expedited) quota_.add(work.owner, now, run_time(work, now));
  const Work after = after_run(work, result.outcome, now, rules_);
  table_.put(after);
  release_successor(work);
  if (is_finished(after.state)) pass_on(id, now);
  return result;
}

void Scheduler::set_conditions(const Conditions& conditions, TimePoint now) {
  table_.agenda().gates().set_conditions(conditions, now);
}

void Scheduler::set_clock_offset(ClockOffset offset) {
  const Duration step = offset - clock_offset();
  if (step == Duration::zero()) return;
  quota_.clock_was_set(step);
  pauses_.clock_was_set(step);
  table_.set_clock_offset(offset);
}

void Scheduler::clock_was_set(TimePoint now) {
  const TimePoint was = agenda().now();
  std::vector<Work> stepped;
  for (const auto& [id, row] : table_.rows()) {
    Work after = after_clock_step(row.work, now, rules_.zone);
    if (row.work.due <= was) after.due = std::min(row.work.due, now);  // A due job stays due.
    if (after != row.work) stepped.push_back(after);
  }
  for (const Work& work : stepped) table_.put(work);
  table_.agenda().gates().clock_was_set(now);
  ledger_.clock_was_set(now);
}

void Scheduler::zone_changed(TimePoint now) {
  std::vector<Work> moved;
  for (const auto& [id, row] : table_.rows()) {
    const Work& work = row.work;
    const Policy& policy = work.policy;
    if (policy.calendar.empty() || work.state != WorkState::enqueued || work.run_now) continue;
    if (work.due <= now) continue;
    Work anew = work;
    if (work.period_ends != TimePoint{}) {
      anew.period_ends = next_period(policy, work.enqueued_at, work.since, rules_.zone);
    }
    anew.due = next_due(anew, rules_);
    if (anew != work) moved.push_back(anew);
  }
  for (const Work& work : moved) table_.put(work);
}

void Scheduler::plan(TimePoint now) {
  table_.agenda().move_on(now);
  pauses_.move_on(now);
  quota_.move_on(now);
  note_in_ledger(now);
  stop_what_must(now);
  if (shutting_down_) return;
  drop_what_is_out_of_quota(now);
  while (has_room()) {
    const auto next = choose(now);
    if (!next) return;
    start(*next, now);
  }
}

Decisions Scheduler::decisions() const {
  ChangedRows rows = table_.changed();
  return {std::move(rows.all),
          std::move(rows.only_cancelled),
          enqueued_,
          started_,
          stopped_,
          pauses_.changed(),
          ledger_.unsaved()};
}

void Scheduler::accept() {
  chains_.accept(table_.accept());
  quota_.accept();
  served_before_.clear();
  pauses_.accept();
  ledger_.saved();
  enqueued_.clear();
  started_.clear();
  stopped_.clear();
}

void Scheduler::roll_back() {
  table_.roll_back();
  quota_.roll_back();
  for (; !served_before_.empty(); served_before_.pop_back()) {
    const auto& [owner, before] = served_before_.back();
    served_[owner] = before;
  }
  chains_.roll_back();
  pauses_.roll_back();
  enqueued_.clear();
  started_.clear();
  stopped_.clear();
}

bool Scheduler::has_room() const {
  return !holding_ && running_count() < static_cast<std::size_t>(rules_.max_parallel_total);
}

bool Scheduler::has_room(uid_t owner) const {
  return has_room() && agenda().running_of(owner) < rules_.max_parallel;
}

bool Scheduler::group_has_room(const std::string& name, uid_t owner) const {
  const auto rule = rules_.groups.find(name);
  if (rule == rules_.groups.end()) return true;
  int running = 0;
  for (const auto& [whose, runs] : agenda().running_in(name)) {
    if (rule->second.shared || whose == owner) running += runs;
  }
  return running < rule->second.max_parallel;
}

Scheduler Scheduler::copy_without_jobs() const {
  Scheduler other(rules_);
  other.table_.agenda().gates() = agenda().gates();
  other.set_clock_offset(clock_offset());
  other.table_.agenda().allow_silence();
  other.quota_ = quota_;
  other.starts_ = starts_;
  other.served_ = served_;
  other.pauses_ = pauses_;
  other.chains_ = chains_;
  other.shutting_down_ = shutting_down_;
  return other;
}

Constraints Scheduler::wanted() const {
  Constraints all;
  for (const auto& [constraints, works] : agenda().named()) all = either(all, constraints);
  return all;
}

std::optional<TimePoint> Scheduler::next_wakeup() const {
  if (shutting_down_) return std::nullopt;  // A child's end will wake us.
  std::optional<TimePoint> next = agenda().next_alarm();
  const auto consider = [&](std::optional<TimePoint> time) { next = earliest(next, time); };
  consider(pauses_.next_end());
  if (!has_room() || pauses_.covers("")) return next;
  for (const auto& [owner, queue] : agenda().timers()) {
    if (!queue.empty() && has_room(owner)) consider(queue.begin()->work.due);
  }
  for (const auto& [key, lane] : agenda().lanes()) {
    if (!lane.empty() && may_start(key, agenda().now())) consider(agenda().now());
    const Gate& gate = agenda().gates()[key.gate];
    const TimePoint settled = gate.since + rules_.settle;
    const bool settles = key.settling && gate.open && settled > agenda().now();
    const bool opens = !gate.open && gate.changes_at;
    if ((!settles && !opens) || lane.empty() || !has_room(key.owner)) continue;
    consider(opens ? gate.changes_at : settled);
  }
  return next;
}

void Scheduler::stop(const Work& work, StopReason why) {
  mark_stopping(work, why);
  stopped_.push_back({work.id, why});
}

void Scheduler::stop_what_must(TimePoint now) {
  const std::set<WorkId> running = agenda().running();
  for (const WorkId id : running) {
    const Work& work = *table_.find(id);
    if (work.stopping != StopReason::none) continue;
    if (shutting_down_) {
      stop(work, StopReason::shutdown);
      continue;
    }
    if (const auto limit = agenda().time_is_up(work); limit && *limit <= now) {
      stop(work, StopReason::timeout);
      continue;
    }
    if (const auto ends = agenda().silence_ends(work); ends && *ends <= now) {
      stop(work, StopReason::watchdog);
      continue;
    }
    if (const auto lost = first_unmet_of(work, work.run_policy, conditions(), {now, rules_.zone})) {
      stop(work, StopReason(*lost));
    }
  }
}

// Among owners, the one with the fewest children comes first, then the one that has been given none
// for longest; only after that do their jobs' own properties count.
bool Scheduler::Candidate::operator<(const Candidate& other) const {
  const auto order = [](const Candidate& one) {
    const Policy& policy = one.work->policy;
    return std::tuple(one.running, one.served_at, one.work->owner, one.rank, one.aged,
                      -policy.priority, one.work->due, one.work->id);
  };
  return order(*this) < order(other);
}

std::optional<Scheduler::Candidate> Scheduler::choose(TimePoint now) const {
  std::optional<Candidate> best;
  for (const auto& [key, queue] : agenda().lanes()) {
    if (queue.empty() || !may_start(key, now)) continue;
    const Work& first = queue.begin()->work;
    const bool on_budget = key.rank != Rank::expedited || within_budget(key.owner, now);
    const TimePoint waits_since = std::max(first.due, agenda().gates()[key.gate].since);
    const auto served = served_.find(key.owner);
    const Candidate candidate{
        &first, agenda().running_of(key.owner), served == served_.end() ? 0 : served->second,
        on_budget ? key.rank : Rank::normal, waits_since - key.priority * kAgeing};
    if (!best || candidate < *best) best = candidate;
  }
  return best;
}

void Scheduler::start(const Candidate& next, TimePoint now) {
  Work work = *next.work;
  const Policy& policy = work.policy;
  Start started{work.id, waited(work, now), {}, 0};
  for (const Preference& preference : policy.prefer) {
    for (const Need& one : unmet(preference.constraints, conditions(), local_time(policy, now))) {
      if (std::ranges::count(started.relaxed, one.name) == 0) started.relaxed.push_back(one.name);
    }
  }
  if (work.timing != Timing::retry && work.timing != Timing::at_once) {
    started.missed_periods = missed_periods(policy, work.due, now, rules_.zone);
  }
  move(work, WorkEvent::start);
  work.run_policy = work.policy;
  work.expedited = next.rank == Rank::expedited;
  work.settling = false;
  work.at = {};
  work.rare = no_rare_facts();
  work.since = now;
  work.began = agenda().since_boot(now);
  ++work.attempts;
  ++work.runs;
  table_.put(work);
  std::uint64_t& served = served_[work.owner];
  served_before_.emplace_back(work.owner, served);
  served = ++starts_;
  started_.push_back(std::move(started));
}

bool Scheduler::may_start(const LaneKey& lane, TimePoint now) const {
  const Gate& gate = agenda().gates()[lane.gate];
  if (!gate.open || (lane.settling && gate.since + rules_.settle > now)) return false;
  const std::string& group = agenda().group(lane.group).name;
  return has_room(lane.owner) && !pauses_.covers(group) && group_has_room(group, lane.owner);
}

Duration Scheduler::budget_used(uid_t owner, TimePoint now) const {
  Duration used = quota_.used(owner);
  for (const WorkId id : agenda().running()) {
    const Work& work = *table_.find(id);
    if (work.expedited && work.owner == owner) used += run_time(work, now);
  }
  return used;
}

bool Scheduler::within_budget(uid_t owner, TimePoint now) const {
  return budget_used(owner, now) < rules_.expedited_budget;
}

void Scheduler::drop_what_is_out_of_quota(TimePoint now) {
  std::vector<WorkId> dropped;
  for (const auto& [key, queue] : agenda().lanes()) {
    if (!key.drop || !may_start(key, now) || within_budget(key.owner, now)) continue;
    for (const Row& row : queue) dropped.push_back(row.work.id);
  }
  for (const WorkId id : dropped) cancel(id, now, StopReason::quota);
}

void Scheduler::note_in_ledger(TimePoint now) {
  LedgerEntry entry{now, conditions(), {}, shutting_down_};
  for (const auto& [group, until] : pauses()) entry.paused.insert(group);
  ledger_.note(std::move(entry));
}

void Scheduler::release_successor(const Work& work) {
  const Work* successor = table_.find(work.rare.get().successor);
  if (!successor || !successor->held) return;
  Work released = *successor;
  released.held = false;
  table_.put(released);
}

void Scheduler::pass_on(WorkId ended, TimePoint now) {
  chains_.pass_on(ended, now, table_, [this](const Work& work) { return next_due(work, rules_); });
}

}  // namespace wm
