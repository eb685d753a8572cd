#include "daemon/runs/child.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <new>

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"

// The code between clone() and execve() runs beside this process in its memory, on a stack of its
// own: system calls only, and none of the library's or the sanitizers' bookkeeping, such as errno.
#define WM_IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

namespace wm {
namespace {

constexpr std::size_t kStackSize = std::size_t{16} << 10;

// A system call as the kernel knows it: a negative errno, or the result.
template <class... Arguments>
WM_IN_CHILD inline long call(long number, Arguments... arguments) {
  const long list[6] = {(long)arguments...};
#if defined(__x86_64__)
  long result = number;
  register long fourth asm("r10") = list[3];
  register long fifth asm("r8") = list[4];
  asm volatile("syscall"
               : "+a"(result)
               : "D"(list[0]), "S"(list[1]), "d"(list[2]), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long which asm("x8") = number;
  register long result asm("x0") = list[0];
  register long second asm("x1") = list[1];
  register long third asm("x2") = list[2];
  register long fourth asm("x3") = list[3];
  register long fifth asm("x4") = list[4];
  asm volatile("svc #0"
               : "+r"(result)
               : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
               : "memory");
  return result;
#else
#error "wmd starts children by system calls of its own: add those of this processor"
#endif
}

constexpr unsigned long kSignalSetSize = 8;
constexpr int kRecord = 3;  // The record's descriptor in the child.

// What rt_sigaction(2) takes: all of it zero is the default disposition.
struct KernelSignalAction {
  unsigned long handler = 0;
  unsigned long flags = 0;
  unsigned long restorer = 0;
  unsigned long mask = 0;
};

// Those that this process does not leave to their default: what it has ignored or handled before
// its first child.
const std::vector<int>& changed_signals() {
  static const std::vector<int> kChanged = [] {
    std::vector<int> signals;
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction action{};
      if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) {
        signals.push_back(signal);
      }
    }
    return signals;
  }();
  return kChanged;
}

}  // namespace

// For the child, plain values and pointers alone: what has a constructor is the parent's.
struct Child::Start {
  Start(const ChildFiles& files, bool in_shared_memory);
  static StartPtr make(const ChildFiles& files, bool in_shared_memory);
  void set(ChildPlan child_plan);

  ChildPlan plan;
  std::vector<char*> argument_list;
  std::vector<char*> environment_list;

  // What the child reads.
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;
  const char* input = nullptr;
  std::size_t input_size = 0;
  int output = -1;
  int errors = -1;
  int record = -1;
  int cgroup = -1;
  off_t record_offset = 0;
  const ChildPlan::Bound* bounds = nullptr;
  std::size_t bounds_count = 0;
  int nice = 0;
  int io_priority = 0;
  const int* signals = nullptr;
  std::size_t signals_count = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  std::size_t groups_count = 0;
  pid_t parent = 0;
  int planned = 0;   // A futex: the plan is there to read.
  int stopping = 0;  // It is to end by SIGTERM before it runs the program.

  const bool separate;  // It has memory of its own, and shares this alone.
  bool joins = false;   // It has not begun in its cgroup.
  bool waits = false;
  bool has_nice = false;
  bool reset_oom_score = false;
  bool switch_user = false;

  // What it writes, for itself.
  std::array<char, 512> stat;  // Its line of /proc/self/stat.
  long stat_size = 0;

  // What it writes, for after its end.
  StartStage stage = StartStage::process;
  int error = 0;
  bool failed = false;

  std::atomic<int> busy = 1;  // The kernel clears it once the child needs this no longer.
  alignas(16) std::array<std::byte, kStackSize> stack;
};

Child::Start::Start(const ChildFiles& files, bool in_shared_memory)
    : output(files.output),
      errors(files.errors),
      record(files.record),
      cgroup(files.cgroup),
      parent(::getpid()),
      separate(in_shared_memory) {
  const std::vector<int>& changed = changed_signals();
  signals = changed.data();
  signals_count = changed.size();
}

