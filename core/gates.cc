#include "core/gates.h"

#include <algorithm>

namespace wm {

Gates::Id Gates::find(const Needs& needs) {
  const auto [found, fresh] = ids_.try_emplace(needs, static_cast<Id>(gates_.size()));
  if (fresh) gates_.push_back({hold(needs, conditions_), changed_at_});
  return found->second;
}

TimePoint Gates::since(const Needs& needs) const {
  const auto known = ids_.find(needs);
  return known == ids_.end() ? changed_at_ : gates_[known->second].since;
}

void Gates::set_conditions(const Conditions& conditions, TimePoint now) {
  if (conditions == conditions_) return;
  conditions_ = conditions;
  changed_at_ = now;
  for (const auto& [needs, id] : ids_) {
    const bool open = hold(needs, conditions_);
    if (gates_[id].open != open) gates_[id] = {open, now};
  }
}

void Gates::clock_was_set(TimePoint now) {
  changed_at_ = std::min(changed_at_, now);
  for (Gate& gate : gates_) gate.since = std::min(gate.since, now);
}

Needs needs_at(const Work& work, const Policy& policy, TimePoint now) {
  if (is_forced(work, policy, now)) return {};
  Needs needs;
  if (policy.constraints != Constraints{}) needs.push_back(policy.constraints);
  for (const Preference& preference : policy.prefer) {
    if (now < work.due + preference.relax_after) needs.push_back(preference.constraints);
  }
  return needs;
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

bool hold(const Needs& needs, const Conditions& conditions) {
  return std::ranges::all_of(needs,
                             [&](const Constraints& wanted) { return hold(wanted, conditions); });
}

}  // namespace wm
