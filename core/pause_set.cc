#include "core/pause_set.h"

#include <algorithm>
#include <utility>

namespace wm {

std::vector<PauseChange> pause_changes(const Pauses& before, const Pauses& after) {
  std::vector<PauseChange> changes;
  for (const auto& [group, until] : before) {
    if (!after.contains(group)) changes.push_back({group, false, {}});
  }
  for (const auto& [group, until] : after) {
    const auto old = before.find(group);
    if (old == before.end() || old->second != until) changes.push_back({group, true, until});
  }
  return changes;
}

void PauseSet::pause(const std::string& group, std::optional<TimePoint> until) {
  remember();
  pauses_[group] = until;
}

void PauseSet::resume(const std::string& group) {
  remember();
  pauses_.erase(group);
}

void PauseSet::move_on(TimePoint now) {
  const auto over = [now](const auto& pause) { return pause.second && *pause.second <= now; };
  if (std::ranges::none_of(pauses_, over)) return;
  remember();
  std::erase_if(pauses_, over);
}

void PauseSet::clock_was_set(Duration step) {
  for (auto& [group, until] : pauses_) {
    if (!until) continue;
    remember();
    *until += step;
  }
}

bool PauseSet::covers(const std::string& group) const {
  if (pauses_.empty()) return false;
  const bool everything = pauses_.begin()->first.empty();  // "" comes before all names.
  return everything || (!group.empty() && pauses_.contains(group));
}

std::optional<TimePoint> PauseSet::next_end() const {
  std::optional<TimePoint> next;
  for (const auto& [group, until] : pauses_) next = earliest(next, until);
  return next;
}

std::optional<Pauses> PauseSet::changed() const {
  return before_ ? std::optional(pauses_) : std::nullopt;
}

void PauseSet::roll_back() {
  if (before_) pauses_ = std::move(*before_);
  before_.reset();
}

void PauseSet::remember() {
  if (!before_) before_ = pauses_;
}

}  // namespace wm
