#include "core/explain.h"

#include "core/condition_id.h"
#include "core/schedule.h"
#include "core/text.h"

namespace wm {
namespace {

// These say whose limit it is.
constexpr const char* kForThis = " for this user";
constexpr const char* kForAll = " for all users";

class Explanation {
 public:
  Explanation(const Scheduler& scheduler, const Work& work, TimePoint now)
      : scheduler_(scheduler), work_(work), policy_(work.policy), now_(now) {}

  std::vector<Wait> waits() {
    add_predecessor();
    add_time();
    add_constraints();
    add_word();
    add_pauses();
    add_slot();
    return std::move(waits_);
  }

 private:
  void add_predecessor() {
    if (!work_.held) return;
    waits_.push_back({WaitKind::replaced,
                      "",
                      "the replaced run is over",
                      "it is being stopped",
                      work_.since,
                      {}});
  }

  void add_time() {
    if (awaits_trigger(work_, now_)) return add_trigger("a change", "none yet", deadline());
    if (work_.due <= now_) return;
    if (work_.timing == Timing::quiet && !has_named_time(work_)) {
      const std::string delay = format_duration(trigger_delay(policy_.trigger));
      return add_trigger("no change for " + delay, "a change", work_.due);
    }
    waits_.push_back({time_kind(), named_by(), format_time(work_.due), format_time(now_),
                      work_.since, work_.due});
  }

  void add_trigger(std::string required, const char* actual, std::optional<TimePoint> until) {
    waits_.push_back({WaitKind::trigger, join(policy_.trigger.paths, " or "), std::move(required),
                      actual, work_.since, until, ""});
  }

  std::optional<TimePoint> deadline() const {
    return policy_.deadline ? std::optional(work_.enqueued_at + *policy_.deadline) : std::nullopt;
  }

  // Names the thing that fixes the time itself, instead of a delay.
  const char* named_by() const {
    if (has_named_time(work_)) return "at";
    return time_kind() == WaitKind::period && !policy_.calendar.empty() ? "calendar" : "";
  }

  WaitKind time_kind() const {
    if (has_named_time(work_)) return WaitKind::delay;
    if (work_.timing == Timing::first && !policy_.calendar.empty()) return WaitKind::period;
    switch (work_.timing) {
      case Timing::retry:
        return WaitKind::backoff;
      case Timing::period:
        return WaitKind::period;
      case Timing::first:
      case Timing::at_once:
      case Timing::trigger:
      case Timing::quiet:
        break;
    }
    return WaitKind::delay;
  }

  void add_constraints() {
    if (is_forced(work_, policy_, now_)) return;
    add_unmet(policy_.constraints, deadline());
    for (const Preference& preference : policy_.prefer) {
      const TimePoint relaxed = work_.due + preference.relax_after;
      if (relaxed > now_)
        add_unmet(preference.constraints, std::min(relaxed, deadline().value_or(relaxed)));
    }
    if (work_.settling && waits_.empty()) add_settling();
  }

  void add_unmet(const Constraints& wanted, std::optional<TimePoint> until) {
    const ZonedTime now = scheduler_.local_time(policy_, now_);
    for (const Need& one : unmet(wanted, scheduler_.conditions(), now)) {
      Wait& wait = waits_.emplace_back(constraint_wait(one, policy_));
      if (one.constraint != Constraint::between) wait.since = unmet_since(wanted, one);
      wait.until = earliest(wait.until, until);
    }
  }

  TimePoint unmet_since(const Constraints& wanted, const Need& one) const {
    return scheduler_.ledger().unmet_since(part_about(wanted, {one.constraint, one.name}));
  }

  void add_settling() {
    const TimePoint since = scheduler_.agenda().opened_at(work_, now_);
    const Duration settle = scheduler_.rules().settle;
    if (since + settle <= now_) return;
    waits_.push_back({WaitKind::constraint, kSettle,
                      "constraints hold for " + format_duration(settle),
                      rough_duration(now_ - since), since, since + settle});
  }

