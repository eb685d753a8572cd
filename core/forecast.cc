#include "core/forecast.h"

#include <set>

namespace wm {

Forecast forecast(const Scheduler& scheduler, TimePoint now, TimePoint until,
                  const std::function<Duration(const Work&)>& length_of,
                  const std::function<bool(const Work&)>& shown, ForecastBounds bounds) {
  Forecast result;
  std::size_t simulated = 0;
  Scheduler ahead = scheduler.copy();
  std::set<std::pair<TimePoint, WorkId>> ends;
  const auto will_end = [&](const Work& work) {
    ends.emplace(now + std::max(length_of(work) - scheduler.run_time(work, now), Duration::zero()),
                 work.id);
  };
  for (const WorkId id : ahead.agenda().running()) will_end(*ahead.find(id));

  while (now <= until) {
    if (++simulated > bounds.simulated) {
      result.cut_at = now;
      break;
    }
    for (; !ends.empty() && ends.begin()->first <= now; ends.erase(ends.begin())) {
      const WorkId id = ends.begin()->second;
      const bool told_to_stop = ahead.find(id)->stopping != StopReason::none;
      const auto how = told_to_stop ? ChildEnd::How::lost : ChildEnd::How::exited;
      ahead.run_ended(id, {how, 0, ""}, ExitRules{}, now);
    }
    ahead.plan(now);
    const Decisions decisions = ahead.decisions();
    for (const Stop& stopped : decisions.stopped) {
      std::erase_if(ends, [&](const auto& end) { return end.second == stopped.id; });
      ends.emplace(now, stopped.id);
    }
    for (const Start& started : decisions.started) {
      const Work& work = *ahead.find(started.id);
      const bool is_shown = shown(work);
      if (++simulated > bounds.simulated || (is_shown && result.runs.size() >= bounds.shown)) {
        result.cut_at = now;
        return result;
      }
      if (is_shown) result.runs.push_back({work.id, now, work.attempts});
      will_end(work);
    }
    ahead.accept();
    auto next = ahead.next_wakeup();
    if (!ends.empty()) next = earliest(next, ends.begin()->first);
    if (!next) break;
    now = std::max(now, *next);
  }
  return result;
}

}  // namespace wm
