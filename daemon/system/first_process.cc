#include "daemon/system/first_process.h"

#include <csignal>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace wm {
namespace {

// Reaps ended processes; exits once `child` has ended.
void reap_orphans(pid_t child) {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == child) ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

// Sockets that were passed to the first process are for the one that goes on: sd_listen_fds(3).
void take_passed_sockets(pid_t first) {
  const char* const whose = std::getenv("LISTEN_PID");
  if (whose && whose == std::to_string(first)) {
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  }
}

}  // namespace

void leave_first_process() {
  constexpr pid_t kFirst = 1;
  if (::getpid() != kFirst) return;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // Otherwise the kernel drops signals without a handler.
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child <= 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child == 0) take_passed_sockets(kFirst);
    return;  // Without another process it serves itself.
  }
  for (;;) {
    const int signal = ::sigwaitinfo(&all, nullptr);
    if (signal == SIGCHLD) {
      reap_orphans(child);
    } else if (signal > 0) {
      ::kill(child, signal);
    }
  }
}

}  // namespace wm
