// Names that people mistype.
#pragma once

#include <string>

#include "fleet/command.h"

namespace wm::fleet {

/// No work has that name: perhaps another one is meant.
Error no_such_work(Context& context, const std::string& name);
/// The same of nodes.
Error no_such_node(Context& context, const std::string& name);

/// True if a node has or had that name. Without a value, the error is printed.
std::optional<bool> has_node(Context& context, const std::string& name);

}  // namespace wm::fleet
