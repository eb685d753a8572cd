#include "tests/support/memory_store.h"

#include <algorithm>

namespace wm {

void MemoryStore::begin() { undo_.clear(); }

void MemoryStore::commit() {
  if (full) throw StoreError("the disk is full");
}

void MemoryStore::roll_back() noexcept {
  for (; !undo_.empty(); undo_.pop_back()) undo_.back()();
}

MemoryStore::Row& MemoryStore::change(WorkId id) {
  Row& row = works_.at(id);
  undo_.emplace_back([&row, before = row] { row = before; });
  return row;
}

WorkId MemoryStore::insert(const WorkInfo& info) {
  if (const auto holder = find(info.owner, info.request.unique_name)) {
    change(*holder).superseded = true;
  }
  const WorkId id = ++last_id_;
  undo_.emplace_back([this, id] {
    works_.erase(id);
    --last_id_;
  });
  Row& row = works_[id] = {info, false};
  row.info.work.id = id;
  return id;
}

void MemoryStore::save(const Work& work) {
  Work& row = change(work.id).info.work;
  row = work;
  // What only a running scheduler knows.
  row.successor = 0;
  row.held = false;
}

void MemoryStore::start_run(const RunInfo& run) {
  undo_.emplace_back([this] { runs_.pop_back(); });
  runs_.push_back(run);
  runs_.back().unique_name = works_.at(run.work).info.request.unique_name;
}

void MemoryStore::end_run(const RunInfo& ended) {
  const auto run = std::find_if(runs_.rbegin(), runs_.rend(), [&](const RunInfo& one) {
    return one.work == ended.work && one.run == ended.run;
  });
  undo_.emplace_back([&one = *run, before = *run] { one = before; });
  run->finished_at = ended.finished_at;
  run->result = ended.result;
  run->max_rss_kb = ended.max_rss_kb;
  run->user_time = ended.user_time;
  run->system_time = ended.system_time;
  WorkInfo& info = change(ended.work).info;
  info.last_finished_at = ended.finished_at;
  info.last_result = ended.result;
}

std::optional<WorkId> MemoryStore::find(uid_t owner, const std::string& unique_name) {
  for (const auto& [id, row] : works_) {
    const WorkInfo& info = row.info;
    if (!row.superseded && info.owner == owner && info.request.unique_name == unique_name) {
      return id;
    }
  }
  return std::nullopt;
}

std::optional<WorkInfo> MemoryStore::info(WorkId id) {
  const auto row = works_.find(id);
  return row == works_.end() ? std::nullopt : std::optional(row->second.info);
}

std::vector<WorkInfo> MemoryStore::list(const WorkFilter& filter) {
  const auto wanted = [&](const Row& row) {
    const WorkState state = row.info.work.state;
    if (row.superseded && is_finished(state)) return false;
    if (!filter.states.empty()) return std::ranges::count(filter.states, state) > 0;
    return filter.finished || !is_finished(state);
  };
  std::vector<WorkInfo> works;
  for (const auto& [id, row] : works_) {
    const WorkRequest& request = row.info.request;
    const bool tagged = filter.tags.empty() || std::ranges::any_of(request.tags, [&](auto& tag) {
                          return std::ranges::count(filter.tags, tag) > 0;
                        });
    if (id <= filter.after || !tagged || !wanted(row)) continue;
    if (filter.owner && row.info.owner != *filter.owner) continue;
    if (!filter.task_name.empty() && request.task_name != filter.task_name) continue;
    if (std::cmp_less(works.size(), filter.limit)) works.push_back(row.info);
  }
  return works;
}

bool MemoryStore::belongs(const RunInfo& run, const RunFilter& filter) const {
  if (filter.owner && works_.at(run.work).info.owner != *filter.owner) return false;
  if (!filter.unique_name.empty() && run.unique_name != filter.unique_name) return false;
  if (filter.since && run.started_at < *filter.since) return false;
  return !filter.failed || (run.result && run.result->outcome != RunOutcome::succeeded);
}

RunPage MemoryStore::history(const RunFilter& filter) {
  RunPage page;
  const auto end = static_cast<std::int64_t>(runs_.size());
  std::int64_t key = filter.before == 0 ? end : filter.before - 1;
  for (; key > 0 && std::cmp_less(page.runs.size(), filter.limit); --key) {
    const RunInfo& run = runs_[static_cast<std::size_t>(key - 1)];
    if (!belongs(run, filter)) continue;
    page.runs.push_back(run);
    page.last = key;
  }
  if (std::cmp_less(page.runs.size(), filter.limit)) page.last = 0;
  return page;
}

std::optional<RunInfo> MemoryStore::run(uid_t owner, const std::string& unique_name, int number) {
  for (const RunInfo& run : history({.owner = owner, .unique_name = unique_name}).runs) {
    if (number == 0 || run.run == number) return run;
  }
  return std::nullopt;
}

std::vector<WorkId> MemoryStore::unfinished(std::optional<uid_t> owner, const std::string& tag) {
  WorkFilter filter{.owner = owner};
  if (!tag.empty()) filter.tags = {tag};
  std::vector<WorkId> ids;
  for (const WorkInfo& info : list(filter)) ids.push_back(info.work.id);
  return ids;
}

std::vector<Work> MemoryStore::load() {
  std::vector<Work> works;
  for (const auto& [id, row] : works_) {
    if (!is_finished(row.info.work.state)) works.push_back(row.info.work);
  }
  return works;
}

}  // namespace wm
