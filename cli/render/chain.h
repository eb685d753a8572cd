// Shows jobs that depend on each other as a tree.
#pragma once

#include <ostream>

#include <boost/json.hpp>

#include "cli/render/style.h"

namespace wm::cli {

/// Prints a line per job, below its prerequisite. A job with several prerequisites appears below
/// each of them, and its own dependants below the first. `self` is the job that was asked for.
void print_chain(std::ostream& out, const Style& style, const boost::json::array& chain,
                 const std::string& self);

}  // namespace wm::cli
