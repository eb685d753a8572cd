#include "daemon/turn/condition_log.h"

#include <algorithm>

namespace wm {
namespace {

constexpr Duration kHour = 1h;

// Other details are no change. An override is one, even if it pretends what is true.
bool is_same(const ConditionReading& a, const ConditionReading& b) {
  return a.value == b.value && (a.source == kOverride) == (b.source == kOverride);
}

bool is_same(const std::optional<ConditionReading>& a, const std::optional<ConditionReading>& b) {
  return a && b ? is_same(*a, *b) : a.has_value() == b.has_value();
}

}  // namespace

bool ConditionLog::Condition::is_open() const { return unsteady || !is_same(now, kept); }

void ConditionLog::begin(TimePoint last_seen, TimePoint now) {
  if (!keeps()) return;
  const std::vector<ConditionChange> last =
      store_.condition_changes_before(TimePoint{Duration::max()});
  TimePoint seen = last_seen;
  for (const RunInfo& run : store_.runs_ended({.limit = 1}).list) {
    seen = std::max(seen, run.finished_at.value_or(seen));
  }
  const ConditionChange* daemon = nullptr;
  for (const ConditionChange& one : last) {
    seen = std::max(seen, one.at);
    if (!one.condition) daemon = &one;
  }
  if (daemon && is_running(daemon->event)) {
    add({.at = std::min(seen, now), .event = ConditionEvent::lost}, now);
  }
  add({.at = now, .event = ConditionEvent::started}, now);
  begun_ = true;
}

void ConditionLog::go_on(TimePoint now) {
  const std::vector<ConditionChange> last =
      store_.condition_changes_before(TimePoint{Duration::max()});
  const auto daemon =
      std::ranges::find_if(last, [](const ConditionChange& one) { return !one.condition; });
  if (daemon == last.end() || !is_running(daemon->event)) return begin(now, now);
  begun_ = true;
  for (const ConditionChange& one : last) {
    if (!one.condition || one.at < daemon->at) continue;
    Condition& condition = conditions_[*one.condition];
    if (one.event == ConditionEvent::changed) {
      condition.kept = ConditionReading{one.value, one.source, one.detail};
    }
    condition.unsteady = one.event == ConditionEvent::unsteady;
    condition.kept_at = one.at;
  }
}

void ConditionLog::end(TimePoint now) {
  if (std::exchange(ended_, true)) return;
  hurries_ = true;
  for (const ConditionId& id : open_) {
    if (const Condition& one = conditions_.at(id); begun_ && !one.unsteady) {
      add(row_of(id, one), now);
    }
  }
  if (begun_) add({.at = now, .event = ConditionEvent::stopped}, now);
}

void ConditionLog::note(const ConditionReadings& readings, TimePoint now) {
  if (ended_) return;
  for (const auto& [id, reading] : readings) see(id, &reading, now);
  for (auto& [id, condition] : conditions_) {
    if (!readings.contains(id)) see(id, nullptr, now);
  }
}

void ConditionLog::see(const ConditionId& id, const ConditionReading* reading, TimePoint now) {
  const auto seen = reading ? std::optional(*reading) : std::nullopt;
  Condition& condition = conditions_[id];
  if (!is_same(condition.now, seen)) condition.since = now;
  condition.now = seen;
  if (condition.is_open()) open_.insert(id);
}

TimePoint ConditionLog::may_be_kept_at(const Condition& condition) const {
  const bool full = condition.rows >= kMostInAnHour;
  return full && condition.unsteady ? condition.hour + kHour : condition.kept_at + kLeastApart;
}

void ConditionLog::keep_what_may(TimePoint now) {
  if (ended_) return open_.clear();
  std::erase_if(open_, [&](const ConditionId& id) { return keep(id, conditions_.at(id), now); });
}

// Returns whether nothing of it is left to keep.
bool ConditionLog::keep(const ConditionId& id, Condition& condition, TimePoint now) {
  if (!condition.is_open()) return true;
  const bool set_back = now < condition.kept_at;  // The clock was.
  if (!set_back && may_be_kept_at(condition) > now) return false;
  if (set_back || condition.hour + kHour <= now || now < condition.hour) {
    condition.hour = now;
    condition.rows = 0;
  }
  const bool was_unsteady = std::exchange(condition.unsteady, ++condition.rows >= kMostInAnHour);
  ConditionChange row = row_of(id, condition);
  if (was_unsteady) row.at = now;  // Until now nothing was known.
  condition.kept = condition.now;
  condition.kept_at = now;
  if (begun_) add(std::move(row), now);
  return !condition.unsteady;
}

ConditionChange ConditionLog::row_of(const ConditionId& id, const Condition& condition) {
  ConditionChange row{.at = condition.since, .condition = id};
  if (condition.unsteady) {
    row.event = ConditionEvent::unsteady;
  } else if (!condition.now) {
    row.event = ConditionEvent::unwatched;
  } else {
    row.value = condition.now->value;
    row.source = condition.now->source;
    row.detail = condition.now->detail;
  }
  return row;
}

// The setting may have changed.
void ConditionLog::begin_or_cease(TimePoint now) {
  if (ended_ || std::exchange(begun_, keeps()) == keeps()) return;
  if (!begun_) return unsaved_.clear();
  add({.at = now, .event = ConditionEvent::started}, now);
  keep_all_again(now);
}

// The last rows say nothing about the time from now on.
void ConditionLog::keep_all_again(TimePoint now) {
  for (auto& [id, condition] : conditions_) {
    condition.kept.reset();
    condition.since = now;
    if (condition.is_open()) open_.insert(id);
  }
}

void ConditionLog::slept(TimePoint from, TimePoint to) {
  if (!begun_ || ended_) return;
  add({.at = from, .event = ConditionEvent::asleep}, to);
  add({.at = to, .event = ConditionEvent::awake}, to);
  keep_all_again(to);
}

std::vector<ConditionChange> ConditionLog::unsaved() const {
  std::vector<ConditionChange> changes = unsaved_;
  for (const ConditionId& id : open_) {
    if (const Condition& one = conditions_.at(id); begun_ && !ended_ && !one.unsteady) {
      changes.push_back(row_of(id, one));
    }
  }
  std::ranges::stable_sort(changes, {}, &ConditionChange::at);
  return changes;
}

void ConditionLog::add(ConditionChange change, TimePoint now) {
  if (unsaved_.empty()) unsaved_since_ = now;
  unsaved_.push_back(std::move(change));
}

void ConditionLog::save(bool joins, TimePoint now) {
  saved_ = 0;
  begin_or_cease(now);
  if (!open_.empty()) keep_what_may(now);
  if (unsaved_.empty()) return;
  const bool late = now >= unsaved_since_ + kMostUnsaved || now < unsaved_since_;
  if (!joins && !late && !hurries_) return;
  store_.save_condition_changes(unsaved_);
  saved_ = unsaved_.size();
}

void ConditionLog::committed() {
  unsaved_.erase(unsaved_.begin(), unsaved_.begin() + static_cast<std::ptrdiff_t>(saved_));
  saved_ = 0;
}

std::optional<TimePoint> ConditionLog::next_wakeup() const {
  std::optional<TimePoint> next;
  if (!unsaved_.empty()) next = unsaved_since_ + kMostUnsaved;
  for (const ConditionId& id : open_) {
    next = earliest(next, may_be_kept_at(conditions_.at(id)));
  }
  return next;
}

}  // namespace wm
