#include "daemon/runs/process_runner.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/messages.h"
#include "core/size.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr int kLowestNiceness = 19;
constexpr std::int64_t kBlock = 512;  // Of rusage's counts, see getrusage(2).
// How long to wait before looking for an end for which no descriptor could be had.
constexpr std::chrono::milliseconds kNoDescriptor{100};
constexpr std::int64_t kRemovals = -2;  // Of the helper threads' lines.

std::string inherited(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// Exactly the documented variables, except those of its surroundings: a run inherits nothing from
// the daemon by accident.
Variables variables_of(const Launch& launch, const User& user, const std::string& socket,
                       const RunFiles& files) {
  const WorkInfo& info = launch.info;
  Variables variables{
      {"PATH", inherited("PATH", "/usr/local/bin:/usr/bin:/bin")},
      {"HOME", user.home},
      {"USER", user.name},
      {"LOGNAME", user.name},
      {"SHELL", user.shell},
  };
  for (const auto& [name, value] : launch.env) variables[name] = value;
  variables["WM_TASK_NAME"] = info.request.task_name;
  variables["WM_UNIQUE_NAME"] = info.request.unique_name;
  variables["WM_WORK_ID"] = info.uuid;
  variables["WM_RUN_ATTEMPT"] = std::to_string(info.work.attempts);
  variables["WM_INPUT"] = launch.input;
  variables["WM_OUTPUT_FILE"] = files.output_path(info.uuid);
  variables["WM_STATE_DIR"] = files.state_path(launch.state);
  variables["WM_STOP_REASON_FILE"] = files.stop_reason_path(info.uuid);
  variables["WM_SOCKET"] = socket;
  return variables;
}

// Variables that a run has anyway keep their values.
std::vector<std::string> environment_of(Variables variables, Variables surroundings) {
  variables.merge(surroundings);
  variables.emplace("LANG", "C.UTF-8");
  std::vector<std::string> list;
  list.reserve(variables.size());
  for (const auto& [name, value] : variables) list.push_back(name + '=' + value);
  return list;
}

Duration milliseconds(const timeval& time) {
  return std::chrono::duration_cast<Duration>(std::chrono::seconds{time.tv_sec} +
                                              std::chrono::microseconds{time.tv_usec});
}

// The number of processes that the kernel has killed for lack of memory since it started.
std::int64_t count_oom_kills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  for (std::int64_t count = 0; file >> name >> count;) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

bool has_low_oom_score() {
  int score = 0;
  std::ifstream("/proc/self/oom_score_adj") >> score;
  return score < 0;
}

ChildEnd end_of(const StartFailure& failure) {
  return {failure.out_of_resources() ? ChildEnd::How::no_room : ChildEnd::How::not_started, 0,
          failure.describe()};
}

ChildEnd no_room(const char* what) {
  return {ChildEnd::How::no_room, 0,
          std::string("cannot prepare the run's ") + what + ": " + std::strerror(errno)};
}

bool join(const std::vector<UniqueFd>& procs, pid_t pid) {
  const std::string text = std::to_string(pid);
  return std::ranges::all_of(procs, [&](const UniqueFd& group) {
    return ::write(group.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  });
}

void append(std::string& text, const std::string& more) {
  if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
}

// The priorities that the job asked for; long maintenance takes only what nobody else wants.
void set_priorities(const WorkRequest& request, ChildPlan& plan) {
  const bool processing = request.kind == WorkKind::processing;
  const IoClass io_class = request.terms.io_class;
  plan.nice = request.terms.nice;
  if (processing && !plan.nice) plan.nice = kLowestNiceness;
  plan.io_class = processing && io_class == IoClass::inherited ? IoClass::idle : io_class;
}

// Uses limits per process where no control group enforces a bound. Returns a note about bounds that
// they cannot enforce.
std::string set_limits(const Bounds& bounds, const std::vector<std::string>& unmet, uid_t uid,
                       ChildPlan& plan) {
  std::string note;
  for (const std::string& bound : unmet) {
    if (bound == "memory-max" && bounds.memory_max) {
      plan.bounds.push_back({RLIMIT_DATA, static_cast<rlim_t>(*bounds.memory_max)});
      append(note, "memory-max bounds each process separately: there is no control group for it");
    } else if (bound == "tasks-max" && bounds.tasks_max && uid != 0) {
      const int others = count_tasks_of(uid);
      plan.bounds.push_back({RLIMIT_NPROC, static_cast<rlim_t>(*bounds.tasks_max + others)});
      append(note, "tasks-max is approximate: there is no control group to count tasks");
    } else {
      append(note, bound + " is not enforced: there is no control group for it");
    }
  }
  return note;
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
      child_memory_(child_memory),
      self_(own_user(state_directory)),
      oom_protected_(has_low_oom_score()),
      oom_kills_(count_oom_kills()) {
  if (cgroups_.available()) return;
  // Processes that a run leaves behind become this process's children, and so it finds them.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  strangers_ = own_children();
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

std::expected<ProcessRunner::Berth, ChildEnd> ProcessRunner::make_berth() {
  Berth berth;
  if (!open_pipes(berth.pipes, berth.ends)) return std::unexpected(no_room("log"));
  const auto place = records_.reserve();
  if (!place) return std::unexpected(no_room("record"));
  berth.place = *place;
  std::optional<ChildEnd> problem;
  if (cgroups_.available()) {
    if (const auto group = cgroups_.create(place->number, {})) {
      berth.cgroup = group->directory;
    } else {
      problem = no_room("control group");
    }
  }
  if (!problem) return berth;
  leave(berth);
  return std::unexpected(std::move(*problem));
}

std::optional<ChildEnd> ProcessRunner::board(
    Berth& berth, std::expected<std::unique_ptr<Child>, StartFailure> child) const {
  if (!child) return end_of(child.error());
  berth.child = std::move(*child);
  berth.ends = {};
  const pid_t pid = berth.child->pid();
  if (!cgroups_.available()) berth.leader = read_process_stat(pid).value_or(ProcessStat{});
  berth.leader.pid = berth.leader.session = pid;
  return std::nullopt;
}

// Its child, if it has one, is waiting.
void ProcessRunner::leave(const Berth& berth) {
  if (berth.child) {
    ::kill(berth.child->pid(), SIGKILL);
    ::waitpid(berth.child->pid(), nullptr, 0);
  }
  records_.remove(berth.place);
}

std::expected<ProcessRunner::Berth, ChildEnd> ProcessRunner::take_berth() {
  if (!spare_) return make_berth();
  Berth berth = std::move(*spare_);
  spare_.reset();
  return berth;
}

void ProcessRunner::expect(bool start) {
  if (start == spare_.has_value() || (start && oom_protected_)) return;
  if (start) {
    // Anything that is missing now is reported by a start that still misses it.
    auto berth = make_berth();
    if (!berth) return;
    if (!board(*berth, Child::prepare(berth->files(), child_memory_))) {
      spare_ = std::move(*berth);
    } else {
      leave(*berth);
    }
    return;
  }
  leave(*spare_);
  spare_.reset();
}

// Hands the berth and its child to the run; on failure both are destroyed.
std::optional<ChildEnd> ProcessRunner::set_out(Run& run, const WorkInfo& info, Berth& berth,
                                               ChildPlan plan) {
  std::optional<ChildEnd> problem;
  RunCgroup group{.unmet = names_of(run.bounds)};
  if (!records_.add(berth.place, info)) problem = no_room("record");
  if (!problem && cgroups_.available()) {
    auto made = cgroups_.create(berth.place.number, run.bounds);
    if (!made) problem = no_room("control group");
    if (made) group = std::move(*made);
  }
  run.note = set_limits(run.bounds, group.unmet, run.uid, plan);
  plan.reset_oom_score = oom_protected_;
  plan.record_offset = berth.place.offset;
  // A run that has groups to join, or is to be told of its session, waits.
  const bool asks = session_ && run.uid == self_.uid && !oom_protected_ && session_->can_ask();
  const bool waits = asks || (!oom_protected_ && (berth.child || !group.procs.empty()));
  if (!asks) {
    plan.environment = environment_of(std::exchange(run.variables, {}), surroundings_of(run.uid));
  }
  if (!problem && waits && !berth.child)
    problem = board(berth, Child::prepare(berth.files(), child_memory_));
  if (!problem && !waits)
    problem = board(berth, Child::start(berth.files(), std::exchange(plan, {}), child_memory_));
  if (!problem && !join(group.procs, berth.leader.pid)) problem = no_room("control group");
  if (problem) {
    leave(berth);
    return problem;
  }
  run.place = berth.place;
  run.leader = berth.leader;
  run.child = std::move(berth.child);
  if (asks) {
    run.plan = std::move(plan);
  } else if (waits) {
    run.child->begin(plan);
  }
  log_.begin({run.work, run.number, run.unique_name}, std::move(berth.pipes));
  return std::nullopt;
}

std::optional<ChildEnd> ProcessRunner::try_to_start(const Launch& launch) {
  std::erase_if(beginning_, [](const RunPtr& run) { return run->forget_beginning(); });
  const WorkInfo& info = launch.info;
  if (std::ranges::count(untidy_, info.work.id, &Run::work) > 0) tidy();
  const Result<User> user = user_of(info);
  if (!user) return ChildEnd{ChildEnd::How::not_started, 0, user.error().message};
  if (!files_.prepare(info.uuid, launch.state, *user)) return no_room("files");
  auto berth = take_berth();
  if (!berth) return berth.error();
  const auto run = std::make_shared<Run>();
  run->work = info.work.id;
  run->number = info.work.runs;
  run->unique_name = info.request.unique_name;
  run->uuid = info.uuid;
  run->uid = user->uid;
  run->bounds = info.request.terms.bounds;
  run->stop_grace = launch.stop_grace;
  run->variables = variables_of(launch, *user, socket_, files_);

  ChildPlan plan;
  plan.arguments = launch.command;
  plan.directory = info.request.cwd.empty() ? user->home : info.request.cwd;
  plan.input = launch.input;
  plan.switch_user = user->uid != ::geteuid();
  plan.uid = user->uid;
  plan.gid = user->gid;
  plan.groups = user->groups;
  set_priorities(info.request, plan);
  if (auto problem = set_out(*run, info, *berth, std::move(plan))) return problem;
  const pid_t pid = run->leader.pid;
  beginning_.push_back(run);
  runs_.emplace(pid, run);
  pids_[run->work] = pid;
  if (run->plan) {
    session_->ask([this, asking = std::weak_ptr(run)] {
      if (const RunPtr waiting = asking.lock()) begin(*waiting);
    });
  }
  return std::nullopt;
}

Variables ProcessRunner::surroundings_of(uid_t uid) const {
  if (session_ && uid == self_.uid) return session_->variables();
  Variables surroundings = runtime_variables(uid);
  surroundings.merge(locale_variables());
  return surroundings;
}

// Begins the run unless it has begun, or is gone.
void ProcessRunner::begin(Run& run) const {
  auto plan = std::exchange(run.plan, std::nullopt);
  if (!plan || !run.child) return;
  plan->environment = environment_of(std::exchange(run.variables, {}), surroundings_of(run.uid));
  run.child->begin(*plan);
}

// Removes what a run has apart from its processes.
void ProcessRunner::clean_up(const Run& run) {
  const std::int64_t bytes = log_.finish(run.work);
  if (bytes > 0) on_logged_(run.work, run.number, bytes);
  if (cgroups_.available()) cgroups_.release_if_empty(run.place.number, run.bounds);
  records_.remove(run.place);
}

void ProcessRunner::stop(WorkId id, StopReason reason) {
  const auto pid = pids_.find(id);
  if (pid == pids_.end()) return;
  const RunPtr& told = runs_.at(pid->second);
  Run& run = *told;
  if (run.grace) return;
  files_.tell_stop_reason(run.uuid, reason);
  if (run.child) {
    run.child->terminate();
    begin(run);  // It then ends, whatever its session is.
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

void ProcessRunner::tell_the_rest(const Run& run) {
  const std::vector<pid_t> left =
      cgroups_.available() ? cgroups_.processes_in(run.place.number) : processes_left(run);
  for (const pid_t pid : left) {
    if (::getpgid(pid) == run.leader.pid) continue;
    ::kill(pid, SIGTERM);
    ::kill(pid, SIGCONT);
  }
}

void ProcessRunner::end_leftovers() {
  records_.end_all();
  cgroups_.end_all();
  outputs_removed_ = files_.remove_all();
}

bool ProcessRunner::can_hand_over() {
  std::erase_if(beginning_, [](const RunPtr& run) { return run->forget_beginning(); });
  return beginning_.empty() && ending_ == 0 && untidy_.empty();
}

json::array ProcessRunner::hand_over(Handover& handover) {
  expect(false);
  quiet_ = log_.hold();
  json::array list;
  for (const auto& [pid, run] : runs_) {
    const auto [output, errors] = log_.pipes_of(run->work);
    for (const int pipe : {output, errors}) {
      if (pipe >= 0) handover.keep(pipe);
    }
    json::object one{{"work", run->work},
                     {"run", run->number},
                     {"uniqueName", run->unique_name},
                     {"uuid", run->uuid},
                     {"pid", pid},
                     {"startTicks", run->leader.start_ticks},
                     {"place", run->place.number},
                     {"bounds", to_json(run->bounds)},
                     {"uid", std::int64_t{run->uid}},
                     {"note", run->note},
                     {"stopGraceMs", run->stop_grace.count()},
                     {"killed", run->killed},
                     {"output", output},
                     {"errors", errors}};
    if (run->grace) {
      const auto left = run->grace->expiry() - std::chrono::steady_clock::now();
      one["graceLeftMs"] =
          std::max<std::int64_t>(0, std::chrono::duration_cast<Duration>(left).count());
    }
    list.push_back(std::move(one));
  }
  return list;
}

void ProcessRunner::take_over(const json::array& runs, std::vector<pid_t> strangers) {
  strangers_ = std::move(strangers);
  for (const json::value& value : runs) {
    const json::object& one = value.as_object();
    const auto run = std::make_shared<Run>();
    std::int64_t start_ticks = 0;
    std::int64_t place = 0;
    std::int64_t uid = 0;
    json::object bounds;
    std::optional<Duration> grace;
    JsonReader(one)
        .read("work", run->work)
        .read("run", run->number)
        .read("uniqueName", run->unique_name)
        .read("uuid", run->uuid)
        .read("pid", run->leader.pid)
        .read("startTicks", start_ticks)
        .read("place", place)
        .read("bounds", bounds)
        .read("uid", uid)
        .read("note", run->note)
        .read("stopGraceMs", run->stop_grace)
        .read("killed", run->killed)
        .read("graceLeftMs", grace);
    run->leader.session = run->leader.pid;
    run->leader.start_ticks = static_cast<std::uint64_t>(start_ticks);
    run->bounds = bounds_from_json(bounds);
    run->uid = static_cast<uid_t>(uid);
    run->place = records_.resume(static_cast<std::size_t>(place));
    cgroups_.resume(run->place.number, run->killed);
    log_.resume(
        {run->work, run->number, run->unique_name},
        {UniqueFd(kept_descriptor(one, "output")), UniqueFd(kept_descriptor(one, "errors"))});
    runs_.emplace(run->leader.pid, run);
    pids_[run->work] = run->leader.pid;
    if (grace) wait_for_grace(run, *grace);
  }
  // Some may have ended in between.
  boost::asio::post(loop_, [this] { reap(); });
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
      kRemovals,
      [path = files_.state_path(id)] {
        std::error_code problem;
        std::filesystem::remove_all(path, problem);
        return problem;
      },
      [path = files_.state_path(id)](const std::error_code& problem) {
        if (problem) spdlog::warn("{} cannot be removed: {}", path, problem.message());
      });
}

// Without control groups: the processes of a run whose first process is gone.
std::vector<pid_t> ProcessRunner::processes_left(const Run& run) const {
  const bool told = run.grace != nullptr;
  const bool group = ::kill(-run.leader.pid, 0) == 0;
  const std::vector<pid_t> orphans = orphans_of(run);
  if (!told && !group && orphans.empty()) return {};
  std::vector<pid_t> left = processes_of_run(run.leader, run.uuid);
  left.insert(left.end(), orphans.begin(), orphans.end());
  return left;
}

// Children of this process that no program here has started: ended runs have left them behind. An
// orphan whose environment names no run is assumed to belong to this run, unless something else
// could own it: a run in progress, a run that has a grace, or a child from before wmd, of a script
// that started it and then became wmd.
std::vector<pid_t> ProcessRunner::orphans_of(const Run& run) const {
  std::vector<pid_t> orphans;
  for (const pid_t pid : own_children()) {
    if (runs_.contains(pid) || commands_.has_child(pid) || is_spare(pid)) continue;
    if (std::ranges::count(strangers_, pid) > 0) continue;
    if (const auto process = read_process_stat(pid); !process || process->dead) continue;
    const auto has = [&](const Run& one) { return is_of_run(pid, one.leader, one.uuid); };
    const bool may_be_of_another =
        !runs_.empty() || !strangers_.empty() ||
        std::ranges::any_of(closing_, [&](const RunPtr& other) {
          return other.get() != &run && (other->in_grace() || has(*other));
        });
    if (has(run) || !may_be_of_another) orphans.push_back(pid);
  }
  return orphans;
}

void ProcessRunner::kill_all(Run& run) {
  run.killed = true;
  if (cgroups_.available()) return cgroups_.kill(run.place.number);
  for (const pid_t pid : processes_left(run)) ::kill(pid, SIGKILL);
}

void ProcessRunner::reap() {
  int status = 0;
  rusage usage{};
  pid_t pid = 0;
  while ((pid = ::wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage)) > 0) {
    if (!WIFSTOPPED(status) && !WIFCONTINUED(status)) {
      finished(pid, status, usage);
    } else if (const auto run = runs_.find(pid); run != runs_.end()) {
      on_suspended_(run->second->work, WIFSTOPPED(status));
    }
  }
}

void ProcessRunner::finished(pid_t pid, int status, const rusage& usage) {
  const auto found = runs_.find(pid);
  if (found == runs_.end()) {
    if (!spare_ || !is_spare(pid)) return commands_.child_ended(pid, status);
    records_.remove(spare_->place);
    spare_.reset();
    return;
  }
  const RunPtr run = found->second;
  runs_.erase(found);
  pids_.erase(run->work);
  closing_.push_back(run);
  ++ending_;
  FinishedRun end;
  end.work = run->work;
  end.end.how = WIFSIGNALED(status) ? ChildEnd::How::signalled : ChildEnd::How::exited;
  end.end.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  end.end.reason = run->note;
  if (const auto failure = run->child ? run->child->failure() : std::nullopt) {
    end.end = end_of(*failure);
    std::erase(beginning_, run);
  }
  if (end.end.how == ChildEnd::How::signalled && end.end.code == SIGKILL) {
    append(end.end.reason, explain_kill(*run));
  }
  end.max_rss_kb = usage.ru_maxrss;
  end.user_time = milliseconds(usage.ru_utime);
  end.system_time = milliseconds(usage.ru_stime);
  end.read_kb = usage.ru_inblock * kBlock / 1024;
  end.written_kb = usage.ru_oublock * kBlock / 1024;
  if (run->in_grace()) tell_the_rest(*run);
  end_stragglers(run, std::move(end));
}

std::string ProcessRunner::out_of_grace(const Run& run) {
  return "had not ended " + format_duration(run.stop_grace) + " after it was told to stop";
}

std::string ProcessRunner::explain_kill(const Run& run) {
  if (run.killed) return "it " + out_of_grace(run);
  if (cgroups_.available() && cgroups_.ran_out_of_memory(run.place.number)) {
    return run.bounds.memory_max ? "out of memory: it exceeded " +
                                       format_size(*run.bounds.memory_max) + " (memory-max)"
                                 : "out of memory";
  }
  const std::int64_t before = std::exchange(oom_kills_, count_oom_kills());
  return oom_kills_ > before ? "perhaps out of memory: the kernel has killed a process for that"
                             : "";
}

void ProcessRunner::end_stragglers(const RunPtr& run, FinishedRun end) {
  std::vector<pid_t> left;
  if (!cgroups_.available()) left = processes_left(*run);
  const bool over = cgroups_.available() ? cgroups_.release_if_empty(run->place.number, run->bounds)
                                         : left.empty();
  if (over) return report_end(run, std::move(end));
  if (!run->grace && !std::exchange(run->killed, true)) {
    append(end.end.reason, "processes that it left running were ended");
  }
  if (run->killed) {
    if (cgroups_.available()) cgroups_.kill(run->place.number);
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
  }
  await_death(*run, left, [this, run, end = std::move(end)] { end_stragglers(run, end); });
}

void ProcessRunner::await_death(const Run& run, const std::vector<pid_t>& left,
                                std::function<void()> look_again) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  const int event = cgroups_.available()
                        ? ::fcntl(cgroups_.events_of(run.place.number), F_DUPFD_CLOEXEC, 3)
                        : static_cast<int>(::syscall(SYS_pidfd_open, left.front(), 0));
  if (event < 0 && errno == ESRCH) return boost::asio::post(loop_, std::move(look_again));
  if (event < 0) {
    const auto later = std::make_shared<boost::asio::steady_timer>(loop_, kNoDescriptor);
    return later->async_wait([later, look_again = std::move(look_again)](
                                 const boost::system::error_code&) { look_again(); });
  }
  const auto dying = std::make_shared<Descriptor>(loop_, event);
  dying->async_wait(cgroups_.available() ? Descriptor::wait_error : Descriptor::wait_read,
                    [dying, look_again = std::move(look_again)](const boost::system::error_code&) {
                      look_again();
                    });
}

void ProcessRunner::report_end(const RunPtr& run, FinishedRun end) {
  std::erase(closing_, run);
  run->ended = true;
  if (run->grace) run->grace->cancel();
  const bool ended_itself = end.end.how != ChildEnd::How::signalled || end.end.code != SIGKILL;
  if (run->grace && run->killed && ended_itself) {
    append(end.end.reason, "a process that it left running " + out_of_grace(*run));
  }
  end.output = files_.take_output(run->uuid);
  untidy_.push_back(run);
  --ending_;
  on_finished_(end);
}

void ProcessRunner::tidy() {
  for (const RunPtr& run : std::exchange(untidy_, {})) {
    if (run->grace) files_.remove(run->uuid);
    clean_up(*run);
  }
}

}  // namespace wm
