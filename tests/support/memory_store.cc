#include "tests/support/memory_store.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "daemon/store/stored_form.h"

namespace wm {
namespace {

template <class T, class Time>
Newest<T> newest(std::vector<T> list, int limit, Time time) {
  Newest<T> found{std::move(list), std::nullopt};
  if (std::cmp_less(found.list.size(), limit)) return found;
  found.list.resize(static_cast<std::size_t>(limit));
  found.cut_at = time(found.list.back());
  return found;
}

}  // namespace

void MemoryStore::begin() { undo_.clear(); }

void MemoryStore::commit() {
  if (full) throw StoreError("the disk is full");
}

void MemoryStore::roll_back() noexcept {
  for (; !undo_.empty(); undo_.pop_back()) undo_.back()();
}

MemoryStore::Row& MemoryStore::change(WorkId id) {
  Row& row = works_.at(id);
  undo_.emplace_back([this, id, before = row] { works_.at(id) = before; });
  return row;
}

void MemoryStore::supersede(WorkId holder) { change(holder).superseded = true; }

WorkId MemoryStore::insert(const NewWork& fresh, const std::vector<WorkId>& prerequisites) {
  WorkInfo info;
  info.uuid = fresh.uuid;
  info.request = fresh.request;
  info.work = fresh.work;
  info.registered_at = fresh.registered_at;
  info.applied = fresh.applied;
  const std::pair name(info.work.owner, info.request.unique_name);
  const auto holder = find(name.first, name.second);
  const WorkId id = ++last_id_;
  undo_.emplace_back([this, id, name, holder] {
    for (const WorkId prerequisite : works_.at(id).prerequisites) {
      dependents_[prerequisite].pop_back();
    }
    works_.erase(id);
    names_.erase(name);
    if (holder) names_[name] = *holder;
    --last_id_;
  });
  Row& row = works_[id] = {info, prerequisites, false, {}};
  row.info.work.id = id;
  names_[name] = id;
  for (const WorkId prerequisite : prerequisites) dependents_[prerequisite].push_back(id);
  return id;
}

void MemoryStore::save(const Work& work, Duration keep) {
  Row& row = works_.at(work.id);
  undo_.emplace_back(
      [this, before = row.info.work, progress = row.info.progress, expires = row.expires] {
        Row& undone = works_.at(before.id);
        undone.info.work = before;
        undone.info.progress = progress;
        undone.expires = expires;
      });
  row.info.work = work;
  if (work.state != WorkState::enqueued) row.info.progress.reset();
  row.expires.reset();
  if (is_finished(work.state))
    row.expires = work.since + row.info.request.keep_results.value_or(keep);
  // Only a running scheduler knows this.
  row.info.work.rare = SharedRareFacts(RareFacts{.earlier = work.rare.get().earlier});
  row.info.work.held = false;
  row.info.work.run_policy = work.policy;
}

void MemoryStore::save_cancelled(const std::vector<WorkId>& ids, TimePoint since, StopReason why,
                                 Duration keep) {
  for (const WorkId id : ids) {
    Work work = works_.at(id).info.work;
    work.state = WorkState::cancelled;
    work.since = since;
    work.stopping = why;
    save(work, keep);
  }
}

void MemoryStore::update(WorkId id, const WorkRequest& request, bool applied) {
  WorkInfo& info = change(id).info;
  info.request = request;
  info.applied = applied;
  info.progress.reset();
}

void MemoryStore::save_progress(WorkId id, const RunProgress& progress) {
  change(id).info.progress = progress;
}

void MemoryStore::save_output(WorkId id, const std::string& output) {
  change(id).info.output = output;
}

void MemoryStore::save_boot(const std::string& boot) {
  undo_.emplace_back([this, before = boot_] { boot_ = before; });
  boot_ = boot;
}

void MemoryStore::save_pauses(const Pauses& pauses) {
  undo_.emplace_back([this, before = pauses_] { pauses_ = before; });
  pauses_ = pauses;
}

void MemoryStore::save_ledger(const LedgerEntry& entry) {
  undo_.emplace_back([this] { ledger_.pop_back(); });
  ledger_.push_back(entry);
  ledger_.back().conditions.unknown = {};
  if (ledger_.size() <= kLedgerEntries) return;
  undo_.emplace_back([this, oldest = ledger_.front()] { ledger_.push_front(oldest); });
  ledger_.pop_front();
}

void MemoryStore::save_condition_changes(std::span<const ConditionChange> changes) {
  undo_.emplace_back([this, before = changes_] { changes_ = before; });
  for (const ConditionChange& one : changes) changes_.push_back({one, ++last_change_});
  std::erase_if(changes_, [&](const KeptChange& one) {
    return one.id <= last_change_ - kMostConditionChanges;
  });
  std::ranges::stable_sort(changes_, {}, [](const KeptChange& one) { return one.change.at; });
}

void MemoryStore::forget_condition_changes(TimePoint before, int limit) {
  undo_.emplace_back([this, kept = changes_] { changes_ = kept; });
  while (limit-- > 0 && !changes_.empty() && changes_.front().change.at < before) {
    changes_.erase(changes_.begin());
  }
}

std::optional<TimePoint> MemoryStore::oldest_condition_change() {
  return changes_.empty() ? std::nullopt : std::optional(changes_.front().change.at);
}

std::vector<KeptChange> MemoryStore::condition_changes(TimePoint since,
                                                       const std::optional<KeptChange>& last,
                                                       int limit) {
  std::vector<KeptChange> page;
  for (const KeptChange& one : changes_) {
    const bool later = last
                           ? std::pair(one.change.at, one.id) > std::pair(last->change.at, last->id)
                           : one.change.at >= since;
    if (later && std::cmp_less(page.size(), limit)) page.push_back(one);
  }
  return page;
}

std::vector<ConditionChange> MemoryStore::condition_changes_before(TimePoint time) {
  std::map<std::optional<ConditionId>, ConditionChange> last;
  for (const auto& [change, id] : changes_) {
    if (change.at < time) last[change.condition] = change;
  }
  std::vector<ConditionChange> changes;
  for (const auto& [condition, change] : last) changes.push_back(change);
  return changes;
}

std::vector<KeptChange> MemoryStore::condition_changes_around(
    const std::optional<ConditionId>& condition, TimePoint time, int limit) {
  std::deque<KeptChange> before;
  std::vector<KeptChange> after;
  for (const KeptChange& one : changes_) {
    if (one.change.condition != condition) continue;
    if (one.change.at <= time) {
      before.push_back(one);
    } else if (std::cmp_less(after.size(), limit)) {
      after.push_back(one);
    }
    if (std::cmp_greater(before.size(), limit)) before.pop_front();
  }
  std::vector<KeptChange> changes(before.begin(), before.end());
  changes.insert(changes.end(), after.begin(), after.end());
  return changes;
}

std::vector<ForgottenRun> MemoryStore::forget_runs(WorkId id, int last, int most) {
  const WorkInfo& info = works_.at(id).info;
  undo_.emplace_back([this, before = runs_] { runs_ = before; });
  std::vector<ForgottenRun> forgotten;
  std::erase_if(runs_, [&](const RunInfo& run) {
    const WorkInfo& other = works_.at(run.work).info;
    const bool old = run.run <= last - most && run.finished_at &&
                     other.work.owner == info.work.owner &&
                     other.request.unique_name == info.request.unique_name;
    if (old) forgotten.push_back({run.work, run.run});
    return old;
  });
  return forgotten;
}

bool MemoryStore::is_unused(WorkId id) const {
  if (!is_finished(works_.at(id).info.work.state)) return false;
  const auto dependents = dependents_.find(id);
  if (dependents == dependents_.end()) return true;
  return std::ranges::all_of(dependents->second, [&](WorkId one) {
    const auto row = works_.find(one);
    return row == works_.end() || is_finished(row->second.info.work.state);
  });
}

Pruned MemoryStore::prune(std::optional<uid_t> owner, WorkId after, int most,
                          const std::set<WorkId>& spared, Duration keep_state) {
  std::optional<WorkId> reached;
  std::vector<WorkId> ids;
  int looked_at = 0;
  for (auto row = works_.upper_bound(after); row != works_.end() && !reached; ++row) {
    const WorkId id = row->first;
    const bool theirs = !owner || row->second.info.work.owner == *owner;
    if (theirs && is_unused(id) && !spared.contains(id)) ids.push_back(id);
    if (++looked_at == most) reached = id;
  }
  Pruned pruned = forget_works(ids, keep_state);
  pruned.reached = reached;
  return pruned;
}

Pruned MemoryStore::expire(TimePoint now, int limit, const std::set<WorkId>& spared,
                           Duration keep_state) {
  std::vector<WorkId> ids;
  for (auto& [id, row] : works_) {
    if (!row.expires || *row.expires > now) continue;
    if (!is_unused(id)) {
      change(id).expires = now + 1h;
    } else if (!spared.contains(id) && std::cmp_less(ids.size(), limit)) {
      ids.push_back(id);
    }
  }
  return forget_works(ids, keep_state);
}

Pruned MemoryStore::forget_works(const std::vector<WorkId>& ids, Duration keep_state) {
  Pruned pruned;
  for (const WorkId id : ids) release(id, keep_state);
  undo_.emplace_back([this, works = works_, runs = runs_, names = names_] {
    works_ = works;
    runs_ = runs;
    names_ = names;
  });
  for (const WorkId id : ids) {
    std::erase_if(runs_, [&](const RunInfo& run) {
      if (run.work == id) pruned.runs.push_back({run.work, run.run});
      return run.work == id;
    });
    pruned.works.push_back(id);
    std::erase_if(names_, [&](const auto& name) { return name.second == id; });
    works_.erase(id);
  }
  return pruned;
}

MemoryStore::Name MemoryStore::name_of(WorkId id) const {
  const WorkInfo& info = works_.at(id).info;
  return {info.work.owner, info.request.unique_name};
}

void MemoryStore::change_state(const Name& name, std::optional<KeptState> state) {
  const auto found = states_.find(name);
  const auto before = found == states_.end() ? std::nullopt : std::optional(found->second);
  const auto set = [this, name](const std::optional<KeptState>& value) {
    if (value) {
      states_[name] = *value;
    } else {
      states_.erase(name);
    }
  };
  undo_.emplace_back([set, before] { set(before); });
  set(state);
}

void MemoryStore::use_state(WorkId id) {
  const auto found = states_.find(name_of(id));
  const StateId state = found == states_.end() ? ++last_state_ : found->second.id;
  change_state(name_of(id), KeptState{state, {}});
}

void MemoryStore::release_states(const std::vector<WorkId>& ended, Duration keep) {
  for (const WorkId id : ended) {
    const Row& row = works_.at(id);
    if (row.expires && *row.expires > row.info.work.since + keep) release(id, keep);
  }
}

// A directory never goes earlier than was said once.
void MemoryStore::release(WorkId id, Duration keep) {
  const auto found = states_.find(name_of(id));
  if (found == states_.end()) return;
  KeptState state = found->second;
  const WorkInfo& info = works_.at(id).info;
  if (info.last_finished_at) {
    state.expires = std::max(state.expires.value_or(TimePoint{}), *info.last_finished_at + keep);
  } else if (!state.expires) {
    state.expires = info.work.since + keep;
  }
  change_state(name_of(id), state);
}

void MemoryStore::forget_state(StateId id) {
  const auto found =
      std::ranges::find_if(states_, [&](const auto& entry) { return entry.second.id == id; });
  if (found != states_.end()) change_state(Name(found->first), std::nullopt);
}

std::vector<StateId> MemoryStore::expire_states(TimePoint now, int limit, Duration keep) {
  std::vector<Name> due;
  for (const auto& [name, state] : states_) {
    if (state.expires && *state.expires <= now) due.push_back(name);
  }
  std::vector<StateId> expired;
  for (const Name& name : due) {
    TimePoint last = *states_.at(name).expires;
    for (const auto& [id, row] : works_) {
      if (row.info.last_finished_at && name_of(id) == name) {
        last = std::max(last, *row.info.last_finished_at + keep);
      }
    }
    if (!record_of(name.first, name.second).unfinished.empty()) {
      change_state(name, KeptState{states_.at(name).id, {}});
    } else if (last > now) {
      change_state(name, KeptState{states_.at(name).id, last});
    } else if (std::cmp_less(expired.size(), limit)) {
      expired.push_back(states_.at(name).id);
      change_state(name, std::nullopt);
    }
  }
  return expired;
}

std::optional<StateId> MemoryStore::find_state(uid_t owner, const std::string& unique_name) {
  const auto found = states_.find({owner, unique_name});
  return found == states_.end() ? std::nullopt : std::optional(found->second.id);
}

bool MemoryStore::has_state(StateId id) {
  return std::ranges::any_of(states_, [&](const auto& entry) { return entry.second.id == id; });
}

std::vector<RemovedLog> MemoryStore::remove_logs(uid_t owner, std::int64_t bytes, int limit) {
  undo_.emplace_back([this, before = runs_] { runs_ = before; });
  std::vector<RemovedLog> removed;
  for (RunInfo& run : runs_) {
    if (bytes <= 0 || std::cmp_equal(removed.size(), limit)) break;
    if (run.owner != owner || run.log_bytes == 0) continue;
    bytes -= run.log_bytes;
    removed.push_back({{run.work, run.run}, std::exchange(run.log_bytes, 0)});
    run.log_removed = true;
  }
  return removed;
}

OwnerUse MemoryStore::use_of(uid_t owner) {
  OwnerUse use{owner};
  for (const auto& [id, row] : works_) {
    if (row.info.work.owner != owner) continue;
    const std::string request = stored_rest(row.info.request);
    use.work_bytes += static_cast<std::int64_t>(request.size() + row.info.output.size());
  }
  for (const RunInfo& run : runs_) {
    if (run.owner == owner) use.log_bytes += run.log_bytes;
  }
  return use;
}

std::vector<OwnerUse> MemoryStore::uses() {
  std::set<uid_t> owners;
  for (const auto& [id, row] : works_) owners.insert(row.info.work.owner);
  std::vector<OwnerUse> uses;
  for (const uid_t owner : owners) uses.push_back(use_of(owner));
  return uses;
}

std::optional<TimePoint> MemoryStore::next_expiry() {
  std::optional<TimePoint> next;
  for (const auto& [name, state] : states_) {
    if (state.expires && (!next || *state.expires < *next)) next = state.expires;
  }
  for (const auto& [id, row] : works_) {
    if (row.expires && (!next || *row.expires < *next)) next = row.expires;
  }
  return next;
}

void MemoryStore::save_paths_seen(WorkId id, std::int64_t fingerprint) {
  change(id).paths_seen = fingerprint;
}

std::optional<std::int64_t> MemoryStore::load_paths_seen(WorkId id) {
  return works_.at(id).paths_seen;
}

void MemoryStore::start_run(const RunInfo& run) {
  undo_.emplace_back([this] { runs_.pop_back(); });
  const WorkInfo& info = works_.at(run.work).info;
  runs_.push_back(run);
  runs_.back().unique_name = info.request.unique_name;
  runs_.back().owner = info.work.owner;
  runs_.back().uuid = info.uuid;
}

void MemoryStore::end_run(const RunInfo& ended) {
  const auto run = std::find_if(runs_.rbegin(), runs_.rend(), [&](const RunInfo& one) {
    return one.work == ended.work && one.run == ended.run;
  });
  const auto place = static_cast<std::size_t>(run.base() - runs_.begin()) - 1;
  undo_.emplace_back([this, place, before = *run] { runs_[place] = before; });
  run->finished_at = ended.finished_at;
  run->length = ended.length;
  run->result = ended.result;
  run->max_rss_kb = ended.max_rss_kb;
  run->user_time = ended.user_time;
  run->system_time = ended.system_time;
  run->read_kb = ended.read_kb;
  run->written_kb = ended.written_kb;
  WorkInfo& info = change(ended.work).info;
  info.last_finished_at = ended.finished_at;
  info.last_result = ended.result;
}

void MemoryStore::save_log_size(WorkId id, int run, std::int64_t bytes) {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i].work != id || runs_[i].run != run) continue;
    undo_.emplace_back([this, i, before = runs_[i].log_bytes] { runs_[i].log_bytes = before; });
    runs_[i].log_bytes = bytes;
  }
}

