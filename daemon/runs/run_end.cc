// The end of a run: its first process, the processes that it leaves behind, and the reason.
#include <algorithm>
#include <csignal>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/size.h"
#include "daemon/runs/process_runner.h"
#include "daemon/runs/run_terms.h"

namespace wm {
namespace {

constexpr std::int64_t kBlock = 512;  // The unit of rusage's counts: see getrusage(2).
// The wait before looking for an end for which no descriptor could be had.
constexpr std::chrono::milliseconds kNoDescriptor{100};

Duration milliseconds(const timeval& time) {
  return std::chrono::duration_cast<Duration>(std::chrono::seconds{time.tv_sec} +
                                              std::chrono::microseconds{time.tv_usec});
}

}  // namespace

void ProcessRunner::reap() {
  int status = 0;
  rusage usage{};
  pid_t pid = 0;
  while ((pid = ::wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage)) > 0) {
    if (!WIFSTOPPED(status) && !WIFCONTINUED(status)) {
      child_ended(pid, status, usage);
    } else if (const auto run = runs_.find(pid); run != runs_.end()) {
      on_suspended_(run->second->work, WIFSTOPPED(status));
    }
  }
}

void ProcessRunner::child_ended(pid_t pid, int status, const rusage& usage) {
  const auto found = runs_.find(pid);
  if (found == runs_.end()) {
    if (!preparation_.child_ended(pid)) commands_.child_ended(pid, status);
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
    add_remark(end.end.reason, explain_kill(*run));
  }
  end.max_rss_kb = usage.ru_maxrss;
  end.user_time = milliseconds(usage.ru_utime);
  end.system_time = milliseconds(usage.ru_stime);
  end.read_kb = usage.ru_inblock * kBlock / 1024;
  end.written_kb = usage.ru_oublock * kBlock / 1024;
  if (run->in_grace()) tell_the_rest(*run);
  end_stragglers(run, std::move(end));
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
    add_remark(end.end.reason, "processes that it left running were ended");
  }
  if (run->killed) {
    if (cgroups_.available()) cgroups_.kill(run->place.number);
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
  }
  await_death(*run, left, [this, run, end = std::move(end)] { end_stragglers(run, end); });
}

// The processes, without control groups, of a run whose first process is gone.
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
    if (runs_.contains(pid) || commands_.has_child(pid) || preparation_.has_child(pid)) continue;
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
    add_remark(end.end.reason, "a process that it left running " + out_of_grace(*run));
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

// Removes what a run has apart from its processes.
void ProcessRunner::clean_up(const Run& run) {
  const std::int64_t bytes = log_.finish(run.work);
  if (bytes > 0) on_logged_(run.work, run.number, bytes);
  if (cgroups_.available()) cgroups_.release_if_empty(run.place.number, run.bounds);
  records_.remove(run.place);
}

}  // namespace wm
