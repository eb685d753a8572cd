// Says in words why a job did not run at a moment that has passed.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "cli/render/style.h"
#include "core/time.h"

namespace wm::cli {

/// One sentence about that moment, from the answer about it.
std::string verdict_then(const boost::json::object& why, TimePoint now);

/// Prints the facts behind it: what was missing, what was there, and what nobody knows, each with
/// its time. `width`: that of the terminal; 0: there is none.
void print_facts_then(std::ostream& out, const Style& style, const boost::json::object& why,
                      std::size_t width, TimePoint now);

/// What else people should know, and the commands that they may want next.
std::vector<std::string> next_steps_then(const boost::json::object& why, TimePoint now,
                                         const std::string& owner = "");

}  // namespace wm::cli
