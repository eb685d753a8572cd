#include "core/explain.h"

namespace wm {
namespace {

WaitKind time_kind(const Work& work) {
  if (work.attempts > 0) return WaitKind::backoff;
  return work.kind == WorkKind::periodic && work.runs > 0 ? WaitKind::period : WaitKind::delay;
}

}  // namespace

std::vector<Wait> waiting_for(const Work& work, const Conditions& conditions, TimePoint now) {
  std::vector<Wait> waits;
  if (work.state != WorkState::enqueued) return waits;
  if (work.held) waits.push_back({WaitKind::replaced, "", {}});
  if (work.due > now) waits.push_back({time_kind(work), "", work.due});
  for (const Constraint constraint : unmet(work.constraints, conditions)) {
    waits.push_back({WaitKind::constraint, std::string(word(constraint)), {}});
  }
  if (waits.empty()) waits.push_back({WaitKind::slot, "", {}});
  return waits;
}

}  // namespace wm
