#include "tests/support/promises.h"

#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include "core/check.h"
#include "core/schedule.h"

namespace wm {
namespace {

constexpr int kTurnsBetweenLooksAtTheDisk = 32;

bool ignores_constraints(const Work& work, const Policy& policy, TimePoint now) {
  return work.run_now || (policy.deadline && work.enqueued_at + *policy.deadline <= now);
}

// True if the local time has just opened or shut a window.
bool window_changed(const Policy& policy, const World& world) {
  const ZonedTime before{world.now - 10s, zone_of(policy, world.zone)};
  const auto changed = [&](const Constraints& wanted) {
    return next_change(wanted, before).value_or(TimePoint::max()) <= world.now;
  };
  return changed(policy.constraints) || std::ranges::any_of(policy.prefer, [&](const auto& one) {
           return changed(one.constraints);
         });
}

bool may_run(const Work& work, const Policy& policy, const World& world) {
  const TimePoint now = world.now;
  const auto holds = [&](const Constraints& wanted) {
    return hold(wanted, world.conditions, {now, zone_of(policy, world.zone)});
  };
  if (ignores_constraints(work, policy, now)) return true;
  for (const Preference& preference : policy.prefer) {
    const bool relaxed = now - work.due >= preference.relax_after;
    if (!relaxed && !holds(preference.constraints)) return false;
  }
  return holds(policy.constraints);
}

// Android's formula: min(base × n or base × 2^(n−1), 18,000,000 ms).
Duration backoff_after(const Policy& policy, int attempts) {
  const Backoff backoff = backoff_of(policy);
  const double base = static_cast<double>(backoff.delay.count());
  const double factor =
      backoff.policy == BackoffPolicy::linear ? attempts : std::exp2(attempts - 1);
  return Duration{static_cast<std::int64_t>(std::min(base * factor, 18'000'000.0))};
}

TimePoint period_after(const Work& work, TimePoint ended) {
  const Policy& policy = work.policy;
  if (!policy.calendar.empty()) {  // The simulator's calendar is 3 o'clock, UTC.
    TimePoint next = std::chrono::floor<Days>(ended) + 3h;
    return next > ended ? next : next + 24h;
  }
  if (policy.cadence == Cadence::interval) return ended + policy.every;
  TimePoint next = work.enqueued_at + policy.initial_delay;
  if (policy.flex > Duration::zero()) next += policy.every - policy.flex;
  while (next <= ended) next += policy.every;
  while (next - policy.every > ended) next -= policy.every;
  return next;
}

}  // namespace

Promises::Promises(World& world) : world_(world) {
  world_.runner.before_start = [this](const Launch& launch) { check_start(launch); };
  world_.after_restart = [this] { daemon_restarted(); };
  world_.after_turn = [this](const TurnReport& report) { check_turn(report); };
}

void Promises::daemon_restarted() {
  conditions_ = world_.conditions;
  conditions_since_ = world_.now;
  last_.clear();
  for (const auto& [id, row] : world_.scheduler().rows()) last_[id] = row.work;
}

void Promises::check_start(const Launch& launch) {
  const Work& work = launch.info.work;
  EXPECT_EQ(work.state, WorkState::running) << "it starts before that is saved";
  EXPECT_LE(work.due, world_.now) << "it starts before it is due";
  for (const ChainLink& link : world_.store.prerequisites(work.id)) {
    EXPECT_EQ(link.state, WorkState::succeeded) << "it starts before '" << link.unique_name << "'";
  }
  EXPECT_TRUE(may_run(work, launch.info.request, world_)) << "it starts with a constraint unmet";
}

void Promises::check_turn(const TurnReport& report) {
  const bool clock_went_back = world_.now < std::exchange(last_turn_, world_.now);
  if (clock_went_back || !(conditions_ == world_.conditions)) {
    conditions_ = world_.conditions;
    conditions_since_ = world_.now;
  }
  for (const Work& work : report.changed) {
    EXPECT_FALSE(finished_.contains(work.id)) << "finished work came back";
    if (is_finished(work.state)) finished_.insert(work.id);
  }
  for (const Work& work : report.changed) {
    const auto before = last_.find(work.id);
    const bool bitten = work.stopping == StopReason::watchdog;
    if (bitten && before != last_.end() && before->second.stopping == StopReason::none) {
      EXPECT_GE(silence(work), work.run_policy.get().watchdog) << "it was not silent for so long";
    }
    const bool ended = std::ranges::count(report.ended, work.id, &EndedRun::work) > 0;
    if (ended && before != last_.end()) check_end(before->second, work);
    last_[work.id] = work;
    if (is_finished(work.state)) last_.erase(work.id);
  }
  for (const Start& start : report.started) {
    const Work& work = checked(world_.scheduler().find(start.id), "it runs");
    served_.insert(work.owner);
    EXPECT_FALSE(world_.scheduler().agenda().lacks_word(work, world_.now)) << "#" << work.id;
  }
  count_running();
  for (const auto& [id, row] : world_.scheduler().rows()) check_row(row.work);
  check_shares();
  check_children();
  if (++turns_ % kTurnsBetweenLooksAtTheDisk == 0) check_disk();
}

void Promises::check_row(const Work& work) {
  const Policy& policy = work.policy;
  if (policy.max_attempts.value_or(0) > 0 && work.generation == 0) {
    EXPECT_LE(work.attempts, *policy.max_attempts);
  }
  if (work.state == WorkState::enqueued) check_waiting(work);
  if (work.state == WorkState::running) check_running(work);
  if (work.state == WorkState::blocked) check_blocked(work);
}

void Promises::count_running() {
  running_.clear();
  in_group_.clear();
  for (const auto& [id, row] : world_.scheduler().rows()) {
    if (row.work.state != WorkState::running) continue;
    const uid_t owner = row.work.owner;
    const std::string& group = row.work.run_policy.get().group;
    const auto rule = world_.settings.groups.find(group);
    ++running_[owner];
    if (rule != world_.settings.groups.end()) ++in_group_[{rule->second.shared ? 0 : owner, group}];
  }
  const SchedulingRules& rules = world_.scheduler().rules();
  for (const auto& [owner, runs] : running_) EXPECT_LE(runs, rules.max_parallel);
  for (const auto& [group, runs] : in_group_) {
    EXPECT_LE(runs, world_.settings.groups[group.second].max_parallel);
  }
  EXPECT_LE(total_running(), rules.max_parallel_total);
}

int Promises::total_running() const {
  int total = 0;
  for (const auto& [owner, runs] : running_) total += runs;
  return total;
}

// No owner waits while another is given more than its share.
void Promises::check_shares() {
  for (const uid_t waiting : kept_waiting_) {
    for (const uid_t served : served_) {
      EXPECT_LE(running_[served], running_[waiting] + 1)
          << "user " << waiting << " waits while user " << served << " was given a slot";
    }
  }
  kept_waiting_.clear();
  served_.clear();
}

// Every child is a run on record, and every run has its child, or its end waits for the next turn.
void Promises::check_children() {
  const auto& children = world_.runner.children();
  for (const auto& [id, child] : children) {
    const Work* work = world_.scheduler().find(id);
    EXPECT_TRUE(work && work->state == WorkState::running) << "#" << id << " has a child";
  }
  if (world_.manager().has_unsaved_ends()) return;
  EXPECT_EQ(children.size(), world_.scheduler().running_count()) << "a run has no child";
}

// Nothing that is due and allowed stays idle while a slot is free.
void Promises::check_waiting(const Work& work) {
  const Policy& policy = work.policy;
  const Scheduler& scheduler = world_.scheduler();
  const bool settles = work.settling && !ignores_constraints(work, policy, world_.now) &&
                       (world_.now - conditions_since_ < 10s || window_changed(policy, world_));
  const bool paused = scheduler.pauses().contains("") || scheduler.pauses().contains(policy.group);
  const auto rule = world_.settings.groups.find(policy.group);
  const bool group_is_full =
      rule != world_.settings.groups.end() &&
      in_group_[{rule->second.shared ? 0 : work.owner, policy.group}] >= rule->second.max_parallel;
  const bool awaits_change = work.timing == Timing::trigger && !has_named_time(work) &&
                             !ignores_constraints(work, policy, world_.now);
  if (work.due > world_.now || work.held || settles || paused || group_is_full) return;
  if (awaits_change || scheduler.agenda().lacks_word(work, world_.now)) return;
  if (!may_run(work, policy, world_)) return;
  if (running_[work.owner] >= scheduler.rules().max_parallel) return;
  kept_waiting_.insert(work.owner);
  EXPECT_EQ(total_running(), scheduler.rules().max_parallel_total)
      << "#" << work.id << " is due and allowed, and stays idle while a slot is free";
}

void Promises::check_running(const Work& work) {
  if (work.stopping != StopReason::none) return;
  const Policy& policy = work.run_policy;
  EXPECT_TRUE(may_run(work, policy, world_))
      << "#" << work.id << " goes on although a constraint was lost";
  if (policy.time_limit && *policy.time_limit > Duration::zero()) {
    EXPECT_LT(world_.scheduler().run_time(work, world_.now), *policy.time_limit)
        << "its time is up";
  }
  if (policy.watchdog > Duration::zero()) {
    EXPECT_LT(silence(work), policy.watchdog) << "#" << work.id << " is silent, and goes on";
  }
}

Duration Promises::silence(const Work& work) const {
  const Agenda& agenda = world_.scheduler().agenda();
  return agenda.since_boot(world_.now) - agenda.heard_at(work);
}

void Promises::check_blocked(const Work& work) {
  int unfinished = 0;
  for (const ChainLink& link : world_.store.prerequisites(work.id)) {
    EXPECT_NE(link.state, WorkState::failed) << "#" << work.id << " waits for what has failed";
    EXPECT_NE(link.state, WorkState::cancelled) << "#" << work.id << " waits in vain";
    if (link.state != WorkState::succeeded) ++unfinished;
  }
  EXPECT_EQ(work.blocked_on, unfinished);
  EXPECT_GT(unfinished, 0) << "#" << work.id << " is blocked by nothing";
}

// Checks backoff and periods to the millisecond, and the documented count of attempts.
void Promises::check_end(const Work& before, const Work& after) {
  if (after.generation != before.generation) return;  // Updated in the same turn.
  const TimePoint now = world_.now;
  const Policy& policy = after.policy;
  const bool periodic = policy.kind == WorkKind::periodic;
  const auto info = world_.store.info(after.id);
  if (!info || !info->last_result) return;
  const RunOutcome outcome = info->last_result->outcome;
  if (after.state != WorkState::enqueued || after.generation != before.generation) return;
  if (has_named_time(after) && after.state == WorkState::enqueued) {
    EXPECT_EQ(after.due, after.at) << "a named time goes before all others";
    return;
  }
  switch (outcome) {
    case RunOutcome::succeeded:
    case RunOutcome::failed:
      EXPECT_TRUE(periodic) << "one-off work that has ended is enqueued";
      EXPECT_EQ(after.due, period_after(after, now));
      EXPECT_EQ(after.attempts, 0);
      break;
    case RunOutcome::retry: {
      const TimePoint retry = now + backoff_after(policy, before.attempts);
      const bool first = before.period_ends == TimePoint{};
      const TimePoint period_ends = first ? period_after(after, now) : before.period_ends;
      if (periodic && retry >= period_ends) {
        EXPECT_EQ(after.due, period_ends) << "its next period opens first";
        EXPECT_EQ(after.attempts, 0);
      } else {
        EXPECT_EQ(after.due, retry) << "after attempt " << before.attempts;
        EXPECT_EQ(after.attempts, before.attempts);
        if (periodic) {
          EXPECT_EQ(after.period_ends, period_ends);
        }
      }
      break;
    }
    case RunOutcome::interrupted:
      EXPECT_LE(after.due, now) << "an interruption adds no delay";
      EXPECT_EQ(after.attempts, before.attempts - 1) << "and does not count";
      break;
  }
}

// A daemon that starts now must read what this one holds.
void Promises::check_disk() {
  const auto stored = world_.store.load();
  EXPECT_EQ(stored.size(), world_.scheduler().unfinished_count());
  for (const auto& [row, prerequisites] : stored) {
    const Work* held = world_.scheduler().find(row.id);
    ASSERT_NE(held, nullptr);
    Work comparable = *held;
    comparable.rare = SharedRareFacts(RareFacts{.earlier = held->rare.get().earlier});
    comparable.held = false;
    comparable.run_policy = comparable.policy;
    EXPECT_EQ(comparable, row) << "memory and disk differ";
    for (const WorkId id : prerequisites) {
      EXPECT_TRUE(world_.scheduler().depends_on(row.id, id));
    }
  }
}

}  // namespace wm
