// Shows all that is known of one job; two commands do.
#pragma once

#include <string>

#include "cli/session.h"

namespace wm::cli {

/// `times`: dates and seconds instead of `in 14m`. Returns the exit status.
int show_job(Session& session, const std::string& name, bool times);

}  // namespace wm::cli
