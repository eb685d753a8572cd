#include "daemon/methods/catch_up.h"

#include <algorithm>
#include <tuple>

#include "core/messages.h"
#include "core/status.h"
#include "daemon/methods/pages.h"

namespace wm {

namespace json = boost::json;

CatchUp::CatchUp(Store& store, const Scheduler& scheduler, const RecordFilter& filter)
    : store_(store) {
  add_runs(scheduler, filter);
  add_works(filter);
  std::ranges::stable_sort(events_, {}, [](const Event& event) {
    return std::tuple(event.time, event.kind, event.work, event.run);
  });
  if (!cut_at_) return;
  std::erase_if(events_, [&](const Event& event) { return event.time < *cut_at_; });
}

template <class T>
std::vector<T> CatchUp::taken(Newest<T> newest) {
  if (newest.cut_at) cut_at_ = std::max(cut_at_.value_or(TimePoint{}), *newest.cut_at);
  return std::move(newest.list);
}

void CatchUp::add_runs(const Scheduler& scheduler, const RecordFilter& filter) {
  const auto add_start = [&](const RunInfo& run) {
    if (run.started_at < filter.since) return;
    events_.push_back({run.started_at, Kind::started, run.work, run.run});
  };
  for (const RunInfo& run : taken(store_.runs_ended(filter))) {
    const TimePoint end = run.finished_at.value_or(run.started_at);
    const Kind kind = end == run.started_at ? Kind::ended_at_once : Kind::ended;
    events_.push_back({end, kind, run.work, run.run});
    add_start(run);
  }
  for (const WorkId id : scheduler.agenda().running()) {
    const auto info = store_.info(id);
    if (!info || !filter.covers(info->work.owner, info->request.unique_name)) continue;
    const auto run = store_.run(info->work.owner, info->request.unique_name, info->work.runs);
    if (run) add_start(*run);
  }
}

// The end of a run may also be the end of its job: that is reported once.
void CatchUp::add_works(const RecordFilter& filter) {
  std::set<std::pair<WorkId, TimePoint>> ends;
  for (const Event& event : events_) {
    if (event.kind != Kind::started) ends.emplace(event.work, event.time);
  }
  for (const WorkMark& work : taken(store_.works_finished(filter))) {
    if (ends.contains({work.id, work.since})) continue;
    events_.push_back({work.since, Kind::finished, work.id, 0});
  }
  for (const WorkMark& work : taken(store_.works_registered(filter))) {
    events_.push_back({work.registered_at, Kind::scheduled, work.id, 0});
  }
}

json::array CatchUp::next() {
  json::array page;
  for (std::size_t weight = 0; !events_.empty() && weight < kPageWeight; events_.pop_front()) {
    auto event = tell(events_.front());
    if (!event) continue;
    weight += json::serialize(*event).size();
    page.push_back(std::move(*event));
  }
  return page;
}

std::optional<json::object> CatchUp::tell(const Event& event) const {
  auto info = store_.info(event.work);
  if (!info) return std::nullopt;
  StatusChange change{WorkStatus::scheduled, info->work, std::nullopt};
  if (event.kind == Kind::finished) {
    const bool failed = info->work.state == WorkState::failed;
    change.status = failed ? WorkStatus::failed : WorkStatus::cancelled;
    return to_json(change, *info, event.time);
  }
  if (event.kind == Kind::scheduled) {
    // It may be in a later state by now.
    if (change.work.state != WorkState::blocked) change.work.state = WorkState::enqueued;
    return to_json(change, *info, event.time);
  }
  const auto run = store_.run(info->work.owner, info->request.unique_name, event.run);
  if (!run || run->work != event.work) return std::nullopt;
  if (event.kind == Kind::started) {
    change.work.state = WorkState::running;
    change.work.runs = run->run;
    change.work.attempts = run->attempt;
    change.status = run->attempt == 1 ? WorkStatus::started : WorkStatus::retrying;
    return to_json(change, *info, event.time);
  }
  change.work = as_after(*run, *info);
  change.run =
      EndedRun{run->work, run->run, run->attempt, run->length, run->result.value_or(RunResult{})};
  change.status = status_after(*change.run, change.work);
  return to_json(change, *info, event.time);
}

Work CatchUp::as_after(const RunInfo& run, const WorkInfo& info) const {
  Work work = info.work;
  if (work.runs == run.run && work.state != WorkState::running) return work;
  // It ran again, so it was due when that run began, or before.
  work.state = WorkState::enqueued;
  work.timing = Timing::first;
  const auto next = store_.next_run(work.owner, info.request.unique_name, run.run);
  work.due = next ? next->started_at : run.finished_at.value_or(TimePoint{});
  return work;
}

}  // namespace wm
