// wm: the client.
#include <iostream>

#include "cli/streams.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return wm::cli::run(argc, argv, {std::cout, std::cerr});
}
