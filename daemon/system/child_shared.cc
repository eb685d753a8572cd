// A child that shares its parent's memory until it runs its program. It must not use the C
// library's own calls, which would change the parent's errno.
#include "daemon/system/child_steps.h"

#ifdef WM_SHARES_MEMORY

#include <linux/sched.h>
#include <sched.h>

namespace wm {
namespace {

struct BareKernel {
  template <class... Arguments>
  WM_IN_CHILD static long call(long number, Arguments... arguments) {
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
#endif
  }
};

// Calls a system call of two or five arguments that makes a process. The C library has no clone3(),
// and nothing else can start a child inside a cgroup: moving it there afterwards makes every other
// process that forks wait. The child goes on with `body` on its new stack and never returns here.
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

WM_IN_CHILD int take_sharing_steps(void* start) {
  ChildSteps<BareKernel>::take(*static_cast<ChildStart*>(start));
  return 0;
}

}  // namespace

pid_t make_sharing_child(ChildStart& start) {
  clone_args arguments{};
  arguments.flags = CLONE_VM | CLONE_CHILD_CLEARTID;
  arguments.child_tid = reinterpret_cast<std::uintptr_t>(&start.busy);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uintptr_t>(start.stack.data());
  arguments.stack_size = start.stack.size();
  if (start.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(start.cgroup);
  }
  const auto address = [](const auto& object) { return reinterpret_cast<long>(&object); };
  const long made = make_process(SYS_clone3, {address(arguments), sizeof arguments, 0, 0, 0},
                                 &take_sharing_steps, &start);
  if (made != -ENOSYS) return static_cast<pid_t>(made);
  // A sandbox that checks the flags of clone() cannot see those of clone3(), and forbids it.
  start.joins = start.cgroup >= 0;
  const long stack_end = address(start.stack) + static_cast<long>(start.stack.size());
  constexpr long kFlags = CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD;
#if defined(__x86_64__)
  const std::array<long, 5> list{kFlags, stack_end, 0, address(start.busy), 0};
#else
  const std::array<long, 5> list{kFlags, stack_end, 0, 0, address(start.busy)};
#endif
  return static_cast<pid_t>(make_process(SYS_clone, list, &take_sharing_steps, &start));
}

}  // namespace wm

#else

namespace wm {

pid_t make_sharing_child(ChildStart&) { return -ENOSYS; }

}  // namespace wm

#endif