  void add_word() {
    if (!scheduler_.agenda().lacks_word(work_, now_)) return;
    waits_.push_back({WaitKind::keep_alive,
                      "",
                      "KeepAlive within " + format_duration(policy_.watchdog),
                      "none",
                      {},
                      {}});
  }

  void add_pauses() {
    for (const auto& [group, until] : scheduler_.pauses()) {
      if (!group.empty() && group != policy_.group) continue;
      waits_.push_back({WaitKind::paused, group, "resumed", "paused", {}, until});
    }
  }

  void add_slot() {
    if (!waits_.empty()) return;
    const SchedulingRules& rules = scheduler_.rules();
    const Agenda& agenda = scheduler_.agenda();
    if (!scheduler_.group_has_room(policy_.group, work_.owner)) {
      const GroupRule& rule = rules.groups.at(policy_.group);
      add_full(WaitKind::group, policy_.group, rule.max_parallel, rule.max_parallel,
               rule.shared ? kForAll : kForThis);
    } else if (agenda.running_of(work_.owner) >= rules.max_parallel) {
      add_full(WaitKind::slot, "", rules.max_parallel, agenda.running_of(work_.owner), kForThis);
    } else if (!scheduler_.has_room()) {
      add_full(WaitKind::slot, "", rules.max_parallel_total,
               static_cast<int>(scheduler_.running_count()), kForAll);
    }
    if (!waits_.empty() && policy_.expedited) add_spent_budget();
  }

  // It keeps an expedited job from the first free slot.
  void add_spent_budget() {
    const Duration used = scheduler_.budget_used(work_.owner, now_);
    const Duration budget = scheduler_.rules().expedited_budget;
    if (used < budget) return;
    waits_.push_back({WaitKind::quota,
                      "",
                      "under " + format_duration(budget) + " in " + format_duration(kQuotaWindow),
                      rough_duration(used) + " of expedited runs",
                      {},
                      scheduler_.budget_returns(work_.owner),
                      ""});
  }

  void add_full(WaitKind kind, const std::string& name, int slots, int running, const char* whose) {
    waits_.push_back({kind,
                      name,
                      "a free slot (of " + std::to_string(slots) + whose + ")",
                      std::to_string(running) + " running",
                      {},
                      {}});
  }

  const Scheduler& scheduler_;
  const Work& work_;
  const Policy& policy_;
  TimePoint now_;
  std::vector<Wait> waits_;
};

}  // namespace

Wait constraint_wait(const Need& need, const Policy& policy) {
  Wait wait{WaitKind::constraint, need.name, need.required, need.actual, need.since,
            need.until,           ""};
  if (need.name == def_of(Constraint::between).name && !policy.time_zone.empty()) {
    wait.required += " " + policy.time_zone;
  }
  return wait;
}

std::vector<Wait> waiting_for(const Scheduler& scheduler, const Work& work, TimePoint now) {
  if (work.state != WorkState::enqueued) return {};
  return Explanation(scheduler, work, now).waits();
}

std::vector<Wait> met_constraints(const Scheduler& scheduler, const Work& work, TimePoint now) {
  const Policy& policy = work.policy;
  const bool waits = work.state == WorkState::enqueued && !is_forced(work, policy, now);
  if (!waits && work.state != WorkState::blocked) return {};
  std::vector<Wait> held;
  const ZonedTime local = scheduler.local_time(policy, now);
  for (const Need& one : met(policy.constraints, scheduler.conditions(), local)) {
    held.push_back(constraint_wait(one, policy));
  }
  return held;
}

std::vector<Wait> unmet_constraints(const Scheduler& scheduler, const Policy& policy,
                                    TimePoint now) {
  std::vector<Wait> missing;
  const ZonedTime local = scheduler.local_time(policy, now);
  for (const Need& one : unmet(policy.constraints, scheduler.conditions(), local)) {
    missing.push_back(constraint_wait(one, policy));
  }
  return missing;
}

Wait prerequisite_wait(const std::string& name, WorkState state, TimePoint since) {
  return {WaitKind::prerequisite,   name,  std::string(word(WorkState::succeeded)),
          std::string(word(state)), since, {}};
}

}  // namespace wm
