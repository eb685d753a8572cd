#include "daemon/turn/work_manager.h"

#include <algorithm>
#include <unordered_set>

#include <spdlog/spdlog.h>

#include "core/check.h"
#include "core/json_reader.h"
#include "core/merge.h"
#include "core/text.h"
#include "daemon/system/users.h"
#include "daemon/turn/tasks.h"

namespace wm {

namespace json = boost::json;

namespace {

// Undone unless it is committed, both on disk and in memory.
class Turn {
 public:
  Turn(Store& store, Scheduler& scheduler) : store_(store), scheduler_(scheduler) {
    store_.begin();
  }
  ~Turn() {
    if (committed_) return;
    store_.roll_back();
    scheduler_.roll_back();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  void commit() {
    store_.commit();
    scheduler_.accept();
    committed_ = true;
  }

 private:
  Store& store_;
  Scheduler& scheduler_;
  bool committed_ = false;
};

// Attributes errors in `body` to this change.
void on_behalf_of(std::size_t change, const std::function<void()>& body) {
  try {
    body();
  } catch (const Refusal& e) {
    throw ChangeFailed(change, e.error());
  } catch (const StoreError& e) {
    throw ChangeFailed(change,
                       {ErrorCode::failed, std::string("it could not be saved: ") + e.what()});
  } catch (const std::exception& e) {
    spdlog::error("a call is refused because wmd could not carry it out: {}", e.what());
    throw ChangeFailed(change,
                       {ErrorCode::failed, std::string("wmd could not carry it out: ") + e.what()});
  }
}

}  // namespace

WorkManager::WorkManager(Store& store, Runner& runner, const Settings& settings, Machine machine)
    : store_(store),
      runner_(runner),
      settings_(settings),
      machine_(std::move(machine)),
      scheduler_(rules()),
      registrar_(store, scheduler_, settings),
      retention_(store, runner, settings),
      condition_log_(store, settings) {
  runner_.on_finished([this](const FinishedRun& run) { finished_.push_back(run); });
  runner_.on_logged(
      [this](WorkId id, int run, std::int64_t bytes) { retention_.logged(id, run, bytes); });
  runner_.on_suspended([this](WorkId id, bool suspended) {
    if (const auto child = children_.find(id); child != children_.end()) {
      child->second.suspended = suspended;
      suspended_.emplace_back(id, suspended);
    }
  });
}

SchedulingRules WorkManager::rules() const {
  const RunSettings& run = settings_.run;
  SchedulingRules rules;
  rules.max_parallel = run.max_parallel > 0 ? run.max_parallel : std::max(machine_.processors, 4);
  rules.max_parallel_total =
      run.max_parallel_total > 0 ? run.max_parallel_total : 4 * rules.max_parallel;
  rules.groups = settings_.groups;
  rules.settle = run.settle;
  rules.time_limit = run.time_limit;
  rules.expedited_budget = settings_.expedited_budget;
  rules.max_attempts = settings_.retry.max_attempts;
  rules.zone = machine_.zone;
  rules.jitter = {settings_.retry.jitter, machine_.id};
  return rules;
}

void WorkManager::set_zone(const date::time_zone* zone) {
  machine_.zone = zone;
  zone_changed_ = true;
  settings_changed();
}

void WorkManager::set_clock_offset(ClockOffset offset) {
  if (offset == scheduler_.clock_offset()) return;
  clock_was_set_ = true;
  scheduler_.set_clock_offset(offset);
}

void WorkManager::settings_changed() {
  scheduler_.set_rules(rules());
  retention_.settings_changed();
}

void WorkManager::set_conditions(const Conditions& conditions, TimePoint now) {
  Conditions judged = conditions;
  judged.unknown = settings_.unknown;
  scheduler_.set_conditions(judged, now);
}

void WorkManager::recover(TimePoint now, const std::optional<json::array>& children) {
  if (!children) runner_.end_leftovers();
  scheduler_.restore_pauses(store_.load_pauses());
  for (const ExpeditedRun& run : store_.expedited_runs(now - kQuotaWindow)) {
    scheduler_.restore_expedited_run(run.owner, std::min(run.ended, now), run.length);
  }
  for (LedgerEntry& entry : store_.load_ledger()) {
    entry.conditions.unknown = settings_.unknown;
    scheduler_.restore_ledger(entry);
  }
  const TimePoint last_change = restore(now, children);
  if (children) {
    condition_log_.go_on(now);
  } else {
    condition_log_.begin(last_change, now);
  }
  scheduler_.clock_was_set(now);  // It may have been set while nobody looked.
  scheduler_.zone_changed(now);   // The zone may have changed, too.
  Turn turn(store_, scheduler_);
  for (const FinishedRun& run : finished_) record_end(run, now);
  save_decisions(scheduler_.decisions(), now);
  if (!machine_.boot.empty()) store_.save_boot(machine_.boot);
  condition_log_.save(true, now);
  turn.commit();
  condition_log_.committed();
  retention_.recovered();
  finished_.clear();
}

// Returns the last sign of the daemon before this one.
TimePoint WorkManager::restore(TimePoint now, const std::optional<json::array>& children) {
  std::unordered_map<WorkId, HandedChild> handed;
  std::unordered_set<WorkId> held;
  for (const json::value& child : children.value_or(json::array())) {
    HandedChild one = handed_child_from_json(child.as_object());
    children_[one.work] = std::move(one.child);
    if (one.successor != 0) held.insert(one.successor);
    handed.emplace(one.work, std::move(one));
  }
  TimePoint last_change{};
  const bool same_boot = !machine_.boot.empty() && store_.load_boot() == machine_.boot;
  for (StoredWork& stored : store_.load()) {
    Work& work = stored.work;
    last_change = std::max(last_change, work.since);
    work.held = held.contains(work.id);
    if (!same_boot) work.began = work.since.time_since_epoch() - scheduler_.clock_offset();
    std::optional<Duration> heard;
    if (const auto child = handed.find(work.id); child != handed.end()) {
      heard = child->second.heard;
      work.rare = SharedRareFacts(RareFacts{.successor = child->second.successor});
      work.run_policy = SharedPolicy(child->second.policy);
    }
    scheduler_.restore(work, stored.prerequisites, heard);
    if (work.state != WorkState::running || handed.contains(work.id)) continue;
    finished_.push_back({.work = work.id, .end = {ChildEnd::How::lost, 0, ""}});
  }
  last_change = std::min(last_change, now);
  if (!children) scheduler_.daemon_was_lost(last_change);
  return last_change;
}

json::array WorkManager::hand_over() const {
  json::array children;
  for (const WorkId id : scheduler_.agenda().running()) {
    const Work& work = *scheduler_.find(id);
    children.push_back(to_json(HandedChild{id, children_.at(id), work.rare.get().successor,
                                           work.run_policy, scheduler_.agenda().heard_at(work)}));
  }
  return children;
}

Result<> WorkManager::forget_state(uid_t owner, const std::string& unique_name) {
  const std::string name = "'" + printable(unique_name) + "'";
  const auto state = store_.find_state(owner, unique_name);
  if (!state) {
    return fail(
        ErrorCode::not_found,
        name +
            " has no state directory: no run of that name has started, or it was removed already");
  }
  for (const WorkId id : store_.record_of(owner, unique_name).unfinished) {
    const Work* work = scheduler_.find(id);
    if (!work || work->state != WorkState::running) continue;
    return fail(ErrorCode::refused,
                "a run of " + name +
                    " is in progress and uses its state directory: wait for its "
                    "end, or cancel it");
  }
  retention_.forget_state(*state);
  return {};
}

TurnReport WorkManager::decide(TimePoint now, std::span<const Change> changes) {
  take_what_was_heard(now);
  try {
    return decide_and_commit(now, changes);
  } catch (const StoreError&) {
    if (changes.empty()) stop_unrecorded(now);
    throw;
  }
}

void WorkManager::stop_unrecorded(TimePoint now) {
  scheduler_.plan(now);
  const std::vector<Stop> stops = scheduler_.decisions().stopped;
  scheduler_.roll_back();
  for (const Stop& stop : stops) {
    const bool has_ended = std::ranges::count(finished_, stop.id, &FinishedRun::work) > 0;
    if (!has_ended && stopped_unrecorded_.emplace(stop.id, stop.reason).second) {
      runner_.stop(stop.id, stop.reason);
    }
  }
}

TurnReport WorkManager::decide_and_commit(TimePoint now, std::span<const Change> changes) {
  TurnReport report;
  const Pauses paused = scheduler_.pauses();
  Turn turn(store_, scheduler_);
  registrar_.begin_turn();
  retention_.begin_turn();
  if (clock_was_set_) scheduler_.clock_was_set(now);
  if (zone_changed_) scheduler_.zone_changed(now);
  for (const auto& [id, why] : stopped_unrecorded_) scheduler_.was_stopped(id, why);
  for (const FinishedRun& run : finished_) {
    report.ended.push_back(record_end(run, now));
  }
  for (const WorkId id : changed_paths_) scheduler_.paths_changed(id, now);
  for (std::size_t i = 0; i < changes.size(); ++i) on_behalf_of(i, changes[i].decide);
  before_plan_();
  scheduler_.plan(now);
  number_appended_runs();
  Decisions decisions = scheduler_.decisions();
  save_decisions(decisions, now);
  save_conditions(!decisions.changed.empty() || !decisions.noted.empty(), now);
  retention_.end_turn(decisions, !changes.empty(), now);
  for (std::size_t i = 0; i < changes.size(); ++i) on_behalf_of(i, changes[i].compose);
  turn.commit();

  retention_.committed();
  condition_log_.committed();
  clock_was_set_ = zone_changed_ = false;
  changed_paths_.clear();
  for (const FinishedRun& run : finished_) children_.erase(run.work);
  finished_.clear();
  stopped_unrecorded_.clear();
  to_start_.insert(to_start_.end(), decisions.started.begin(), decisions.started.end());
  to_stop_.insert(to_stop_.end(), decisions.stopped.begin(), decisions.stopped.end());
  report.pauses = pause_changes(paused, scheduler_.pauses());
  report.suspended = std::exchange(suspended_, {});
  report.statuses = status_changes(decisions, report.ended);
  report.started = std::move(decisions.started);
  report.changed = std::move(decisions.changed);
  return report;
}

void WorkManager::take_what_was_heard(TimePoint now) {
  const Duration present = scheduler_.agenda().since_boot(now);
  for (const WorkId id : std::exchange(heard_, {})) scheduler_.hear(id, present);
  for (const auto& [id, since_boot] : std::exchange(kept_alive_, {})) {
    scheduler_.keep_alive(id, std::min(since_boot, present));
  }
}

void WorkManager::act() {
  for (const Start& one : std::exchange(to_start_, {})) start(one.id);
  for (const Stop& stop : std::exchange(to_stop_, {})) runner_.stop(stop.id, stop.reason);
  runner_.tidy();
  // Without a processor of its own, preparing it would only take time from those that run.
  const std::size_t running = scheduler_.running_count();
  runner_.expect(scheduler_.unfinished_count() > running &&
                 std::cmp_less(running, machine_.processors));
  retention_.act();
}

void WorkManager::save_conditions(bool joins, TimePoint now) {
  if (shutting_down_) condition_log_.end(now);
  condition_log_.save(joins, now);
  if (condition_log_.has_saved()) retention_.keeps_changes(now);
}

std::optional<TimePoint> WorkManager::next_wakeup() const {
  return earliest(scheduler_.next_wakeup(),
                  earliest(retention_.next_expiry(), condition_log_.next_wakeup()));
}

Result<WorkId> WorkManager::find_run(const std::string& uuid, uid_t speaker) const {
  for (const auto& [id, child] : children_) {
    if (child.uuid != uuid) continue;
    if (speaker == 0 || speaker == child.user) return id;
    return fail(ErrorCode::not_permitted, "that run is another user's");
  }
  return fail(ErrorCode::refused, "no run of the job '" + printable(uuid) + "' is in progress");
}

bool WorkManager::is_suspended(WorkId id) const {
  const auto child = children_.find(id);
  return child != children_.end() && child->second.suspended;
}

const RunProgress* WorkManager::progress_of(WorkId id) const {
  const auto child = children_.find(id);
  if (child == children_.end()) return nullptr;
  const auto& progress = child->second.progress;
  return progress ? &*progress : nullptr;
}

// Runs are numbered by unique name. An appended job goes on with the numbers of the job before it,
// which were unknown until that had ended.
void WorkManager::number_appended_runs() {
  for (const Start& started : scheduler_.started()) {
    const std::vector<ChainLink> links = store_.prerequisites(started.id);
    if (links.empty()) continue;
    const WorkInfo info = store_.recorded(started.id);
    for (const ChainLink& link : links) {
      const std::int32_t before = store_.recorded(link.id).work.runs;
      const Work* work = scheduler_.find(started.id);
      if (link.unique_name == info.request.unique_name && work && work->runs <= before) {
        scheduler_.number_run(started.id, before);
      }
    }
  }
}

void WorkManager::save_decisions(const Decisions& decisions, TimePoint now) {
  std::vector<WorkId> ended;
  std::vector<WorkId> cancelled;
  auto only_cancelled = decisions.cancelled.begin();
  for (const Work& work : decisions.changed) {
    const bool is_only_cancelled =
        only_cancelled != decisions.cancelled.end() && *only_cancelled == work.id;
    if (is_only_cancelled) ++only_cancelled;
    if (registrar_.has_stored(work)) continue;
    if (is_finished(work.state)) ended.push_back(work.id);
    if (is_only_cancelled && work.since == now && work.stopping == StopReason::cancelled) {
      cancelled.push_back(work.id);
    } else {
      store_.save(work, settings_.history.keep);
    }
  }
  store_.save_cancelled(cancelled, now, StopReason::cancelled, settings_.history.keep);
  store_.release_states(ended, settings_.history.keep_state);
  for (const Start& started : decisions.started) {
    const Work& work = *scheduler_.find(started.id);
    RunInfo run;
    run.work = work.id;
    run.run = work.runs;
    run.attempt = work.attempts;
    run.started_at = now;
    run.waited = started.waited;
    run.relaxed = started.relaxed;
    run.missed_periods = started.missed_periods;
    run.expedited = work.expedited;
    store_.start_run(run);
    store_.use_state(work.id);
  }
  if (decisions.pauses) store_.save_pauses(*decisions.pauses);
  for (const LedgerEntry& entry : decisions.noted) store_.save_ledger(entry);
}

}  // namespace wm
