#include "core/work_table.h"

#include <algorithm>

namespace wm {
namespace {

bool is_only_cancelled(Work before, const Work& work) {
  before.state = WorkState::cancelled;
  before.since = work.since;
  before.stopping = work.stopping;
  return before == work;
}

}  // namespace

const Work* WorkTable::find(WorkId id) const {
  const auto row = rows_.find(id);
  return row == rows_.end() ? nullptr : &row->second.work;
}

std::size_t WorkTable::count(uid_t owner) const {
  const auto found = counts_.find(owner);
  return found == counts_.end() ? 0 : found->second;
}

void WorkTable::erase(WorkId id) {
  const auto row = rows_.find(id);
  const auto count = counts_.find(row->second.work.owner);
  if (--count->second == 0) counts_.erase(count);
  rows_.erase(row);
}

void WorkTable::put(const Work& work) {
  const auto [found, inserted] = rows_.try_emplace(work.id, work);
  Row& row = found->second;
  changed_.emplace_back(&row, inserted ? std::nullopt : std::optional(row.work));
  if (inserted) {
    ++counts_[work.owner];
  } else {
    agenda_.remove(row);
    row.work = work;
  }
  agenda_.add(row);
}

void WorkTable::set_time_limit(Duration limit) {
  agenda_.set_time_limit(limit);
  set_alarms_of_runs();
}

void WorkTable::set_clock_offset(ClockOffset offset) {
  agenda_.set_clock_offset(offset);
  set_alarms_of_runs();
  std::vector<WorkId> kept;
  for (const auto& [id, word] : agenda_.words()) kept.push_back(id);
  for (const WorkId id : kept) place_anew(id);
}

void WorkTable::keep_alive(WorkId id, Duration since_boot) {
  if (const auto row = rows_.find(id); row != rows_.end())
    agenda_.keep_alive(row->second, since_boot);
}

void WorkTable::set_alarms_of_runs() {
  const std::set<WorkId> running = agenda_.running();
  for (const WorkId id : running) place_anew(id);
}

void WorkTable::place_anew(WorkId id) {
  Row& row = rows_.at(id);
  agenda_.remove(row);
  agenda_.add(row);
}

std::vector<const WorkTable::Changed*> WorkTable::first_changes() const {
  std::vector<const Changed*> changes;
  changes.reserve(changed_.size());
  for (const Changed& change : changed_) changes.push_back(&change);
  const auto id_of = [](const Changed* change) { return change->row->work.id; };
  std::ranges::stable_sort(changes, {}, id_of);
  const auto repeated = std::ranges::unique(changes, {}, id_of);
  changes.erase(repeated.begin(), repeated.end());
  return changes;
}

ChangedRows WorkTable::changed() const {
  ChangedRows rows;
  rows.all.reserve(changed_.size());
  for (const Changed* const change : first_changes()) {
    const Work& work = rows.all.emplace_back(change->row->work);
    if (change->before && is_only_cancelled(*change->before, work)) {
      rows.only_cancelled.push_back(work.id);
    }
  }
  return rows;
}

std::vector<WorkId> WorkTable::accept() {
  std::vector<WorkId> finished;
  for (const Changed* const change : first_changes()) {
    const Work& work = change->row->work;
    if (!is_finished(work.state)) continue;
    finished.push_back(work.id);
    erase(finished.back());
  }
  changed_.clear();
  return finished;
}

void WorkTable::roll_back() {
  for (auto change = changed_.rbegin(); change != changed_.rend(); ++change) {
    const auto& [row, before] = *change;
    agenda_.remove(*row);
    if (before) {
      row->work = *before;
      agenda_.add(*row);
    } else {
      erase(row->work.id);
    }
  }
  changed_.clear();
}

}  // namespace wm
