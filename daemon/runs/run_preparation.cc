#include "daemon/runs/run_preparation.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/wait.h>

namespace wm {

ChildEnd end_of(const StartFailure& failure) {
  return {failure.out_of_resources() ? ChildEnd::How::no_room : ChildEnd::How::not_started, 0,
          failure.describe()};
}

ChildEnd no_room(const char* what) {
  return {ChildEnd::How::no_room, 0,
          std::string("cannot prepare the run's ") + what + ": " + std::strerror(errno)};
}

std::expected<PreparedRun, ChildEnd> RunPreparation::make() {
  PreparedRun prepared;
  if (!open_pipes(prepared.pipes, prepared.ends)) return std::unexpected(no_room("log"));
  const auto place = records_.reserve();
  if (!place) return std::unexpected(no_room("record"));
  prepared.place = *place;
  std::optional<ChildEnd> problem;
  if (cgroups_.available()) {
    if (const auto group = cgroups_.create(place->number, {})) {
      prepared.cgroup = group->directory;
    } else {
      problem = no_room("control group");
    }
  }
  if (!problem) return prepared;
  discard(prepared);
  return std::unexpected(std::move(*problem));
}

ChildFiles RunPreparation::files_of(const PreparedRun& prepared) const {
  return {prepared.ends.output.get(), prepared.ends.errors.get(), prepared.place.file,
          prepared.cgroup, true};
}

std::optional<ChildEnd> RunPreparation::add_waiting_child(PreparedRun& prepared) const {
  return add(prepared, Child::prepare(files_of(prepared), child_memory_));
}

std::optional<ChildEnd> RunPreparation::start_child(PreparedRun& prepared,
                                                    const ChildPlan& plan) const {
  return add(prepared, Child::start(files_of(prepared), plan, child_memory_));
}

std::optional<ChildEnd> RunPreparation::add(
    PreparedRun& prepared, std::expected<std::unique_ptr<Child>, StartFailure> child) const {
  if (!child) return end_of(child.error());
  prepared.child = std::move(*child);
  prepared.ends = {};
  const pid_t pid = prepared.child->pid();
  if (!cgroups_.available()) prepared.leader = read_process_stat(pid).value_or(ProcessStat{});
  prepared.leader.pid = prepared.leader.session = pid;
  return std::nullopt;
}

void RunPreparation::discard(const PreparedRun& prepared) {
  if (prepared.child) {
    ::kill(prepared.child->pid(), SIGKILL);
    ::waitpid(prepared.child->pid(), nullptr, 0);
  }
  records_.remove(prepared.place);
}

std::expected<PreparedRun, ChildEnd> RunPreparation::take() {
  if (!ready_) return make();
  PreparedRun prepared = std::move(*ready_);
  ready_.reset();
  return prepared;
}

void RunPreparation::keep_one_ready(bool wanted) {
  if (wanted == ready_.has_value()) return;
  if (!wanted) {
    discard(*ready_);
    ready_.reset();
    return;
  }
  auto prepared = make();
  if (!prepared) return;
  if (add_waiting_child(*prepared)) return discard(*prepared);
  ready_ = std::move(*prepared);
}

bool RunPreparation::child_ended(pid_t pid) {
  if (!ready_ || ready_->leader.pid != pid) return false;
  records_.remove(ready_->place);
  ready_.reset();
  return true;
}

}  // namespace wm
