// Sends a task's reports to the daemon from inside its run.
#pragma once

#include <string_view>

#include "cli/session.h"

namespace wm::cli {

/// Sends `parameters` for the run that this process is part of; returns the exit status.
int report(Session& session, std::string_view method, boost::json::object parameters);

}  // namespace wm::cli
