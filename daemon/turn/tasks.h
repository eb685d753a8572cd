// What a task name runs: from declared tasks and commands of one's own to the argument vector.
#pragma once

#include "config/settings.h"
#include "daemon/runs/runner.h"

namespace wm {

/// The command a request means under these settings. An undeclared task is an error that names the
/// declared ones.
Result<std::vector<std::string>> resolve_command(const WorkRequest& request,
                                                 const Settings& settings);

/// What the runner needs to start the work.
Result<Launch> make_launch(const WorkInfo& info, const Settings& settings);

/// An argument vector, and with whose rights it is to run.
struct UsersCommand {
  std::vector<std::string> words;
  uid_t user = 0;
};

/// Whether the program of a command is there and may be executed by that user, who learns nothing
/// of what is closed to him; looked at when work is registered, so that a typing error is seen by
/// who made it. Not on the loop: see ProgramChecks.
Result<> check_executable(const UsersCommand& command);

}  // namespace wm
