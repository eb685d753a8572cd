// The steps of a child from its making to its program, the same for both kinds of memory.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/system/child_start.h"
#include "daemon/system/identity_calls.h"
#include "daemon/system/in_child.h"
#include "daemon/system/variables_file.h"

namespace wm {

/// `Kernel::call` is a system call, with its result or a negative errno. Every function here
/// returns the negative errno of the failed call, or 0.
template <class Kernel>
struct ChildSteps {
  static constexpr std::size_t kSignalBytes = NSIG / 8;  // The size of the kernel's signal sets.

  WM_IN_CHILD static long first_error(long result) { return result < 0 ? result : 0; }

  WM_IN_CHILD static long open(const char* path, int flags) {
    return Kernel::call(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC);
  }

  WM_IN_CHILD static long join_cgroup(const ChildStart& start) {
    const long group = Kernel::call(SYS_openat, start.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    return group < 0 ? group : Kernel::call(SYS_write, group, "0", 1);
  }

  WM_IN_CHILD static long read_own_stat(ChildStart& start) {
    const long file = open("/proc/self/stat", O_RDONLY);
    if (file < 0) return file;
    const long length = Kernel::call(SYS_read, file, start.stat.data(), start.stat.size());
    if (length > 0) start.stat_size = length;
    return length;
  }

  // Closes all above 2, except those that the child needs until its program begins.
  WM_IN_CHILD static long close_others(const ChildStart& start) {
    const bool in_order = start.record < start.sign;
    const int kept[2] = {in_order ? start.record : start.sign,
                         in_order ? start.sign : start.record};
    int first = 3;
    for (int i = 0; i < 2; ++i) {
      if (kept[i] < 0) continue;
      if (first < kept[i]) {
        const long closed = Kernel::call(SYS_close_range, first, kept[i] - 1, 0);
        if (closed < 0) return closed;
      }
      first = kept[i] + 1;
    }
    return Kernel::call(SYS_close_range, first, ~0U, 0);
  }

  // Three descriptors become 0, 1 and 2; they are above 2 themselves. The input is a file without a
  // name, made here, because the daemon has other children to start.
  WM_IN_CHILD static long set_files(const ChildStart& start) {
    const long input = Kernel::call(SYS_memfd_create, "wm-input", MFD_CLOEXEC);
    if (input < 0) return input;
    long set = Kernel::call(SYS_dup3, input, 0, 0);
    if (set >= 0) set = Kernel::call(SYS_dup3, start.output, 1, 0);
    if (set >= 0) set = Kernel::call(SYS_dup3, start.errors, 2, 0);
    return set < 0 ? set : close_others(start);
  }

  WM_IN_CHILD static void wait_for_plan(const ChildStart& start) {
    Kernel::call(SYS_prctl, PR_SET_NAME, "wmd: next run");
    while (__atomic_load_n(&start.planned, __ATOMIC_ACQUIRE) == 0) {
      Kernel::call(SYS_futex, &start.planned, FUTEX_WAIT, 0, nullptr);
    }
    // Signals for everybody of that name (killall) while it waited are not meant for the run.
    const std::uint64_t all[2] = {~std::uint64_t{0}, ~std::uint64_t{0}};
    const timespec now{};
    while (Kernel::call(SYS_rt_sigtimedwait, &all[0], nullptr, &now, kSignalBytes) > 0) {
    }
  }

  // Writes all bytes at that place of the file. pwritev(2) is the only call that takes the place in
  // the same way on all processors: as two halves, of which the first is the whole if a long can
  // hold it.
  WM_IN_CHILD static long write(long file, const char* bytes, std::size_t size, off_t place) {
    iovec rest{const_cast<char*>(bytes), size};
    while (rest.iov_len > 0) {
      const long length = Kernel::call(SYS_pwritev, file, &rest, 1, place, place >> 32);
      if (length < 0) return length;
      rest.iov_base = static_cast<char*>(rest.iov_base) + length;
      rest.iov_len -= static_cast<std::size_t>(length);
      place += length;
    }
    return 0;
  }

  WM_IN_CHILD static long write_record(const ChildStart& start) {
    if (start.record < 0) return 0;
    return write(start.record, start.stat.data(), static_cast<std::size_t>(start.stat_size),
                 start.record_offset);
  }

  // The daemon has other children to start.
  WM_IN_CHILD static long make_state_directory(const ChildStart& start) {
    if (start.state_directory[0] == 0) return 0;
    const long made = Kernel::call(SYS_mkdirat, AT_FDCWD, start.state_directory, 0700);
    if (made < 0 && made != -EEXIST) return made;
    if (!start.switch_user) return 0;
    return Kernel::call(SYS_fchownat, AT_FDCWD, start.state_directory, start.uid, start.gid,
                        AT_SYMLINK_NOFOLLOW);
  }

  WM_IN_CHILD static long set_bounds(const ChildStart& start) {
    for (std::size_t i = 0; i < start.bounds_count; ++i) {
      const std::uint64_t limit[2] = {start.bounds[i].most, start.bounds[i].most};
      const long set = Kernel::call(SYS_prlimit64, 0, start.bounds[i].resource, &limit[0], 0);
      if (set < 0) return set;
    }
    if (start.has_nice) {
      if (const long set = Kernel::call(SYS_setpriority, PRIO_PROCESS, 0, start.nice); set < 0)
        return set;
    }
    // Without I/O priorities, a machine treats everybody alike.
    constexpr int kThisProcess = 1;  // IOPRIO_WHO_PROCESS
    if (start.io_priority != 0) Kernel::call(SYS_ioprio_set, kThisProcess, 0, start.io_priority);
    if (!start.reset_oom_score) return 0;
    const long score = open("/proc/self/oom_score_adj", O_WRONLY);
    return score < 0 ? score : first_error(Kernel::call(SYS_write, score, "0", 1));
  }

  WM_IN_CHILD static long set_user(const ChildStart& start) {
    if (!start.switch_user) return 0;
    long set = Kernel::call(kSetGroups, start.groups_count, start.groups);
    if (set == 0) set = Kernel::call(kSetAllGids, start.gid, start.gid, start.gid);
    if (set == 0) set = Kernel::call(kSetAllUids, start.uid, start.uid, start.uid);
    return set;
  }

  WM_IN_CHILD static long enter_directory(const ChildStart& start) {
    const long entered = Kernel::call(SYS_chdir, start.directory);
    if (entered >= 0 || start.directory_note_size == 0) return entered;
    Kernel::call(SYS_write, 2, start.directory_note, start.directory_note_size);
    return Kernel::call(SYS_chdir, "/");
  }

  // Reads all of the file of variables, which must not make it wait.
  WM_IN_CHILD static long read_variables_file(ChildStart& start) {
    const long file = open(start.variables_file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return file;
    struct statx status;
    const long known = Kernel::call(SYS_statx, file, "", AT_EMPTY_PATH, STATX_TYPE, &status);
    if (known < 0) return known;
    if (!S_ISREG(status.stx_mode)) {
      start.variables.problem = VariablesProblem::not_a_file;
      return -EINVAL;
    }
    for (;;) {
      char* const end = start.variables.end;
      const auto taken = static_cast<std::size_t>(end - start.variables.at);
      const long length = Kernel::call(SYS_read, file, end, kMostInVariablesFile + 1 - taken);
      if (length <= 0) return first_error(length);
      start.variables.end += length;
      if (taken + static_cast<std::size_t>(length) > kMostInVariablesFile) {
        start.variables.problem = VariablesProblem::too_large;
        return -EINVAL;
      }
    }
  }

  WM_IN_CHILD static bool have_same_name(const char* one, const char* other) {
    while (*one == *other && *one != '=') {
      ++one;
      ++other;
    }
    return *one == *other;
  }

  // Its values win over those that are there.
  WM_IN_CHILD static long take_variables_file(ChildStart& start) {
    if (start.variables_file[0] == 0) return 0;
    if (const long read = read_variables_file(start); read < 0) return read;
    for (const char* c = start.variables.at; c != start.variables.end; ++c) {
      if (*c == '\n') ++start.variables.line;
      if (*c != 0) continue;
      start.variables.problem = VariablesProblem::nul;
      return -EINVAL;
    }
    start.variables.line = 1;
    while (char* const variable = start.variables.next()) {
      char** place = start.environment;
      while (*place && !have_same_name(*place, variable)) ++place;
      if (!*place) place[1] = nullptr;
      *place = variable;
    }
    return start.variables.problem == VariablesProblem::none ? 0 : -EINVAL;
  }

  // A script says whose lack it may be that the program is not there.
  WM_IN_CHILD static long run_program(ChildStart& start) {
    const long failed =
        Kernel::call(SYS_execve, start.arguments[0], start.arguments, start.environment);
    if (failed != -ENOENT) return failed;
    const long program = open(start.arguments[0], O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (program < 0) return failed;
    const long length = Kernel::call(SYS_read, program, start.head.data(), start.head.size());
    if (length > 0) start.head_size = length;
    return failed;
  }

  WM_IN_CHILD static void reset_dispositions(const ChildStart& start) {
    const unsigned long by_default[5] = {};  // The kernel reads no more of it.
    for (std::size_t i = 0; i < start.signals_count; ++i) {
      Kernel::call(SYS_rt_sigaction, start.signals[i], &by_default[0], 0, kSignalBytes);
    }
  }

  WM_IN_CHILD static void let_signals_come() {
    const std::uint64_t none[2] = {};
    Kernel::call(SYS_rt_sigprocmask, SIG_SETMASK, &none[0], 0, kSignalBytes);
  }

  WM_IN_CHILD static void require(ChildStart& start, StartStage stage, long result) {
    if (result >= 0) return;
    start.stage = stage;
    start.error = static_cast<int>(-result);
    start.failed = true;
    for (;;) Kernel::call(SYS_exit_group, 127);
  }

  // The parent may be gone already.
  WM_IN_CHILD static long bind_to_parent(const ChildStart& start) {
    if (!start.bound) return 0;
    const long bound = Kernel::call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (bound < 0) return bound;
    return Kernel::call(SYS_getppid) == start.parent ? 0 : -ECHILD;
  }

  WM_IN_CHILD static void take(ChildStart& start) {
    require(start, StartStage::process, bind_to_parent(start));
    if (start.joins) require(start, StartStage::cgroup, join_cgroup(start));
    require(start, StartStage::session, Kernel::call(SYS_setsid));
    if (start.record >= 0) require(start, StartStage::record, read_own_stat(start));
    require(start, StartStage::files, set_files(start));
    reset_dispositions(start);
    if (start.waits) wait_for_plan(start);
    require(start, StartStage::program, -start.plan_error);
    require(start, StartStage::record, write_record(start));
    require(start, StartStage::files, write(0, start.input, start.input_size, 0));
    Kernel::call(SYS_umask, 077);
    require(start, StartStage::state, make_state_directory(start));
    Kernel::call(SYS_umask, start.umask);
    require(start, StartStage::bounds, set_bounds(start));
    require(start, StartStage::user, set_user(start));
    require(start, StartStage::process, bind_to_parent(start));  // Another user undoes it.
    require(start, StartStage::directory, enter_directory(start));
    require(start, StartStage::variables, take_variables_file(start));
    let_signals_come();
    if (__atomic_load_n(&start.stopping, __ATOMIC_ACQUIRE) != 0) {
      Kernel::call(SYS_kill, Kernel::call(SYS_getpid), SIGTERM);
    }
    require(start, StartStage::program, run_program(start));
  }
};

}  // namespace wm
