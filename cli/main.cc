// wm: the client.
#include <csignal>
#include <iostream>

#include "cli/streams.h"

int main(int argc, char** argv) {
  // A parent may have ignored it; `wm list | head` must end quietly.
  std::signal(SIGPIPE, SIG_DFL);
  std::ios::sync_with_stdio(false);
  return wm::cli::run(argc, argv, {std::cout, std::cerr});
}