std::optional<WorkId> MemoryStore::find(uid_t owner, const std::string& unique_name) {
  const auto holder = names_.find({owner, unique_name});
  return holder == names_.end() ? std::nullopt : std::optional(holder->second);
}

std::vector<std::string> MemoryStore::names(uid_t owner, int most) {
  std::vector<std::string> names;
  for (auto row = works_.rbegin(); row != works_.rend() && std::cmp_less(names.size(), most);
       ++row) {
    const WorkInfo& info = row->second.info;
    if (info.work.owner == owner) names.push_back(info.request.unique_name);
  }
  return names;
}

std::optional<uid_t> MemoryStore::owner_of(const std::string& unique_name) {
  for (const auto& [id, row] : works_) {
    if (row.info.request.unique_name == unique_name) return row.info.work.owner;
  }
  return std::nullopt;
}

std::vector<WorkInfo> MemoryStore::infos(std::span<const WorkId> ids) {
  std::vector<WorkInfo> list;
  for (const WorkId id : ids) {
    if (auto one = info(id)) list.push_back(*std::move(one));
  }
  return list;
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
    if (id <= filter.after || id > filter.up_to.value_or(id) || !tagged || !wanted(row)) continue;
    if (filter.owner && row.info.work.owner != *filter.owner) continue;
    if (!filter.task_name.empty() && request.task_name != filter.task_name) continue;
    if (std::cmp_less(works.size(), filter.limit)) works.push_back(row.info);
  }
  return works;
}

