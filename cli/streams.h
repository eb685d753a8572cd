// The streams of a command are arguments, so that tests read what people read.
#pragma once

#include <ostream>

namespace wm::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
};

/// Runs the whole client: reads the arguments, does what they say, and returns the exit status.
int run(int argc, const char* const* argv, Streams streams);

}  // namespace wm::cli
