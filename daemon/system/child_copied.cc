// A child with a copy of its parent's memory, on every processor.
#include <linux/sched.h>
#include <sched.h>

#include "daemon/system/child_steps.h"

namespace wm {
namespace {

struct LibraryKernel {
  template <class... Arguments>
  static long call(long number, Arguments... arguments) {
    const long result = ::syscall(number, (long)arguments...);
    return result < 0 ? -errno : result;
  }
};

}  // namespace

pid_t make_copied_child(ChildStart& start) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  if (start.cgroup >= 0) {
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(start.cgroup);
  }
  long made = LibraryKernel::call(SYS_clone3, &arguments, sizeof arguments);
  if (made == -ENOSYS) {
    // A sandbox that checks the flags of clone() cannot see those of clone3(), and forbids it.
    start.joins = start.cgroup >= 0;
    made = ::_Fork();  // _Fork() runs no handlers of other code.
    if (made < 0) made = -errno;
  }
  if (made == 0) ChildSteps<LibraryKernel>::take(start);
  return static_cast<pid_t>(made);
}

}  // namespace wm
