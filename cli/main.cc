// wm: the client.
#include <csignal>
#include <iostream>

#include "cli/streams.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // Whoever started us: who reads no more ends us, quietly.
  std::ios::sync_with_stdio(false);
  return wm::cli::run(argc, argv, {std::cout, std::cerr});
}
