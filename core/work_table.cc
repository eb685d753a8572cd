#include "core/work_table.h"

namespace wm {

const Work* WorkTable::find(WorkId id) const {
  const auto row = rows_.find(id);
  return row == rows_.end() ? nullptr : &row->second.work;
}

void WorkTable::put(const Work& work) {
  const auto [found, inserted] = rows_.try_emplace(work.id, work);
  Row& row = found->second;
  before_.try_emplace(work.id, inserted ? std::nullopt : std::optional(row.work));
  if (!inserted) {
    agenda_.remove(row);
    row.work = work;
  }
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
    rows_.erase(row);
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
      rows_.erase(found);
    }
  }
  before_.clear();
}

}  // namespace wm