std::optional<WorkId> MemoryStore::reach(const WorkFilter& filter, int most) {
  if (filter.states.empty() && filter.tags.empty() && filter.task_name.empty() &&
      !filter.finished) {
    return std::nullopt;
  }
  auto work = works_.upper_bound(filter.after);
  for (int i = 1; i < most && work != works_.end(); ++i) ++work;
  return work == works_.end() ? std::nullopt : std::optional(work->first);
}

bool MemoryStore::belongs(const RunInfo& run, const RunFilter& filter) const {
  if (filter.owner && works_.at(run.work).info.work.owner != *filter.owner) return false;
  if (!filter.unique_name.empty() && run.unique_name != filter.unique_name) return false;
  if (filter.since && run.started_at < *filter.since) return false;
  if (filter.until && run.started_at > *filter.until) return false;
  return !filter.failed || (run.result && is_failure(run.result->outcome));
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

std::optional<RunInfo> MemoryStore::next_run(uid_t owner, const std::string& unique_name,
                                             int number) {
  std::optional<RunInfo> next;
  for (const RunInfo& run : runs_) {
    if (!belongs(run, {.owner = owner, .unique_name = unique_name}) || run.run <= number) continue;
    if (!next || run.run < next->run) next = run;
  }
  return next;
}

Newest<RunInfo> MemoryStore::runs_ended(const RecordFilter& filter) {
  std::vector<RunInfo> list;
  for (const RunInfo& run : runs_) {
    if (run.finished_at && *run.finished_at >= filter.since && belongs(run, {})) {
      list.push_back(run);
    }
  }
  std::ranges::reverse(list);
  std::ranges::stable_sort(list, std::greater(), &RunInfo::finished_at);
  auto found = newest(std::move(list), filter.limit,
                      [](const RunInfo& run) { return run.finished_at.value_or(TimePoint{}); });
  std::erase_if(found.list,
                [&](const RunInfo& run) { return !filter.covers(run.owner, run.unique_name); });
  return found;
}

Newest<WorkMark> MemoryStore::marks(const RecordFilter& filter, bool finished) const {
  std::vector<WorkMark> list;
  for (const auto& [id, row] : works_) {
    const Work& work = row.info.work;
    const std::string& name = row.info.request.unique_name;
    const TimePoint time = finished ? work.since : row.info.registered_at;
    if (time < filter.since || (finished && !is_finished(work.state))) continue;
    list.push_back({id, work.owner, name, row.info.registered_at, work.since, work.state});
  }
  std::ranges::reverse(list);
  if (finished) std::ranges::stable_sort(list, std::greater(), &WorkMark::since);
  auto found = newest(std::move(list), filter.limit, [&](const WorkMark& work) {
    return finished ? work.since : work.registered_at;
  });
  std::erase_if(found.list,
                [&](const WorkMark& work) { return !filter.covers(work.owner, work.unique_name); });
  return found;
}

Newest<WorkMark> MemoryStore::works_registered(const RecordFilter& filter) {
  return marks(filter, false);
}

Newest<WorkMark> MemoryStore::works_finished(const RecordFilter& filter) {
  return marks(filter, true);
}

RunTotals MemoryStore::totals(WorkId id) {
  RunTotals totals;
  for (const RunInfo& run : runs_) {
    if (run.work != id || !run.finished_at) continue;
    ++totals.runs;
    totals.user_time += run.user_time;
    totals.system_time += run.system_time;
    totals.max_rss_kb = std::max(totals.max_rss_kb, run.max_rss_kb);
    totals.read_kb += run.read_kb;
    totals.written_kb += run.written_kb;
  }
  return totals;
}

std::optional<Duration> MemoryStore::usual_length(uid_t owner, const std::string& unique_name) {
  Duration length{};
  int runs = 0;
  for (const RunInfo& run : history({.owner = owner, .unique_name = unique_name}).runs) {
    if (!run.result || run.result->outcome != RunOutcome::succeeded || runs == kUsualRuns) continue;
    length += run.length;
    ++runs;
  }
  return runs == 0 ? std::nullopt : std::optional(length / runs);
}

std::vector<WorkId> MemoryStore::unfinished(std::optional<uid_t> owner, const std::string& tag) {
  WorkFilter filter{.owner = owner, .limit = std::numeric_limits<int>::max()};
  if (!tag.empty()) filter.tags = {tag};
  std::vector<WorkId> ids;
  for (const WorkInfo& info : list(filter)) ids.push_back(info.work.id);
  return ids;
}

NameRecord MemoryStore::record_of(uid_t owner, const std::string& unique_name) {
  NameRecord record{find(owner, unique_name), {}};
  for (const auto& [id, row] : works_) {
    if (is_finished(row.info.work.state) || name_of(id) != Name(owner, unique_name)) continue;
    record.unfinished.push_back(id);
  }
  return record;
}

std::vector<WorkId> MemoryStore::applied(uid_t owner) {
  std::vector<WorkId> ids;
  for (const auto& [id, row] : works_) {
    if (row.info.applied && !row.superseded && row.info.work.owner == owner) ids.push_back(id);
  }
  return ids;
}

ChainLink MemoryStore::link_to(WorkId id) const {
  const WorkInfo& info = works_.at(id).info;
  return {id, info.request.unique_name, info.work.state, info.work.since};
}

std::vector<ChainLink> MemoryStore::prerequisites(WorkId id) {
  std::vector<ChainLink> links;
  for (const WorkId one : works_.at(id).prerequisites) {
    if (works_.contains(one)) links.push_back(link_to(one));
  }
  return links;
}

std::vector<ChainLink> MemoryStore::dependents(WorkId id, int limit) {
  std::vector<ChainLink> links;
  for (const WorkId one : dependents_[id]) {
    if (works_.contains(one) && std::cmp_less(links.size(), limit)) links.push_back(link_to(one));
  }
  return links;
}

std::vector<std::string> MemoryStore::outputs_of_prerequisites(WorkId id) {
  std::vector<std::string> outputs;
  for (const WorkId one : works_.at(id).prerequisites) {
    const auto row = works_.find(one);
    if (row != works_.end() && !row->second.info.output.empty()) {
      outputs.push_back(row->second.info.output);
    }
  }
  return outputs;
}

bool MemoryStore::has_run(WorkId work, int number) {
  return std::ranges::any_of(
      runs_, [&](const RunInfo& run) { return run.work == work && run.run == number; });
}

std::vector<StoredWork> MemoryStore::load() {
  std::vector<StoredWork> works;
  for (const auto& [id, row] : works_) {
    if (is_finished(row.info.work.state)) continue;
    StoredWork& stored = works.emplace_back(StoredWork{row.info.work, {}});
    stored.work.policy = stored.work.run_policy =
        SharedPolicy(static_cast<const Policy&>(row.info.request));
    for (const WorkId one : row.prerequisites) {
      const auto prerequisite = works_.find(one);
      if (prerequisite != works_.end() && !is_finished(prerequisite->second.info.work.state)) {
        stored.prerequisites.push_back(one);
      }
    }
  }
  return works;
}

Pauses MemoryStore::load_pauses() { return pauses_; }

std::vector<LedgerEntry> MemoryStore::load_ledger() { return {ledger_.begin(), ledger_.end()}; }

std::vector<ExpeditedRun> MemoryStore::expedited_runs(TimePoint since) {
  std::vector<ExpeditedRun> list;
  for (const RunInfo& run : runs_) {
    if (!run.expedited || !run.finished_at || *run.finished_at <= since) continue;
    list.push_back({works_.at(run.work).info.work.owner, *run.finished_at, run.length});
  }
  std::ranges::sort(list, {}, &ExpeditedRun::ended);
  return list;
}

}  // namespace wm