Child::StartPtr Child::Start::make(const ChildFiles& files, bool in_shared_memory) {
  if (!in_shared_memory) return {new Start(files, false), [](Start* start) { delete start; }};
  void* const memory =
      ::mmap(nullptr, sizeof(Start), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return {new (memory) Start(files, true), [](Start* start) {
            start->~Start();
            ::munmap(start, sizeof(Start));
          }};
}

void Child::Start::set(ChildPlan child_plan) {
  plan = std::move(child_plan);
  const auto pointers = [](const std::vector<std::string>& strings, std::vector<char*>& list) {
    for (const std::string& text : strings) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list.data();
  };
  // From linux/ioprio.h: a class, and for best effort the middle level.
  constexpr int kBestEffort = 2 << 13 | 4;
  constexpr int kIdle = 3 << 13;
  arguments = pointers(plan.arguments, argument_list);
  environment = pointers(plan.environment, environment_list);
  directory = plan.directory.c_str();
  input = plan.input.data();
  input_size = plan.input.size();
  record_offset = plan.record_offset;
  bounds = plan.bounds.data();
  bounds_count = plan.bounds.size();
  has_nice = plan.nice.has_value();
  nice = plan.nice.value_or(0);
  if (plan.io_class == IoClass::best_effort) io_priority = kBestEffort;
  if (plan.io_class == IoClass::idle) io_priority = kIdle;
  reset_oom_score = plan.reset_oom_score;
  switch_user = plan.switch_user;
  uid = plan.uid;
  gid = plan.gid;
  groups = plan.groups.data();
  groups_count = plan.groups.size();
  __atomic_store_n(&planned, 1, __ATOMIC_RELEASE);
}

// The child's code. Every function gives the negative errno of what has failed, or 0.
struct Child::Steps {
  WM_IN_CHILD static long first_error(long result) { return result < 0 ? result : 0; }

  WM_IN_CHILD static long open(const char* path, int flags) {
    return call(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC);
  }

  WM_IN_CHILD static long join_cgroup(const Start& start) {
    const long group = call(SYS_openat, start.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    return group < 0 ? group : call(SYS_write, group, "0", 1);
  }

  WM_IN_CHILD static long read_own_stat(Start& start) {
    const long file = open("/proc/self/stat", O_RDONLY);
    if (file < 0) return file;
    const long length = call(SYS_read, file, start.stat.data(), start.stat.size());
    if (length > 0) start.stat_size = length;
    return length;
  }

  WM_IN_CHILD static long move(int file, int number, int flags) {
    return file == number ? 0 : call(SYS_dup3, file, number, flags);
  }

  // Three descriptors become 0, 1 and 2; they are above 2 themselves. The input is a file without a
  // name, made here: the daemon has others to start.
  WM_IN_CHILD static long set_files(const Start& start) {
    const long input = call(SYS_memfd_create, "wm-input", MFD_CLOEXEC);
    if (input < 0) return input;
    long set = call(SYS_dup3, input, 0, 0);
    if (set >= 0) set = call(SYS_dup3, start.output, 1, 0);
    if (set >= 0) set = call(SYS_dup3, start.errors, 2, 0);
    if (set >= 0 && start.record >= 0) set = move(start.record, kRecord, O_CLOEXEC);
    return set < 0 ? set : call(SYS_close_range, start.record < 0 ? kRecord : kRecord + 1, ~0U, 0);
  }

  WM_IN_CHILD static void wait_for_plan(const Start& start) {
    call(SYS_prctl, PR_SET_NAME, "wmd: next run");
    while (__atomic_load_n(&start.planned, __ATOMIC_ACQUIRE) == 0) {
      call(SYS_futex, &start.planned, FUTEX_WAIT_PRIVATE, 0, nullptr);
    }
    // What everybody of that name was told while it waited (killall) is not the run's.
    const unsigned long all = ~0UL;
    const timespec now{};
    while (call(SYS_rt_sigtimedwait, &all, nullptr, &now, kSignalSetSize) > 0) {
    }
  }

  // All of it, at that place of the file.
  WM_IN_CHILD static long write(long file, const char* bytes, std::size_t size, off_t place) {
    for (std::size_t written = 0; written < size;) {
      const long length = call(SYS_pwrite64, file, bytes + written, size - written,
                               place + static_cast<off_t>(written));
      if (length < 0) return length;
      written += static_cast<std::size_t>(length);
    }
    return 0;
  }

  WM_IN_CHILD static long write_record(const Start& start) {
    if (start.record < 0) return 0;
    return write(kRecord, start.stat.data(), static_cast<std::size_t>(start.stat_size),
                 start.record_offset);
  }

  WM_IN_CHILD static long set_bounds(const Start& start) {
    for (std::size_t i = 0; i < start.bounds_count; ++i) {
      const rlim_t limit[2] = {start.bounds[i].most, start.bounds[i].most};
      const long set = call(SYS_prlimit64, 0, start.bounds[i].resource, &limit[0], 0);
      if (set < 0) return set;
    }
    if (start.has_nice) {
      if (const long set = call(SYS_setpriority, PRIO_PROCESS, 0, start.nice); set < 0) return set;
    }
    // A machine without I/O priorities serves everybody alike.
    constexpr int kThisProcess = 1;  // IOPRIO_WHO_PROCESS
    if (start.io_priority != 0) call(SYS_ioprio_set, kThisProcess, 0, start.io_priority);
    if (!start.reset_oom_score) return 0;
    const long score = open("/proc/self/oom_score_adj", O_WRONLY);
    return score < 0 ? score : first_error(call(SYS_write, score, "0", 1));
  }

  WM_IN_CHILD static long set_user(const Start& start) {
    if (!start.switch_user) return 0;
    long set = call(SYS_setgroups, start.groups_count, start.groups);
    if (set == 0) set = call(SYS_setresgid, start.gid, start.gid, start.gid);
    if (set == 0) set = call(SYS_setresuid, start.uid, start.uid, start.uid);
    return set;
  }

  WM_IN_CHILD static void reset_dispositions(const Start& start) {
    const KernelSignalAction by_default;
    for (std::size_t i = 0; i < start.signals_count; ++i) {
      call(SYS_rt_sigaction, start.signals[i], &by_default, 0, kSignalSetSize);
    }
  }

  WM_IN_CHILD static void let_signals_come() {
    const unsigned long none = 0;
    call(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, kSignalSetSize);
  }

  WM_IN_CHILD static void require(Start& start, StartStage stage, long result) {
    if (result >= 0) return;
    start.stage = stage;
    start.error = static_cast<int>(-result);
    start.failed = true;
    for (;;) call(SYS_exit_group, 127);
  }

  WM_IN_CHILD static int all(void* argument) {
    Start& start = *static_cast<Start*>(argument);
    // Should the daemon be killed before there is a record or a plan, this process goes with it.
    const bool bound = start.record >= 0 || start.waits;
    if (bound) {
      call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
      require(start, StartStage::process, call(SYS_getppid) == start.parent ? 0 : -ECHILD);
    }
    if (start.joins) require(start, StartStage::cgroup, join_cgroup(start));
    require(start, StartStage::session, call(SYS_setsid));
    if (start.record >= 0) require(start, StartStage::record, read_own_stat(start));
    require(start, StartStage::files, set_files(start));
    reset_dispositions(start);
    call(SYS_umask, 022);
    if (start.waits) wait_for_plan(start);
    require(start, StartStage::record, write_record(start));
    if (bound) call(SYS_prctl, PR_SET_PDEATHSIG, 0);
    require(start, StartStage::files, write(0, start.input, start.input_size, 0));
    require(start, StartStage::bounds, set_bounds(start));
    require(start, StartStage::user, set_user(start));
    require(start, StartStage::directory, call(SYS_chdir, start.directory));
    let_signals_come();
    if (__atomic_load_n(&start.stopping, __ATOMIC_ACQUIRE) != 0) {
      call(SYS_kill, call(SYS_getpid), SIGTERM);
    }
    require(start, StartStage::program,
            call(SYS_execve, start.arguments[0], start.arguments, start.environment));
    return 0;
  }

  static pid_t begin(Start& start);
};

namespace {

// A system call of two or five arguments that makes a process. The C library has no clone3(), which
// alone can start a child inside a cgroup: to move it there afterwards makes every other process
// that forks wait. The child goes on with `body` on its new stack and never returns here.
long make_process(long number, const std::array<long, 5>& arguments, int (*body)(void*),
                  void* argument) {
#if defined(__x86_64__)
  long result = number;
  register long fourth asm("r10") = arguments[3];
  register long fifth asm("r8") = arguments[4];
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %[argument], %%rdi\n\t"
      "callq *%[body]\n\t"
      "hlt\n"
      "1:"
      : "+a"(result)
      : "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(fourth),
        "r"(fifth), [body] "r"(body), [argument] "r"(argument)
      : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long result asm("x0") = arguments[0];
  register long second asm("x1") = arguments[1];
  register long third asm("x2") = arguments[2];
  register long fourth asm("x3") = arguments[3];
  register long fifth asm("x4") = arguments[4];
  register long which asm("x8") = number;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x0, %[argument]\n\t"
      "blr %[body]\n\t"
      "brk #0\n"
      "1:"
      : "+r"(result)
      : "r"(second), "r"(third), "r"(fourth), "r"(fifth),
        "r"(which), [body] "r"(body), [argument] "r"(argument)
      : "x30", "memory");
  return result;
#endif
}

}  // namespace

// The new process, or a negative errno.
pid_t Child::Steps::begin(Start& start) {
  clone_args arguments{};
  if (!start.separate) {
    arguments.flags = CLONE_VM | CLONE_CHILD_CLEARTID;
    arguments.child_tid = reinterpret_cast<std::uintptr_t>(&start.busy);
  }
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uintptr_t>(start.stack.data());
  arguments.stack_size = start.stack.size();
  if (start.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(start.cgroup);
  }
  const auto address = [](const auto& object) { return reinterpret_cast<long>(&object); };
  const long made = make_process(SYS_clone3, {address(arguments), sizeof arguments, 0, 0, 0},
                                 &Steps::all, &start);
  if (made != -ENOSYS) return static_cast<pid_t>(made);
  // A sandbox that looks at the flags of clone() cannot see those of clone3(), and forbids it.
  start.joins = start.cgroup >= 0;
  const long stack_end = address(start.stack) + static_cast<long>(start.stack.size());
  const auto flags = static_cast<long>(arguments.flags & ~CLONE_INTO_CGROUP) | SIGCHLD;
#if defined(__x86_64__)
  const std::array<long, 5> list{flags, stack_end, 0, address(start.busy), 0};
#else
  const std::array<long, 5> list{flags, stack_end, 0, 0, address(start.busy)};
#endif
  return static_cast<pid_t>(make_process(SYS_clone, list, &Steps::all, &start));
}

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

std::string StartFailure::describe() const {
  const std::string name = " '" + printable(what) + "'";
  std::string text = "cannot ";
  switch (stage) {
    case StartStage::process:
      text += "create a process";
      break;
    case StartStage::session:
      text += "start a session";
      break;
    case StartStage::record:
      text += "record the process";
      break;
    case StartStage::bounds:
      text += "set its limits and priority";
      break;
    case StartStage::cgroup:
      text += "join its control group";
      break;
    case StartStage::files:
      text += "set up standard input, output and error";
      break;
    case StartStage::user:
      text += "become user " + what;
      break;
    case StartStage::directory:
      text += "change to the directory" + name;
      break;
    case StartStage::program:
      text += "run" + name;
      break;
  }
  if (error == ENOEXEC) return text + ": it is neither a program nor a script that begins with #!";
  return text + ": " + std::strerror(error);
}

Child::Child(StartPtr start) : start_(std::move(start)) {}

// A child that has not begun yet goes on reading.
Child::~Child() {
  static std::vector<StartPtr> still_read;
  std::erase_if(still_read, [](const StartPtr& start) { return start->busy == 0; });
  if (!start_->separate && !has_begun()) still_read.push_back(std::move(start_));
}

std::expected<void, StartFailure> Child::clone() {
  // No handler of ours may run in the child, where it would change our memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_ = Steps::begin(*start_);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid_ > 0) return {};
  start_->busy = 0;
  return std::unexpected(StartFailure{StartStage::process, -pid_, ""});
}

std::expected<std::unique_ptr<Child>, StartFailure> Child::prepare(const ChildFiles& files) {
  std::unique_ptr<Child> child(new Child(Start::make(files, false)));
  child->start_->waits = true;
  if (const auto cloned = child->clone(); !cloned) return std::unexpected(cloned.error());
  return child;
}

void Child::begin(ChildPlan plan) {
  start_->set(std::move(plan));
  ::syscall(SYS_futex, &start_->planned, FUTEX_WAKE_PRIVATE, 1);
}

std::expected<std::unique_ptr<Child>, StartFailure> Child::start(const ChildFiles& files,
                                                                 ChildPlan plan) {
  std::unique_ptr<Child> child(new Child(Start::make(files, plan.reset_oom_score)));
  child->start_->set(std::move(plan));
  if (const auto cloned = child->clone(); !cloned) return std::unexpected(cloned.error());
  return child;
}

// Told in memory first: a child that has waited drops the signals of that time.
void Child::terminate() {
  __atomic_store_n(&start_->stopping, 1, __ATOMIC_RELEASE);
  // One that has just begun does not lead a group yet.
  if (::kill(-pid_, SIGTERM) != 0) ::kill(pid_, SIGTERM);
}

bool Child::has_begun() const {
  if (!start_->separate) return start_->busy.load(std::memory_order_acquire) == 0;
  const auto program = [](const std::string& process) {
    std::error_code gone;
    return std::filesystem::read_symlink("/proc/" + process + "/exe", gone);
  };
  return program(std::to_string(pid_)) != program("self");
}

std::optional<StartFailure> Child::failure() const {
  if (!start_->failed) return std::nullopt;
  StartFailure failure{start_->stage, start_->error, ""};
  if (failure.stage == StartStage::program) failure.what = start_->plan.arguments.front();
  if (failure.stage == StartStage::directory) failure.what = start_->plan.directory;
  if (failure.stage == StartStage::user) failure.what = std::to_string(start_->plan.uid);
  return failure;
}

}  // namespace wm
