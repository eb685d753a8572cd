#include "core/work_table.h"

namespace wm {
namespace {

bool is_queued(const Work& work) { return work.state == WorkState::enqueued && !work.held; }

}  // namespace

const Work* WorkTable::find(WorkId id) const {
  const auto row = rows_.find(id);
  return row == rows_.end() ? nullptr : &row->second;
}

void WorkTable::put(const Work& work) {
  const auto [row, inserted] = rows_.try_emplace(work.id, work);
  before_.try_emplace(work.id, inserted ? std::nullopt : std::optional(row->second));
  if (!inserted) {
    unindex(row->second);
    row->second = work;
  }
  index(work);
}

std::vector<Work> WorkTable::changed() const {
  std::vector<Work> rows;
  rows.reserve(before_.size());
  for (const auto& [id, before] : before_) rows.push_back(rows_.at(id));
  return rows;
}

void WorkTable::accept() {
  for (const auto& [id, before] : before_) {
    const auto row = rows_.find(id);
    if (is_finished(row->second.state)) rows_.erase(row);
  }
  before_.clear();
}

void WorkTable::roll_back() {
  for (const auto& [id, before] : before_) {
    const auto row = rows_.find(id);
    unindex(row->second);
    if (before) {
      row->second = *before;
      index(*before);
    } else {
      rows_.erase(row);
    }
  }
  before_.clear();
}

void WorkTable::index(const Work& work) {
  if (is_queued(work)) queues_[work.constraints].emplace(work.due, work.id);
  if (work.state == WorkState::running) running_.insert(work.id);
}

void WorkTable::unindex(const Work& work) {
  if (is_queued(work)) {
    const auto queue = queues_.find(work.constraints);
    queue->second.erase({work.due, work.id});
    if (queue->second.empty()) queues_.erase(queue);
  }
  if (work.state == WorkState::running) running_.erase(work.id);
}

}  // namespace wm
