#include "core/work_table.h"

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
  // Many at once come in their order.
  changed_.try_emplace(changed_.end(), work.id, &row,
                       inserted ? std::nullopt : std::optional(row.work));
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

ChangedRows WorkTable::changed() const {
  ChangedRows rows;
  rows.all.reserve(changed_.size());
  for (const auto& [id, changed] : changed_) {
    const Work& work = rows.all.emplace_back(changed.row->work);
    if (changed.before && is_only_cancelled(*changed.before, work)) {
      rows.only_cancelled.push_back(id);
    }
  }
  return rows;
}

std::vector<WorkId> WorkTable::accept() {
  std::vector<WorkId> finished;
  for (const auto& [id, changed] : changed_) {
    if (!is_finished(changed.row->work.state)) continue;
    erase(id);
    finished.push_back(id);
  }
  changed_.clear();
  return finished;
}

void WorkTable::roll_back() {
  for (const auto& [id, changed] : changed_) {
    agenda_.remove(*changed.row);
    if (changed.before) {
      changed.row->work = *changed.before;
      agenda_.add(*changed.row);
    } else {
      erase(id);
    }
  }
  changed_.clear();
}

}  // namespace wm
