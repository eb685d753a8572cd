#include "daemon/methods/work_views.h"

#include <utility>

#include "core/messages.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr int kMostWaits = 100;  // A job may have many prerequisites.

}  // namespace

void explain_constraints(std::vector<Wait>& waits, const Sensors& sensors) {
  for (Wait& wait : waits) {
    if (wait.kind == WaitKind::constraint) wait.detail = sensors.explain(condition_of(wait.name));
  }
}

std::vector<Wait> WorkViews::waits_of(const Work& work, TimePoint now) const {
  std::vector<Wait> waits = waiting_for(manager_.scheduler(), work, now);
  explain_constraints(waits, sensors_);
  for (Wait& wait : waits) {
    if (wait.kind == WaitKind::trigger) wait.detail = paths_.problem(work.id);
  }
  if (work.state != WorkState::blocked) return waits;
  for (const ChainLink& link : store_.prerequisites(work.id)) {
    if (link.state == WorkState::succeeded) continue;
    waits.push_back(prerequisite_wait(link.unique_name, link.state, link.since));
    if (std::cmp_greater_equal(waits.size(), kMostWaits)) break;
  }
  return waits;
}

std::vector<Wait> WorkViews::unmet_by(const Work& work, TimePoint now) const {
  std::vector<Wait> unmet = unmet_constraints(manager_.scheduler(), work.policy, now);
  explain_constraints(unmet, sensors_);
  for (Wait& one : unmet) {
    if (!one.since) one.since = sensors_.since(condition_of(one.name));
  }
  return unmet;
}

std::vector<Wait> WorkViews::met_by(const Work& work, TimePoint now) const {
  std::vector<Wait> met = met_constraints(manager_.scheduler(), work, now);
  explain_constraints(met, sensors_);
  for (Wait& one : met) {
    if (!one.since) one.since = sensors_.since(condition_of(one.name));
  }
  return met;
}

std::string WorkViews::failed_prerequisite(const WorkInfo& info) const {
  if (info.work.state != WorkState::failed || info.last_result) return "";
  for (const ChainLink& link : store_.prerequisites(info.work.id)) {
    const bool failed = link.state == WorkState::failed || link.state == WorkState::cancelled;
    if (failed) return link.unique_name;
  }
  return "";
}

json::object WorkViews::show(const WorkInfo& info, TimePoint now) const {
  json::object work = to_json(info);
  const Work* scheduled = manager_.scheduler().find(info.work.id);
  const auto waits = waits_of(scheduled ? *scheduled : info.work, now);
  if (!waits.empty()) work["waitingFor"] = to_json(waits);
  if (const auto failed = failed_prerequisite(info); !failed.empty()) {
    work["failedPrerequisite"] = failed;
  }
  if (const RunProgress* progress = manager_.progress_of(info.work.id)) {
    work["progress"] = to_json(*progress);
  }
  if (manager_.is_suspended(info.work.id)) work["suspended"] = true;
  if (info.work.state == WorkState::running) {
    work["startedAt"] = format_time(info.work.since);
    const auto usual = store_.usual_length(info.work.owner, info.request.unique_name);
    if (usual) work["usualMs"] = usual->count();
  }
  return work;
}

json::object WorkViews::reply_with(WorkId id, TimePoint now) const {
  return {{"work", show(store_.recorded(id), now)}};
}

}  // namespace wm
