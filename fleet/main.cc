// wm-fleet: the same work on any machine that suits.
#include <csignal>
#include <iostream>

#include "fleet/command.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);
  return wm::fleet::run(argc, argv, {std::cout, std::cerr});
}
