// The terms of a run, as its work asked for them: its variables, its priorities, its bounds.
#pragma once

#include <string>
#include <vector>

#include "daemon/runs/run_files.h"
#include "daemon/runs/runner.h"
#include "daemon/system/child.h"
#include "daemon/system/session_variables.h"
#include "daemon/system/users.h"

namespace wm {

/// Exactly the variables that INTERFACE lists, but for those of its surroundings: a run inherits
/// nothing from the daemon by accident. Children are told `socket` as WM_SOCKET.
Variables variables_of(const Launch& launch, const User& user, const std::string& socket,
                       const RunFiles& files);

/// NAME=VALUE of all of them. Where both have a name, the run's own value stands.
std::vector<std::string> environment_of(Variables own, Variables surroundings);

/// A plan without an environment, bounds and a record.
ChildPlan plan_of(const Launch& launch, const User& user);

/// Where no control group keeps a bound (those that are `unmet`), limits of each process come near
/// it. Returns what they cannot keep, in words; empty: nothing.
std::string set_limits(const Bounds& bounds, const std::vector<std::string>& unmet, uid_t uid,
                       ChildPlan& plan);

/// Adds to what is said of a run, with a semicolon between. `more` may be empty.
void add_remark(std::string& remarks, const std::string& more);

}  // namespace wm
