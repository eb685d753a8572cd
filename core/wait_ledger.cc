#include "core/wait_ledger.h"

#include <algorithm>

namespace wm {
namespace {

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

// When the constraints that stopped a run will have held for long enough.
struct Settling {
  Duration settle;
  TimePoint ends;
};

// Adds what held due work back until `end`, while things were as that entry says.
void add_held(Sum& sum, const Work& work, const LedgerEntry& entry, ZonedTime begin, TimePoint end,
              TimePoint kept_alive, Settling& settling) {
  TimePoint from = begin.instant;
  if (entry.shutting_down) return sum.add(WaitKind::daemon, "", end - from);
  const Policy& policy = work.policy;
  while (from < end) {
    const Needs needs = needs_at(work, policy, from, begin.zone);
    const auto change = earliest(needs_change_at(work, policy, from), next_change(needs, from));
    const bool silent = from < kept_alive && !entry.unattended;
    TimePoint until = std::min(change.value_or(end), end);
    if (silent) until = std::min(until, kept_alive);
    const bool settles = !needs.all.empty() && from < settling.ends;
    if (settles) until = std::min(until, settling.ends);
    std::set<std::string> missing;  // A constraint and a preference may name the same.
    for (const Constraints& wanted : needs.all) {
      for (const Need& one : unmet(wanted, entry.conditions, {from, needs.zone})) {
        if (missing.insert(one.name).second) {
          sum.add(WaitKind::constraint, one.name, until - from);
        }
      }
    }
    bool paused = false;
    for (const std::string& group : entry.paused) {
      if (!group.empty() && group != policy.group) continue;
      sum.add(WaitKind::paused, group, until - from);
      paused = true;
    }
    if (silent) sum.add(WaitKind::keep_alive, "", until - from);
    if (!missing.empty()) {
      settling.ends = work.settling ? until + settling.settle : from;
    } else if (settles && !entry.unattended && !paused && !silent) {
      sum.add(WaitKind::constraint, kSettle, until - from);
    } else if (!paused && !silent) {
      sum.add(entry.unattended ? WaitKind::daemon : WaitKind::slot, "", until - from);
    }
    from = until;
  }
}

}  // namespace

void WaitLedger::restore(LedgerEntry entry) {
  entries_.push_back(std::move(entry));
  put_in_order();
}

void WaitLedger::daemon_was_lost(TimePoint last_seen) {
  if (entries_.empty() || entries_.back().shutting_down) return;
  LedgerEntry entry = entries_.back();
  entry.from = std::max(last_seen, entry.from);
  entry.unattended = true;
  note(std::move(entry));
}

void WaitLedger::note(LedgerEntry entry) {
  if (!entries_.empty()) {
    clock_was_set(entry.from);
    LedgerEntry same = entries_.back();
    same.from = entry.from;
    if (entry == same) return;
  }
  add(std::move(entry));
}

void WaitLedger::add(LedgerEntry entry) {
  entries_.push_back(std::move(entry));
  ++unsaved_;
  if (entries_.size() > kLedgerEntries) entries_.pop_front();
  unsaved_ = std::min(unsaved_, entries_.size());
}

// The last entry begins again at the new time. It is noted again, because the entries on disk stay
// as they are.
void WaitLedger::clock_was_set(TimePoint now) {
  if (entries_.empty() || entries_.back().from <= now) return;
  LedgerEntry last = entries_.back();
  last.from = now;
  add(std::move(last));
  put_in_order();
}

// Times before a clock was set back may be later than those after.
void WaitLedger::put_in_order() {
  for (auto later = entries_.rbegin(); later != entries_.rend(); ++later) {
    const auto entry = std::next(later);
    if (entry == entries_.rend() || entry->from <= later->from) return;
    entry->from = later->from;
  }
}

std::vector<LedgerEntry> WaitLedger::unsaved() const {
  return {entries_.end() - static_cast<std::ptrdiff_t>(unsaved_), entries_.end()};
}

std::vector<Waited> WaitLedger::waited(const Work& work, TimePoint now,
                                       const date::time_zone* usual,
                                       std::optional<TimePoint> kept_alive, Duration settle) const {
  Sum sum;
  const EarlierWaits& earlier = work.rare.get().earlier;
  const bool goes_on = work.due <= earlier.until;
  if (goes_on) {
    for (const Waited& one : earlier.waited) sum.add(one.kind, one.name, one.time);
  } else if (!has_named_time(work)) {
    if (work.timing == Timing::retry) sum.add(WaitKind::backoff, "", work.due - work.since);
    if (work.timing == Timing::quiet) sum.add(WaitKind::trigger, "", work.due - work.since);
  }
  TimePoint from = std::max(work.due, work.since);
  if (goes_on) from = std::max(from, earlier.until);
  if (awaits_trigger(work, now)) return {};
  if (!has_due_time(work)) {  // Its deadline came instead, or somebody's call.
    sum.add(WaitKind::trigger, "", now - from);
    return sum.take();
  }
  Settling settling{settle, work.settling ? from + settle : from};
  auto entry = std::ranges::upper_bound(entries_, from, {}, &LedgerEntry::from);
  if (entry != entries_.begin()) {
    --entry;
  } else if (entry != entries_.end()) {
    sum.add(WaitKind::daemon, "", std::min(entry->from, now) - from);
    from = entry->from;
  }
  for (; entry != entries_.end() && from < now; ++entry) {
    const auto next = std::next(entry);
    const TimePoint end = next == entries_.end() ? now : std::min(next->from, now);
    add_held(sum, work, *entry, {from, usual}, end, kept_alive.value_or(now), settling);
    from = std::max(from, end);
  }
  return sum.take();
}

TimePoint WaitLedger::unmet_since(const Constraints& wanted) const {
  Constraints measured = wanted;
  measured.between.clear();
  TimePoint since{};
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (hold(measured, entry->conditions, {})) break;
    since = entry->from;
  }
  return since;
}

std::optional<std::vector<PastPause>> WaitLedger::pauses_at(TimePoint time) const {
  const auto after = std::ranges::upper_bound(entries_, time, {}, &LedgerEntry::from);
  if (after == entries_.begin()) return std::nullopt;
  std::vector<PastPause> pauses;
  for (const std::string& group : std::prev(after)->paused) {
    const auto goes_on = [&](const LedgerEntry& entry) { return entry.paused.contains(group); };
    auto first = std::prev(after);
    while (first != entries_.begin() && goes_on(*std::prev(first))) --first;
    const auto end = std::find_if_not(after, entries_.end(), goes_on);
    pauses.push_back(
        {group, first->from, end == entries_.end() ? std::nullopt : std::optional(end->from)});
  }
  return pauses;
}

}  // namespace wm
