#include "core/gates.h"

#include <algorithm>

#include "core/schedule.h"

namespace wm {
namespace {

// Calls `visit(constraints)` for each of its needs, as long as that returns true.
template <class Visit>
void each_need(const Work& work, const Policy& policy, TimePoint now, Visit visit) {
  if (is_forced(work, policy, now)) return;
  if (policy.constraints != Constraints{} && !visit(policy.constraints)) return;
  for (const Preference& preference : policy.prefer) {
    if (now < work.due + preference.relax_after && !visit(preference.constraints)) return;
  }
}

}  // namespace

bool hold(const Needs& needs, const Conditions& conditions, TimePoint now) {
  return std::ranges::all_of(needs.all, [&](const Constraints& wanted) {
    return hold(wanted, conditions, {now, needs.zone});
  });
}

std::optional<TimePoint> next_change(const Needs& needs, TimePoint now) {
  std::optional<TimePoint> next;
  for (const Constraints& wanted : needs.all) {
    next = earliest(next, next_change(wanted, {now, needs.zone}));
  }
  return next;
}

Gates::Id Gates::find(const Needs& needs) {
  const auto [found, fresh] = ids_.try_emplace(needs, static_cast<Id>(gates_.size()));
  if (!fresh) return found->second;
  if (free_.empty()) {
    gates_.emplace_back();
  } else {
    found->second = free_.back();
    free_.pop_back();
  }
  Gate& gate = gates_[found->second];
  gate = {false, changed_at_, {}};
  look_at(needs, gate, changed_at_);
  return found->second;
}

void Gates::keep_only(const std::set<Id>& used) {
  std::erase_if(ids_, [&](const auto& entry) {
    const bool forgotten = entry.second != kNone && !used.contains(entry.second);
    if (forgotten) free_.push_back(entry.second);
    return forgotten;
  });
  crowd_ = std::max(kFirstCrowd, 2 * ids_.size());
}

TimePoint Gates::since(const Needs& needs) const {
  const auto known = ids_.find(needs);
  return known == ids_.end() ? changed_at_ : gates_[known->second].since;
}

void Gates::set_conditions(const Conditions& conditions, TimePoint now) {
  if (conditions == conditions_) return;
  conditions_ = conditions;
  changed_at_ = now_ = now;
  next_change_.reset();
  for (const auto& [needs, id] : ids_) look_at(needs, gates_[id], now);
}

void Gates::move_on(TimePoint now) {
  const bool backwards = now < std::exchange(now_, now);
  if (!backwards && (!next_change_ || now < *next_change_)) return;
  next_change_.reset();
  for (const auto& [needs, id] : ids_) {
    const auto changes_at = gates_[id].changes_at;
    look_at(needs, gates_[id], std::min(changes_at.value_or(now), now));
  }
}

// If it opens or closes, it has done so at `when`.
void Gates::look_at(const Needs& needs, Gate& gate, TimePoint when) {
  const bool open = hold(needs, conditions_, now_);
  if (std::exchange(gate.open, open) != open) gate.since = when;
  gate.changes_at = next_change(needs, now_);
  next_change_ = earliest(next_change_, gate.changes_at);
}

void Gates::clock_was_set(TimePoint now) {
  changed_at_ = std::min(changed_at_, now);
  for (Gate& gate : gates_) gate.since = std::min(gate.since, now);
}

Needs needs_at(const Work& work, const Policy& policy, TimePoint now,
               const date::time_zone* usual) {
  Needs needs;
  each_need(work, policy, now, [&](const Constraints& wanted) {
    needs.all.push_back(wanted);
    return true;
  });
  if (!needs.empty()) needs.zone = zone_of(policy, usual);
  return needs;
}

std::optional<Constraint> first_unmet_of(const Work& work, const Policy& policy,
                                         const Conditions& conditions, ZonedTime now) {
  std::optional<Constraint> unmet;
  each_need(work, policy, now.instant, [&](const Constraints& wanted) {
    unmet = first_unmet(wanted, conditions, {now.instant, zone_of(policy, now.zone)});
    return !unmet;
  });
  return unmet;
}

std::optional<TimePoint> next_change_of(const Work& work, const Policy& policy, ZonedTime now) {
  std::optional<TimePoint> next;
  each_need(work, policy, now.instant, [&](const Constraints& wanted) {
    if (!wanted.between.empty()) {
      next = earliest(next, next_change(wanted, {now.instant, zone_of(policy, now.zone)}));
    }
    return true;
  });
  return next;
}

std::optional<TimePoint> needs_change_at(const Work& work, const Policy& policy, TimePoint now) {
  if (is_forced(work, policy, now)) return std::nullopt;
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint time) {
    if (time > now) next = earliest(next, time);
  };
  if (policy.deadline) consider(work.enqueued_at + *policy.deadline);
  for (const Preference& preference : policy.prefer) consider(work.due + preference.relax_after);
  return next;
}

bool awaits_trigger(const Work& work, TimePoint now) {
  return !has_due_time(work) && !is_forced(work, work.policy, now);
}

bool is_forced(const Work& work, const Policy& policy, TimePoint now) {
  return work.run_now || (policy.deadline && now >= work.enqueued_at + *policy.deadline);
}

}  // namespace wm
