#include "core/chains.h"

#include "core/state.h"

namespace wm {

void Chains::restore(WorkId prerequisite, WorkId dependent) {
  dependents_[prerequisite].insert(dependent);
}

void Chains::block(Work& work, std::span<const WorkId> prerequisites, const WorkTable& table) {
  work.blocked_on = 0;
  for (const WorkId id : prerequisites) {
    const Work* prerequisite = table.find(id);
    if (!prerequisite || prerequisite->state == WorkState::succeeded) continue;
    if (is_finished(prerequisite->state)) {  // This turn has ended it.
      work.state = prerequisite->state;
      break;
    }
    if (dependents_[id].insert(work.id).second) new_edges_.emplace_back(id, work.id);
    ++work.blocked_on;
  }
  if (work.blocked_on > 0 && !is_finished(work.state)) work.state = WorkState::blocked;
}

void Chains::pass_on(WorkId ended, TimePoint now, WorkTable& table,
                     const std::function<TimePoint(const Work&)>& due_of) const {
  std::vector<WorkId> to_do{ended};
  while (!to_do.empty()) {
    const WorkId prerequisite = to_do.back();
    to_do.pop_back();
    const WorkState state = table.find(prerequisite)->state;
    const auto found = dependents_.find(prerequisite);
    if (found == dependents_.end()) continue;
    for (const WorkId id : found->second) {
      const Work* dependent = table.find(id);
      if (!dependent || dependent->state != WorkState::blocked) continue;
      Work work = *dependent;
      work.since = now;
      if (state == WorkState::succeeded) {
        if (--work.blocked_on == 0) {
          move(work, WorkEvent::unblock);
          work.enqueued_at = now;
          work.due = due_of(work);
        }
      } else {
        move(work, state == WorkState::failed ? WorkEvent::fail : WorkEvent::cancel);
        to_do.push_back(id);
      }
      table.put(work);
    }
  }
}

std::vector<WorkId> Chains::dependents_of(WorkId prerequisite) const {
  const auto found = dependents_.find(prerequisite);
  if (found == dependents_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

bool Chains::depends_on(WorkId dependent, WorkId prerequisite) const {
  const auto found = dependents_.find(prerequisite);
  return found != dependents_.end() && found->second.contains(dependent);
}

void Chains::accept(std::span<const WorkId> finished) {
  for (const WorkId id : finished) dependents_.erase(id);
  new_edges_.clear();
}

void Chains::roll_back() {
  for (const auto& [prerequisite, dependent] : new_edges_) {
    dependents_[prerequisite].erase(dependent);
  }
  new_edges_.clear();
}

}  // namespace wm
