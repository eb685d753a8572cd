#include "daemon/runs/process_runner.h"

#include <algorithm>
#include <csignal>
#include <fstream>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/runs/run_terms.h"

namespace wm {
namespace {

bool has_low_oom_score() {
  int score = 0;
  std::ifstream("/proc/self/oom_score_adj") >> score;
  return score < 0;
}

bool join_groups(const std::vector<UniqueFd>& procs, pid_t pid) {
  const std::string text = std::to_string(pid);
  return std::ranges::all_of(procs, [&](const UniqueFd& group) {
    return ::write(group.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  });
}

}  // namespace

ProcessRunner::ProcessRunner(boost::asio::io_context& loop, HelperThreads& helpers,
                             HelperCommands& commands, const std::filesystem::path& state_directory,
                             std::string socket, const HistorySettings& history, Cgroups cgroups,
                             ChildMemory child_memory)
    : loop_(loop),
      helpers_(helpers),
      commands_(commands),
      socket_(std::move(socket)),
      cgroups_(std::move(cgroups)),
      log_(loop, state_directory / "logs", history.max_log_bytes),
      records_(state_directory / "runs", !cgroups_.available()),
      files_(state_directory / "outputs", state_directory / "work"),
      preparation_(records_, cgroups_, child_memory),
      self_(own_user(state_directory)),
      oom_protected_(has_low_oom_score()),
      oom_kills_(count_oom_kills()) {
  if (cgroups_.available()) return;
  // Processes that a run leaves behind become this process's children, and so it finds them.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  strangers_ = own_children();
}

ProcessRunner::~ProcessRunner() {
  preparation_.keep_one_ready(false);
  cgroups_.leave();
}

Result<User> ProcessRunner::user_of(const WorkInfo& info) const {
  const std::string& as = info.request.terms.as;
  if (as.empty() && info.work.owner == ::geteuid()) return self_;
  if (::geteuid() != 0) {
    return wm::fail(ErrorCode::not_permitted, "only root's daemon can run other users' jobs");
  }
  return as.empty() ? find_user(info.work.owner) : find_user(as);
}

void ProcessRunner::start(const Launch& launch) {
  auto failure = try_to_start(launch);
  if (!failure) return;
  ++ending_;
  boost::asio::post(loop_, [this, work = launch.info.work.id, end = std::move(*failure)] {
    --ending_;
    on_finished_({.work = work, .end = end});
  });
}

std::optional<ChildEnd> ProcessRunner::try_to_start(const Launch& launch) {
  std::erase_if(beginning_, [](const RunPtr& run) { return run->forget_beginning(); });
  const WorkInfo& info = launch.info;
  if (std::ranges::count(untidy_, info.work.id, &Run::work) > 0) tidy();
  const Result<User> user = user_of(info);
  if (!user) return ChildEnd{ChildEnd::How::not_started, 0, user.error().message};
  if (!files_.prepare(info.uuid, *user)) return no_room("files");
  auto prepared = preparation_.take();
  if (!prepared) return prepared.error();
  const auto run = std::make_shared<Run>();
  run->work = info.work.id;
  run->number = info.work.runs;
  run->unique_name = info.request.unique_name;
  run->uuid = info.uuid;
  run->uid = user->uid;
  run->bounds = info.request.terms.bounds;
  run->stop_grace = launch.stop_grace;
  run->variables = variables_of(launch, *user, socket_, files_);

  if (auto problem = give_child(*run, info, *prepared, plan_of(launch, *user, files_)))
    return problem;
  const pid_t pid = run->leader.pid;
  beginning_.push_back(run);
  runs_.emplace(pid, run);
  pids_[run->work] = pid;
  if (run->plan) {
    session_->ask([this, asking = std::weak_ptr(run)] {
      if (const RunPtr waiting = asking.lock()) give_plan(*waiting);
    });
  }
  return std::nullopt;
}

// Hands the prepared parts and the child to the run, and the plan to the child; on failure discards
// them.
std::optional<ChildEnd> ProcessRunner::give_child(Run& run, const WorkInfo& info,
                                                  PreparedRun& prepared, ChildPlan plan) {
  std::optional<ChildEnd> problem;
  RunCgroup group{.unmet = names_of(run.bounds)};
  if (!records_.add(prepared.place, info)) problem = no_room("record");
  if (!problem && cgroups_.available()) {
    auto made = cgroups_.create(prepared.place.number, run.bounds);
    if (!made) problem = no_room("control group");
    if (made) group = std::move(*made);
  }
  run.note = set_limits(run.bounds, group.unmet, run.uid, plan);
  plan.reset_oom_score = oom_protected_;
  plan.record_offset = prepared.place.offset;
  // A run that has groups to join, or is to be told of its session, waits.
  const bool asks = session_ && run.uid == self_.uid && !oom_protected_ && session_->can_ask();
  const bool waits = asks || (!oom_protected_ && (prepared.child || !group.procs.empty()));
  if (!asks) {
    plan.environment = environment_of(std::exchange(run.variables, {}), surroundings_of(run.uid));
  }
  if (!problem && waits && !prepared.child) problem = preparation_.add_waiting_child(prepared);
  if (!problem && !waits) problem = preparation_.start_child(prepared, std::exchange(plan, {}));
  if (!problem && !join_groups(group.procs, prepared.leader.pid))
    problem = no_room("control group");
  if (problem) {
    preparation_.discard(prepared);
    return problem;
  }
  run.place = prepared.place;
  run.leader = prepared.leader;
  run.child = std::move(prepared.child);
  if (asks) {
    run.plan = std::move(plan);
  } else if (waits) {
    run.child->begin(plan);
  }
  log_.begin({run.work, run.number, run.unique_name}, std::move(prepared.pipes));
  return std::nullopt;
}

Variables ProcessRunner::surroundings_of(uid_t uid) const {
  if (session_ && uid == self_.uid) return session_->variables();
  Variables surroundings = runtime_variables(uid);
  surroundings.merge(locale_variables());
  return surroundings;
}

// Begins the run unless it has begun, or is gone.
void ProcessRunner::give_plan(Run& run) const {
  auto plan = std::exchange(run.plan, std::nullopt);
  if (!plan || !run.child) return;
  plan->environment = environment_of(std::exchange(run.variables, {}), surroundings_of(run.uid));
  run.child->begin(*plan);
}

void ProcessRunner::expect(bool start) { preparation_.keep_one_ready(start && !oom_protected_); }

void ProcessRunner::stop(WorkId id, StopReason reason) {
  const auto pid = pids_.find(id);
  if (pid == pids_.end()) return;
  const RunPtr& told = runs_.at(pid->second);
  Run& run = *told;
  if (run.grace) return;
  files_.tell_stop_reason(run.uuid, reason);
  if (run.child) {
    run.child->terminate();
    give_plan(run);  // It then ends, whatever its session is.
  } else {
    ::kill(-pid->second, SIGTERM);
  }
  ::kill(-pid->second, SIGCONT);  // A stopped process would not see the signal.
  wait_for_grace(told, run.stop_grace);
}

void ProcessRunner::wait_for_grace(const RunPtr& run, Duration time) {
  run->grace = std::make_unique<boost::asio::steady_timer>(loop_, time);
  run->grace->async_wait([this, waiting = std::weak_ptr(run)](const boost::system::error_code&) {
    // Its job may have a next run by then, and its group another run.
    if (const RunPtr still = waiting.lock(); still && !still->ended) kill_all(*still);
  });
}

void ProcessRunner::end_leftovers() {
  records_.end_all();
  cgroups_.end_all();
  outputs_removed_ = files_.remove_all();
}

DiskSpace ProcessRunner::log_disk() const {
  struct statvfs status{};
  if (::statvfs(log_.directory().c_str(), &status) != 0) return {};
  const auto block = static_cast<std::int64_t>(status.f_frsize);
  return {static_cast<std::int64_t>(status.f_blocks) * block,
          static_cast<std::int64_t>(status.f_bavail) * block};
}

void ProcessRunner::forget_state(std::int64_t id) {
  helpers_.run(
      HelperThreads::removals,
      [path = files_.state_path(id)] {
        std::error_code problem;
        std::filesystem::remove_all(path, problem);
        return problem;
      },
      [path = files_.state_path(id)](const std::error_code& problem) {
        if (problem) spdlog::warn("{} cannot be removed: {}", path, problem.message());
      });
}

}  // namespace wm
