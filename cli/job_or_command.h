// Finds out whether the first word of a command line, which is no command, is a job.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace wm::cli {

/// `backup is a job: wm show backup, …`, `unknown command 'lst': did you mean list?`. Jobs are
/// looked up in the daemon, if one answers soon; none is started for that.
std::string no_command(const std::string& word, GlobalOptions options);

}  // namespace wm::cli
