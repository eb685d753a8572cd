#include "daemon/process_runner.h"

#include <csignal>
#include <cstdlib>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wm {
namespace {

std::string inherited(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// Exactly what INTERFACE lists: a run inherits nothing from the daemon by accident.
std::vector<std::string> environment_of(const Launch& launch, const User& user,
                                        const std::string& socket, const std::string& output_file) {
  const WorkInfo& info = launch.info;
  std::map<std::string, std::string> variables{
      {"PATH", inherited("PATH", "/usr/local/bin:/usr/bin:/bin")},
      {"HOME", user.home},
      {"USER", user.name},
      {"LOGNAME", user.name},
      {"SHELL", user.shell},
      {"LANG", inherited("LANG", "C.UTF-8")},
  };
  for (const auto& [name, value] : launch.env) variables[name] = value;
  variables["WM_TASK_NAME"] = info.request.task_name;
  variables["WM_UNIQUE_NAME"] = info.request.unique_name;
  variables["WM_WORK_ID"] = info.uuid;
  variables["WM_RUN_ATTEMPT"] = std::to_string(info.work.attempts);
  variables["WM_INPUT"] = launch.input;
  variables["WM_OUTPUT_FILE"] = output_file;
  variables["WM_SOCKET"] = socket;
  std::vector<std::string> list;
  list.reserve(variables.size());
  for (const auto& [name, value] : variables) list.push_back(name + '=' + value);
  return list;
}

// Standard input that holds `text` and then ends.
UniqueFd input_with(const std::string& text) {
  UniqueFd file(::memfd_create("wm-input", MFD_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0) {
    file.reset();
  }
  return file;
}

Duration milliseconds(const timeval& time) {
  return std::chrono::duration_cast<Duration>(std::chrono::seconds{time.tv_sec} +
                                              std::chrono::microseconds{time.tv_usec});
}

}  // namespace

ProcessRunner::ProcessRunner(boost::asio::io_context& loop, const std::filesystem::path& state_dir,
                             std::string socket)
    : loop_(loop),
      socket_(std::move(socket)),
      log_(state_dir / "logs"),
      records_(state_dir / "running"),
      outputs_(state_dir / "outputs"),
      self_(find_user(::geteuid())) {}

Result<User> ProcessRunner::user_of(uid_t owner) const {
  if (owner == ::geteuid()) return self_;
  if (::geteuid() != 0) {
    return fail(ErrorCode::not_permitted, "only root's daemon can run work of other users");
  }
  return find_user(owner);
}

std::optional<ChildEnd> ProcessRunner::start(const Launch& launch) {
  const WorkInfo& info = launch.info;
  const Result<User> user = user_of(info.work.owner);
  if (!user) return ChildEnd{ChildEnd::How::not_started, 0, user.error().message};

  const UniqueFd input = input_with(launch.input);
  const UniqueFd output = log_.create(info.work.id, info.work.runs, LogStream::output);
  const UniqueFd errors = log_.create(info.work.id, info.work.runs, LogStream::errors);
  const UniqueFd record = records_.create(info);
  const bool has_output = outputs_.create(info.uuid, user->uid, user->gid);
  if (!input || !output || !errors || !record || !has_output) {
    return ChildEnd{ChildEnd::How::no_room, 0,
                    std::string("cannot prepare the run's files: ") + std::strerror(errno)};
  }
  ChildPlan plan;
  plan.arguments = launch.command;
  plan.environment = environment_of(launch, *user, socket_, outputs_.path_of(info.uuid));
  plan.directory = info.request.cwd.empty() ? user->home : info.request.cwd;
  plan.input = input.get();
  plan.output = output.get();
  plan.errors = errors.get();
  plan.record = record.get();
  plan.at_idle_priority = info.request.kind == WorkKind::processing;
  plan.switch_user = user->uid != ::geteuid();
  plan.uid = user->uid;
  plan.gid = user->gid;
  plan.groups = user->groups;

  const auto pid = start_child(plan);
  if (!pid) {
    records_.remove(info.work.id);
    outputs_.remove(info.uuid);
    log_.finish(info.work.id, info.work.runs);
    const auto how =
        pid.error().out_of_resources() ? ChildEnd::How::no_room : ChildEnd::How::not_started;
    return ChildEnd{how, 0, pid.error().describe(plan)};
  }
  runs_.try_emplace(*pid,
                    Run{info.work.id, info.work.runs, info.uuid, {}, launch.stop_grace, nullptr});
  pids_[info.work.id] = *pid;
  return std::nullopt;
}

void ProcessRunner::stop(WorkId id, StopReason /*reason*/) {
  const auto pid = pids_.find(id);
  if (pid == pids_.end()) return;
  Run& run = runs_.at(pid->second);
  if (run.grace) return;
  // Read now, while the leader is surely there: it names the session of whatever outlives it.
  run.leader = read_process_stat(pid->second).value_or(ProcessStat{.pid = pid->second});
  ::kill(-pid->second, SIGTERM);
  ::kill(-pid->second, SIGCONT);  // A stopped process would not see the signal.
  run.grace = std::make_unique<boost::asio::steady_timer>(loop_, run.stop_grace);
  run.grace->async_wait([this, id](const boost::system::error_code& cancelled) {
    const auto still = pids_.find(id);
    if (!cancelled && still != pids_.end()) kill_all(runs_.at(still->second));
  });
}

void ProcessRunner::end_leftovers() {
  records_.end_all();
  outputs_.remove_all();
}

void ProcessRunner::forget(WorkId id, int run) { log_.remove(id, run); }

void ProcessRunner::kill_all(const Run& run) const {
  for (const pid_t pid : processes_of_run(run.leader, run.uuid)) ::kill(pid, SIGKILL);
}

void ProcessRunner::reap() {
  int status = 0;
  rusage usage{};
  pid_t pid = 0;
  while ((pid = ::wait4(-1, &status, WNOHANG, &usage)) > 0) finished(pid, status, usage);
}

void ProcessRunner::finished(pid_t pid, int status, const rusage& usage) {
  const auto found = runs_.find(pid);
  if (found == runs_.end()) return other_child_ended_(pid, status);
  const auto run = std::make_shared<const Run>(std::move(found->second));
  runs_.erase(found);
  pids_.erase(run->work);
  FinishedRun end;
  end.work = run->work;
  end.end.how = WIFSIGNALED(status) ? ChildEnd::How::signalled : ChildEnd::How::exited;
  end.end.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  end.max_rss_kb = usage.ru_maxrss;
  end.user_time = milliseconds(usage.ru_utime);
  end.system_time = milliseconds(usage.ru_stime);
  // What a stopped run leaves behind would overlap with its next one.
  if (run->grace) {
    end_stragglers(run, end);
  } else {
    settle(*run, end);
  }
}

void ProcessRunner::end_stragglers(const std::shared_ptr<const Run>& run, const FinishedRun& end) {
  const std::vector<pid_t> left = processes_of_run(run->leader, run->uuid);
  if (left.empty()) return settle(*run, end);
  for (const pid_t pid : left) ::kill(pid, SIGKILL);
  const auto look_again = [this, run, end] { end_stragglers(run, end); };
  const int one = static_cast<int>(::syscall(SYS_pidfd_open, left.front(), 0));
  if (one < 0) return boost::asio::post(loop_, look_again);
  const auto dying = std::make_shared<boost::asio::posix::stream_descriptor>(loop_, one);
  dying->async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [dying, look_again](const boost::system::error_code&) { look_again(); });
}

void ProcessRunner::settle(const Run& run, const FinishedRun& end) {
  FinishedRun settled = end;
  settled.output = outputs_.take(run.uuid);
  records_.remove(run.work);
  log_.finish(run.work, run.number);
  on_finished_(settled);
}

}  // namespace wm
