#include "core/wait_ledger.h"

#include <algorithm>

namespace wm {
namespace {

// What is older than so many changes is told as one wait for the daemon: nobody remembers it.
constexpr std::size_t kMostEntries = 1000;

// Adds up by kind and name, in the order of first mention.
class Sum {
 public:
  void add(WaitKind kind, const std::string& name, Duration time) {
    if (time <= Duration::zero()) return;
    const auto known = std::ranges::find_if(
        waited_, [&](const Waited& one) { return one.kind == kind && one.name == name; });
    if (known != waited_.end()) {
      known->time += time;
    } else {
      waited_.push_back({kind, name, time});
    }
  }
  std::vector<Waited> take() { return std::move(waited_); }

 private:
  std::vector<Waited> waited_;
};

}  // namespace

void WaitLedger::note(TimePoint now, const Conditions& conditions,
                      const std::set<std::string>& paused) {
  if (!entries_.empty()) {
    const Entry& last = entries_.back();
    if (last.conditions == conditions && last.paused == paused) return;
    now = std::max(now, last.from);  // The clock may have been set back.
  }
  entries_.push_back({now, conditions, paused});
  if (entries_.size() > kMostEntries) entries_.pop_front();
}

std::vector<Waited> WaitLedger::waited(const Work& work, TimePoint now) const {
  Sum sum;
  const Policy& policy = work.policy;
  if (work.timing == Timing::retry) sum.add(WaitKind::backoff, "", work.due - work.since);
  TimePoint from = std::max(work.due, work.since);
  auto entry = std::ranges::upper_bound(entries_, from, {}, &Entry::from);
  if (entry != entries_.begin()) {
    --entry;
  } else if (entry != entries_.end()) {
    sum.add(WaitKind::daemon, "", std::min(entry->from, now) - from);
    from = entry->from;
  }
  for (; entry != entries_.end() && from < now; ++entry) {
    const auto next = std::next(entry);
    const TimePoint end = next == entries_.end() ? now : std::min(next->from, now);
    while (from < end) {
      const TimePoint until = std::min(needs_change_at(work, policy, from).value_or(end), end);
      bool held = false;
      for (const Constraints& wanted : needs_at(work, policy, from)) {
        for (const Unmet& one : unmet(wanted, entry->conditions)) {
          sum.add(WaitKind::constraint, one.name, until - from);
          held = true;
        }
      }
      for (const std::string& group : entry->paused) {
        if (!group.empty() && group != policy.group) continue;
        sum.add(WaitKind::paused, group, until - from);
        held = true;
      }
      if (!held) sum.add(WaitKind::slot, "", until - from);
      from = until;
    }
  }
  return sum.take();
}

TimePoint WaitLedger::unmet_since(const Constraints& wanted) const {
  TimePoint since{};
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (hold(wanted, entry->conditions)) break;
    since = entry->from;
  }
  return since;
}

}  // namespace wm
