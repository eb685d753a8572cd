// Whether a request may be registered at all, by that user and here.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

#include "config/settings.h"
#include "core/work.h"
#include "daemon/turn/tasks.h"

namespace wm {

/// About how many bytes of JSON a request takes, so that pages can be cut.
std::size_t weight_of(const WorkRequest& request);

/// The configuration declares those conditions.
Result<> check_declared(const std::vector<std::string>& custom, const Settings& settings);

/// Whether `policy.allow_users` and `policy.allow_groups` let that user register work.
bool may_register(const Permissions& permissions, uid_t uid);

/// Whether the configuration's [policy] lets that user have such work.
Result<> check_permitted(const WorkRequest& request, const Permissions& permissions, uid_t asker);

/// All that can be said of a request without a look at the disk: its bounds, its size, whether
/// there is such a task.
Result<> check_request(const WorkRequest& request, const Settings& settings, uid_t asker);

/// The program that a checked request will run.
Result<UsersCommand> command_of(const WorkRequest& request, const Settings& settings, uid_t asker);

}  // namespace wm
