#include "daemon/child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"

// The code between clone() and execve() shares this process's memory on a stack of its own: system
// calls only, and none of the sanitizers' bookkeeping.
#define WM_IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

namespace wm {
namespace {

constexpr std::size_t kStackSize = std::size_t{64} << 10;

struct Start {
  const ChildPlan* plan = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  pid_t parent = 0;
  StartFailure failure;  // The child writes it, the parent reads it once the child is gone.
  bool failed = false;
};

[[noreturn]] WM_IN_CHILD void give_up(Start& start, StartStage stage) {
  start.failure = {stage, errno};
  start.failed = true;
  ::_exit(127);
}

WM_IN_CHILD bool write_record(int record) {
  const int stat = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (stat < 0) return false;
  char text[1024];
  const ssize_t length = ::read(stat, text, sizeof text);
  return length > 0 && ::write(record, text, static_cast<std::size_t>(length)) == length;
}

// The caller's three descriptors become 0, 1 and 2; they are above 2 themselves.
WM_IN_CHILD bool set_files(const ChildPlan& plan) {
  return ::dup2(plan.input, 0) == 0 && ::dup2(plan.output, 1) == 1 && ::dup2(plan.errors, 2) == 2 &&
         ::close_range(3, ~0U, 0) == 0;
}

// The system calls themselves: the C library's functions would change every thread of the parent.
WM_IN_CHILD bool set_user(const ChildPlan& plan) {
  return ::syscall(SYS_setgroups, plan.groups.size(), plan.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, plan.gid, plan.gid, plan.gid) == 0 &&
         ::syscall(SYS_setresuid, plan.uid, plan.uid, plan.uid) == 0;
}

// The machine may refuse it: the run is welcome all the same.
WM_IN_CHILD void yield_to_others() {
  constexpr int kWhoProcess = 1;  // IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE: linux/ioprio.h
  constexpr int kIdleClass = 3 << 13;
  constexpr int kLowest = 19;
  ::syscall(SYS_setpriority, PRIO_PROCESS, 0, kLowest);
  ::syscall(SYS_ioprio_set, kWhoProcess, 0, kIdleClass);
}

WM_IN_CHILD void reset_signals() {
  struct sigaction by_default{};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &by_default, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

WM_IN_CHILD int run_child(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  const ChildPlan& plan = *start.plan;
  // Should the daemon be killed before the record is written, this process goes with it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(127);
  if (::setsid() < 0) give_up(start, StartStage::session);
  if (plan.record >= 0 && !write_record(plan.record)) give_up(start, StartStage::record);
  ::prctl(PR_SET_PDEATHSIG, 0);
  if (!set_files(plan)) give_up(start, StartStage::files);
  if (plan.switch_user && !set_user(plan)) give_up(start, StartStage::user);
  if (plan.at_idle_priority) yield_to_others();
  ::umask(022);
  if (::chdir(plan.directory.c_str()) != 0) give_up(start, StartStage::directory);
  reset_signals();
  ::execve(start.arguments[0], start.arguments, start.environment);
  give_up(start, StartStage::program);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (const std::string& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// Mapped once: children start one at a time, and each is done with it when start_child() returns.
void* stack_top() {
  static void* const kStack = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  return kStack == MAP_FAILED ? nullptr : static_cast<char*>(kStack) + kStackSize;
}

}  // namespace

bool StartFailure::out_of_resources() const {
  switch (error) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
    case ETXTBSY:
      return true;
    default:
      return false;
  }
}

std::string StartFailure::describe(const ChildPlan& plan) const {
  const auto quoted = [](const std::string& text) { return " '" + printable(text) + "'"; };
  std::string what = "cannot ";
  switch (stage) {
    case StartStage::process:
      what += "create a process";
      break;
    case StartStage::session:
      what += "start a session";
      break;
    case StartStage::record:
      what += "record the process";
      break;
    case StartStage::files:
      what += "set up standard input, output and error";
      break;
    case StartStage::user:
      what += "become user " + std::to_string(plan.uid);
      break;
    case StartStage::directory:
      what += "change to the directory" + quoted(plan.directory);
      break;
    case StartStage::program:
      what += "run" + quoted(plan.arguments.front());
      break;
  }
  if (error == ENOEXEC) return what + ": it is neither a program nor a script that begins with #!";
  return what + ": " + std::strerror(error);
}

std::expected<pid_t, StartFailure> start_child(const ChildPlan& plan) {
  const std::vector<char*> arguments = pointers(plan.arguments);
  const std::vector<char*> environment = pointers(plan.environment);
  Start start{&plan, arguments.data(), environment.data(), ::getpid(), {}, false};
  void* const stack = stack_top();
  if (!stack) return std::unexpected(StartFailure{StartStage::process, ENOMEM});

  // No handler of ours may run in the child, where it would change our memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::clone(run_child, stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  if (pid < 0) return std::unexpected(StartFailure{StartStage::process, error});
  if (start.failed) {
    ::waitpid(pid, nullptr, 0);
    return std::unexpected(start.failure);
  }
  return pid;
}

}  // namespace wm
