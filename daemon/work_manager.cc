#include "daemon/work_manager.h"

#include "core/schedule.h"
#include "daemon/tasks.h"

namespace wm {
namespace {

// Undone unless it is committed, on disk and in memory alike.
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

}  // namespace

WorkManager::WorkManager(Store& store, Runner& runner, const Settings& settings, int processors)
    : store_(store), runner_(runner), settings_(settings), scheduler_(processors) {
  settings_changed(processors);
  runner_.on_finished([this](const FinishedRun& run) { finished_.push_back(run); });
}

void WorkManager::settings_changed(int processors) {
  scheduler_.set_max_parallel(settings_.run.max_parallel > 0 ? settings_.run.max_parallel
                                                             : processors);
}

void WorkManager::recover(TimePoint now) {
  runner_.end_leftovers();
  for (const Work& work : store_.load()) {
    scheduler_.restore(work);
    if (work.state != WorkState::running) continue;
    finished_.push_back({.work = work.id, .end = {ChildEnd::How::lost, 0, ""}});
  }
  Turn turn(store_, scheduler_);
  for (const FinishedRun& run : finished_) settle(run, now);
  save_decisions(scheduler_.decisions(), now);
  turn.commit();
  finished_.clear();
}

Registered WorkManager::register_work(const Registration& registration, TimePoint now) {
  const WorkRequest& request = registration.request;
  const auto holder = store_.find(registration.owner, request.unique_name);
  const Work* existing = holder ? scheduler_.find(*holder) : nullptr;
  const bool unfinished = existing && !is_finished(existing->state);
  if (unfinished && registration.existing == ExistingPolicy::keep) {
    return {store_.info(*holder).value(), RegisterResult::kept};
  }
  WorkInfo info;
  info.uuid = registration.uuid;
  info.owner = registration.owner;
  info.request = request;
  info.enqueued_at = now;
  info.work = new_work(request, now);
  if (request.max_attempts == 0) info.work.max_attempts = settings_.retry.max_attempts;
  // Runs are numbered by unique name, so that `wm logs NAME --run N` means one run.
  if (holder) info.work.runs = store_.info(*holder).value().work.runs;
  info.work.id = store_.insert(info);
  if (!unfinished) {
    scheduler_.enqueue(info.work);
    return {std::move(info), RegisterResult::enqueued};
  }
  scheduler_.replace(*holder, info.work);
  return {std::move(info), RegisterResult::replaced};
}

TurnReport WorkManager::decide(TimePoint now, std::span<const Change> changes) {
  TurnReport report;
  Turn turn(store_, scheduler_);
  for (const FinishedRun& run : finished_) {
    settle(run, now);
    report.ended.push_back(run.work);
  }
  for (const Change& change : changes) change();
  scheduler_.plan(now);
  Decisions decisions = scheduler_.decisions();
  save_decisions(decisions, now);
  turn.commit();

  for (const FinishedRun& run : finished_) children_.erase(run.work);
  finished_.clear();
  to_start_.insert(to_start_.end(), decisions.started.begin(), decisions.started.end());
  to_stop_.insert(to_stop_.end(), decisions.stopped.begin(), decisions.stopped.end());
  report.changed = std::move(decisions.changed);
  return report;
}

void WorkManager::act() {
  for (const WorkId id : std::exchange(to_start_, {})) start(id);
  for (const Stop& stop : std::exchange(to_stop_, {})) runner_.stop(stop.id, stop.reason);
}

void WorkManager::settle(const FinishedRun& run, TimePoint now) {
  const Work* work = scheduler_.find(run.work);
  RunInfo ended;
  ended.work = run.work;
  ended.run = work->runs;
  ended.finished_at = now;
  ended.max_rss_kb = run.max_rss_kb;
  ended.user_time = run.user_time;
  ended.system_time = run.system_time;
  ended.result = scheduler_.run_ended(run.work, run.end, children_[run.work].exit_rules, now);
  store_.end_run(ended);
}

void WorkManager::save_decisions(const Decisions& decisions, TimePoint now) {
  for (const Work& work : decisions.changed) store_.save(work);
  for (const WorkId id : decisions.started) {
    const Work& work = *scheduler_.find(id);
    RunInfo run;
    run.work = id;
    run.run = work.runs;
    run.attempt = work.attempts;
    run.started_at = now;
    store_.start_run(run);
  }
}

void WorkManager::start(WorkId id) {
  std::optional<ChildEnd> failure;
  try {
    const WorkInfo info = store_.info(id).value();
    children_[id].exit_rules = info.request.exit_rules;
    failure = launch(info);
  } catch (const StoreError& e) {
    failure = ChildEnd{ChildEnd::How::no_room, 0, e.what()};
  }
  if (failure) finished_.push_back({.work = id, .end = std::move(*failure)});
}

std::optional<ChildEnd> WorkManager::launch(const WorkInfo& info) {
  auto launch = make_launch(info, settings_);
  if (!launch) return ChildEnd{ChildEnd::How::not_started, 0, launch.error().message};
  return runner_.start(*launch);
}

}  // namespace wm
