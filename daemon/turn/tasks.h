// Finds the argument vector for a declared task or a command.
#pragma once

#include "config/settings.h"
#include "daemon/runs/runner.h"

namespace wm {

/// The command that a request means under these settings. The error about an undeclared task names
/// the declared ones.
Result<std::vector<std::string>> resolve_command(const WorkRequest& request,
                                                 const Settings& settings);

/// Everything that the runner needs to start the job.
Result<Launch> make_launch(const WorkInfo& info, const Settings& settings);

/// An argument vector, and the user with whose rights it runs.
struct UsersCommand {
  std::vector<std::string> words;
  uid_t user = 0;
};

/// Checks that the program of a command exists and may be executed by that user, who learns nothing
/// about places that are closed to them. This happens when a job is registered, so that whoever
/// made a typing error sees it. Not on the loop: see ProgramChecks.
Result<> check_executable(const UsersCommand& command);

}  // namespace wm
