// The works that depend on each other, as a tree.
#pragma once

#include <ostream>

#include <boost/json.hpp>

#include "cli/render/style.h"

namespace wm::cli {

/// A line each, under what it comes after; work that comes after several stands under each of them,
/// with its own dependants under the first. `self` is the one that was asked for.
void print_chain(std::ostream& out, const Style& style, const boost::json::array& chain,
                 const std::string& self);

}  // namespace wm::cli
