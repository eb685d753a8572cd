#include "tests/support/fake_runner.h"

#include <csignal>
#include <stdexcept>

namespace wm {

void FakeRunner::start(const Launch& launch) {
  const WorkInfo& info = launch.info;
  before_start(launch);
  for (const auto& [id, child] : children_) {
    const bool same_name =
        child.owner == info.work.owner && child.unique_name == info.request.unique_name;
    if (id == info.work.id || same_name) {
      throw std::logic_error("two runs of '" + child.unique_name + "' overlap");
    }
  }
  Life written = life(launch);
  const TimePoint ends = now_ + (written.cannot_start ? Duration::zero() : written.takes);
  children_[info.work.id] = {info.work.owner, info.request.unique_name, ends, std::move(written),
                             false};
}

void FakeRunner::stop(WorkId id, StopReason /*reason*/) {
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  Child& child = found->second;
  child.told_to_stop = true;
  child.ends = std::min(child.ends, now_ + child.life.dying);
  if (child.life.cannot_start) return;
  if (!child.life.finishes_when_stopped) child.life.end = {ChildEnd::How::signalled, SIGTERM, ""};
}

void FakeRunner::live() {
  std::erase_if(children_, [&](const auto& entry) {
    const auto& [id, child] = entry;
    if (child.ends > now_) return false;
    const ChildEnd end = child.life.cannot_start.value_or(child.life.end);
    on_finished_({.work = id, .end = end, .output = child.life.output});
    return true;
  });
}

std::optional<TimePoint> FakeRunner::next_end() const {
  std::optional<TimePoint> next;
  for (const auto& [id, child] : children_) {
    if (!next || child.ends < *next) next = child.ends;
  }
  return next;
}

}  // namespace wm
