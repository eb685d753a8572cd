// wm: the client.
#include <csignal>
#include <iostream>

#include "cli/streams.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // A parent may ignore it; `wm list | head` is to end quietly.
  std::ios::sync_with_stdio(false);
  return wm::cli::run(argc, argv, {std::cout, std::cerr});
}
