// wm: the client.
#include <csignal>
#include <iostream>

#include <fcntl.h>
#include <unistd.h>

#include "cli/streams.h"

namespace {

// A socket must not take the place of a standard stream that is closed: what we print would go to
// the daemon. Whoever writes to these gets an error.
void fill_closed_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  // A parent may have ignored it; `wm list | head` must end quietly.
  std::signal(SIGPIPE, SIG_DFL);
  std::ios::sync_with_stdio(false);
  return wm::cli::run(argc, argv, {std::cout, std::cerr});
}
