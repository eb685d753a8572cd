#include "core/forecast.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace wm {
namespace {

// Gives jobs to the simulated scheduler when they begin to matter: a million may wait for another
// day, or behind others.
class Supply {
 public:
  Supply(const Scheduler& present, Scheduler& ahead)
      : present_(present),
        ahead_(ahead),
        starts_at_once_(static_cast<std::size_t>(present.rules().max_parallel_total)) {
    const Agenda& agenda = present.agenda();
    for (const WorkId id : agenda.running()) {
      give(id);
      give(present.find(id)->rare.get().successor);
    }
    bool places_change = false;
    for (const auto& [time, row] : agenda.alarms()) {
      give(row->work.id);
      const Work& work = row->work;
      places_change |= row->is_linked() && needs_change_at(work, work.policy, agenda.now());
    }
    for (const auto& [key, lane] : agenda.lanes()) {
      lines_.push_back({key.owner, lane.begin(), lane.end()});
      begin(lines_.size() - 1, places_change || key.drop);
    }
    for (const auto& [owner, timers] : agenda.timers()) {
      if (!timers.empty())
        timers_.emplace(timers.begin()->work.due, Line{owner, timers.begin(), timers.end()});
    }
  }

  // The next time at which a job that is not given yet may start.
  std::optional<TimePoint> next_due() const {
    if (!ahead_.has_room() || ahead_.pauses().contains("")) return std::nullopt;
    const auto next = std::ranges::find_if(
        timers_, [&](const auto& timer) { return ahead_.has_room(timer.second.owner); });
    return next == timers_.end() ? std::nullopt : std::optional(next->first);
  }

  // Call it before the plan of that time.
  void give_due(TimePoint now) {
    while (!timers_.empty() && timers_.begin()->first <= now) {
      Line line = timers_.extract(timers_.begin()).mapped();
      for (; line.next != line.end && line.next->work.due <= now; ++line.next)
        give(line.next->work.id);
      if (line.next != line.end) timers_.emplace(line.next->work.due, line);
    }
  }

  // The next of its lane takes its place.
  void started(WorkId id) {
    const auto line = line_of_.extract(id);
    if (!line.empty()) give_next(line.mapped());
  }

  // Call it before the ends of that time.
  void ends(WorkId id) {
    for (const WorkId dependent : present_.dependents_of(id)) give(dependent);
  }

 private:
  // One owner's jobs, which matter in this order.
  struct Line {
    uid_t owner = 0;
    Queue::const_iterator next;
    Queue::const_iterator end;
  };

  // No plan starts more than `starts_at_once_`, and in a lane always the first.
  void begin(std::size_t line, bool whole) {
    for (std::size_t given = 0; whole || given < starts_at_once_; ++given) {
      if (!give_next(line)) return;
    }
  }

  bool give_next(std::size_t which) {
    Line& line = lines_[which];
    if (line.next == line.end) return false;
    line_of_.emplace(line.next->work.id, which);
    give((line.next++)->work.id);
    return true;
  }

  void give(WorkId id) {
    const Work* const work = present_.find(id);
    if (!work || !given_.insert(id).second) return;
    const Agenda& agenda = present_.agenda();
    const bool may_start =
        work->state == WorkState::running || !agenda.lacks_word(*work, agenda.now());
    if (may_start) ahead_.restore(*work);
  }

  const Scheduler& present_;
  Scheduler& ahead_;
  const std::size_t starts_at_once_;
  std::vector<Line> lines_;                          // One per lane.
  std::unordered_map<WorkId, std::size_t> line_of_;  // The given ones that have not started.
  std::multimap<TimePoint, Line> timers_;            // One per owner, by the next due time.
  std::unordered_set<WorkId> given_;
};

// The most runs of one job, so that all together are at most `most`.
std::size_t share_of_each(const std::unordered_map<WorkId, std::size_t>& runs, std::size_t most) {
  std::vector<std::size_t> counts;
  counts.reserve(runs.size());
  for (const auto& [id, count] : runs) counts.push_back(count);
  std::ranges::sort(counts);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t share = most / (counts.size() - i);
    if (counts[i] > share) return share;
    most -= counts[i];
  }
  return most;
}

// Leaves each job its first runs, and only counts the others.
void keep_first_of_each(Forecast& found, std::size_t share) {
  std::unordered_map<WorkId, std::size_t> kept;
  std::map<WorkId, ForecastRest> more;
  std::erase_if(found.runs, [&](const ForecastRun& run) {
    if (++kept[run.id] <= share) return false;
    ForecastRest& rest = more[run.id];
    rest = {run.id, rest.runs + 1, run.starts};
    return true;
  });
  for (const auto& [id, rest] : more) found.more.push_back(rest);
}

}  // namespace

Forecast forecast(const Scheduler& scheduler, TimePoint now, TimePoint until,
                  const std::function<Duration(const Work&)>& length_of,
                  const std::function<bool(const Work&)>& shown, ForecastBounds bounds) {
  Forecast result;
  std::unordered_map<WorkId, std::size_t> runs_of;
  std::size_t simulated = 0;
  Scheduler ahead = scheduler.copy_without_jobs();
  Supply supply(scheduler, ahead);
  std::set<std::pair<TimePoint, WorkId>> ends;
  const auto will_end = [&](const Work& work) {
    ends.emplace(now + std::max(length_of(work) - scheduler.run_time(work, now), Duration::zero()),
                 work.id);
  };
  for (const WorkId id : ahead.agenda().running()) will_end(*ahead.find(id));

  while (now <= until && !result.cut_at) {
    if (++simulated > bounds.simulated) {
      result.cut_at = now;
      break;
    }
    for (auto end = ends.begin(); end != ends.end() && end->first <= now; ++end) {
      supply.ends(end->second);
    }
    for (; !ends.empty() && ends.begin()->first <= now; ends.erase(ends.begin())) {
      const WorkId id = ends.begin()->second;
      const bool told_to_stop = ahead.find(id)->stopping != StopReason::none;
      const auto how = told_to_stop ? ChildEnd::How::lost : ChildEnd::How::exited;
      ahead.run_ended(id, {how, 0, ""}, ExitRules{}, now);
    }
    supply.give_due(now);
    ahead.plan(now);
    const Decisions decisions = ahead.decisions();
    for (const Stop& stopped : decisions.stopped) {
      std::erase_if(ends, [&](const auto& end) { return end.second == stopped.id; });
      ends.emplace(now, stopped.id);
    }
    for (const Start& started : decisions.started) {
      const Work& work = *ahead.find(started.id);
      const bool is_shown = shown(work);
      const bool one_too_many =
          is_shown && runs_of.size() >= bounds.shown && !runs_of.contains(work.id);
      if (++simulated > bounds.simulated || one_too_many) {
        result.cut_at = now;
        break;
      }
      if (is_shown) {
        result.runs.push_back({work.id, now, work.attempts});
        ++runs_of[work.id];
      }
      will_end(work);
    }
    ahead.accept();
    for (const Start& started : decisions.started) supply.started(started.id);
    auto next = earliest(ahead.next_wakeup(), supply.next_due());
    if (!ends.empty()) next = earliest(next, ends.begin()->first);
    if (!next) break;
    now = std::max(now, *next);
  }
  if (result.runs.size() > bounds.shown) {
    keep_first_of_each(result, share_of_each(runs_of, bounds.shown));
  }
  return result;
}

}  // namespace wm
