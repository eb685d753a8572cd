#include "core/status.h"

#include <algorithm>
#include <set>

#include "core/check.h"
#include "core/text.h"

namespace wm {
namespace {

bool is_wanted(const StatusChange& change, Notice notice) {
  const bool stopped = change.run && change.run->result.stop_reason != StopReason::none;
  switch (notice) {
    case Notice::started:
      return change.status == WorkStatus::started || change.status == WorkStatus::retrying;
    case Notice::succeeded:
      return change.status == WorkStatus::completed;
    case Notice::failed:
      return change.status == WorkStatus::failed;
    case Notice::retried:
      return change.status == WorkStatus::rescheduled && !stopped;
    case Notice::stopped:
      return stopped;
  }
  return false;
}

std::string next_run(const Work& work, TimePoint now) {
  if (work.state == WorkState::blocked) return "after its prerequisites";
  if (work.state != WorkState::enqueued) return "";
  if (!has_due_time(work)) return "after a change of its paths";
  return work.due > now ? "in " + rough_duration(work.due - now) : "";
}

}  // namespace

WorkStatus status_after(const EndedRun& run, const Work& work) {
  if (work.state == WorkState::cancelled) return WorkStatus::cancelled;
  switch (run.result.outcome) {
    case RunOutcome::succeeded:
      return WorkStatus::completed;
    case RunOutcome::failed:
      return WorkStatus::failed;
    case RunOutcome::retry:
    case RunOutcome::interrupted:
      break;
  }
  return WorkStatus::rescheduled;
}

std::vector<StatusChange> status_changes(const Decisions& decisions,
                                         std::span<const EndedRun> ended) {
  const auto work_of = [&](WorkId id) -> const Work& {
    const auto found = std::ranges::lower_bound(decisions.changed, id, {}, &Work::id);
    check(found != decisions.changed.end() && found->id == id,
          "what happens to work changes its row");
    return *found;
  };
  std::vector<StatusChange> changes;
  changes.reserve(decisions.changed.size() + decisions.started.size());
  std::set<WorkId> told;
  for (const EndedRun& run : ended) {
    const Work& work = work_of(run.work);
    changes.push_back({status_after(run, work), work, run});
    told.insert(run.work);
  }
  for (const Work& work : decisions.changed) {
    if (!is_finished(work.state) || told.contains(work.id)) continue;
    const bool failed = work.state == WorkState::failed;
    changes.push_back({failed ? WorkStatus::failed : WorkStatus::cancelled, work, std::nullopt});
  }
  for (const WorkId id : decisions.enqueued) {
    const Work& work = work_of(id);
    if (!is_finished(work.state)) changes.push_back({WorkStatus::scheduled, work, std::nullopt});
  }
  for (const Start& start : decisions.started) {
    const Work& work = work_of(start.id);
    const bool first = work.attempts == 1;
    changes.push_back({first ? WorkStatus::started : WorkStatus::retrying, work, std::nullopt});
  }
  return changes;
}

bool is_wanted(const StatusChange& change, std::span<const Notice> notices) {
  return std::ranges::any_of(notices, [&](Notice notice) { return is_wanted(change, notice); });
}

std::string describe(const StatusChange& change, TimePoint now) {
  const Work& work = change.work;
  std::vector<std::string> parts;
  const auto add = [&](std::string part) { parts.push_back(std::move(part)); };
  if (change.run) {
    add(cause_of(change.run->result));
    if (change.status == WorkStatus::completed) add("took " + rough_duration(change.run->length));
  }
  switch (change.status) {
    case WorkStatus::scheduled:
      add(next_run(work, now));
      break;
    case WorkStatus::started:
      add("run " + std::to_string(work.runs));
      break;
    case WorkStatus::retrying:
      add("run " + std::to_string(work.runs) + ", attempt " + std::to_string(work.attempts));
      break;
    case WorkStatus::completed:
    case WorkStatus::rescheduled:
      if (const std::string next = next_run(work, now); !next.empty()) add("again " + next);
      break;
    case WorkStatus::failed:
    case WorkStatus::cancelled:
      if (!change.run && work.stopping == StopReason::none) add("a prerequisite did not succeed");
      if (!change.run && work.stopping != StopReason::cancelled) add(word(work.stopping));
      break;
  }
  return join(parts);
}

std::string describe(const RunProgress& progress) {
  std::string text = progress.percent ? std::to_string(*progress.percent) + " %" : "";
  if (!progress.data.empty()) text += (text.empty() ? "" : " ") + progress.data;
  return text;
}

}  // namespace wm
