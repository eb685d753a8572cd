// Decides whether that user may register a request here at all.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

#include "config/settings.h"
#include "core/work.h"
#include "daemon/turn/tasks.h"

namespace wm {

/// The approximate size of a request as JSON, for cutting pages.
std::size_t weight_of(const WorkRequest& request);

/// Checks that the configuration declares those conditions.
Result<> check_declared(const std::vector<std::string>& custom, const Settings& settings);

/// True if `policy.allow_users` and `policy.allow_groups` let that user register jobs.
bool may_register(const Permissions& permissions, uid_t uid);

/// Checks that the configuration's [policy] lets that user have such a job.
Result<> check_permitted(const WorkRequest& request, const Permissions& permissions, uid_t asker);

/// Checks everything that needs no look at the disk: the request's bounds, its size, and whether
/// its task exists.
Result<> check_request(const WorkRequest& request, const Settings& settings, uid_t asker);

/// The program that a checked request will run.
Result<UsersCommand> command_of(const WorkRequest& request, const Settings& settings, uid_t asker);

}  // namespace wm
