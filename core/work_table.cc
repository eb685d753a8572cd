#include "core/work_table.h"

namespace wm {

const Work* WorkTable::find(WorkId id) const {
  const auto row = rows_.find(id);
  return row == rows_.end() ? nullptr : &row->second.work;
}

const Work* WorkTable::before(WorkId id) const {
  const auto changed = before_.find(id);
  if (changed == before_.end()) return nullptr;
  const std::optional<Work>& row = changed->second;
  return row ? &*row : nullptr;
}

std::size_t WorkTable::count(uid_t owner) const {
  const auto found = counts_.find(owner);
  return found == counts_.end() ? 0 : found->second;
}

void WorkTable::erase(Rows::iterator row) {
  const auto count = counts_.find(row->second.work.owner);
  if (--count->second == 0) counts_.erase(count);
  rows_.erase(row);
}

void WorkTable::put(const Work& work) {
  const auto [found, inserted] = rows_.try_emplace(work.id, work);
  Row& row = found->second;
  before_.try_emplace(work.id, inserted ? std::nullopt : std::optional(row.work));
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

std::vector<Work> WorkTable::changed() const {
  std::vector<Work> rows;
  rows.reserve(before_.size());
  for (const auto& [id, before] : before_) rows.push_back(rows_.at(id).work);
  return rows;
}

std::vector<WorkId> WorkTable::accept() {
  std::vector<WorkId> finished;
  for (const auto& [id, before] : before_) {
    const auto row = rows_.find(id);
    if (!is_finished(row->second.work.state)) continue;
    erase(row);
    finished.push_back(id);
  }
  before_.clear();
  return finished;
}

void WorkTable::roll_back() {
  for (const auto& [id, before] : before_) {
    const auto found = rows_.find(id);
    agenda_.remove(found->second);
    if (before) {
      found->second.work = *before;
      agenda_.add(found->second);
    } else {
      erase(found);
    }
  }
  before_.clear();
}

}  // namespace wm
