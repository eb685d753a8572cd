// The terms of a run, as its job asked for them: its variables, its priorities, its bounds.
#pragma once

#include <string>
#include <vector>

#include "daemon/runs/run_files.h"
#include "daemon/runs/runner.h"
#include "daemon/system/child.h"
#include "daemon/system/session_variables.h"
#include "daemon/system/users.h"

namespace wm {

/// Exactly the documented variables, except those of its surroundings: a run inherits nothing from
/// the daemon by accident. Children get `socket` as WM_SOCKET.
Variables variables_of(const Launch& launch, const User& user, const std::string& socket,
                       const RunFiles& files);

/// NAME=VALUE for all of them. If both have a name, the run's own value counts.
std::vector<std::string> environment_of(Variables own, Variables surroundings);

/// A plan without an environment, bounds and a record.
ChildPlan plan_of(const Launch& launch, const User& user, const RunFiles& files);

/// Uses limits per process for the bounds that no control group enforces (`unmet`). Returns a note
/// about bounds that they cannot enforce; empty: none.
std::string set_limits(const Bounds& bounds, const std::vector<std::string>& unmet, uid_t uid,
                       ChildPlan& plan);

/// Adds to the remarks about a run, separated by a semicolon. `more` may be empty.
void add_remark(std::string& remarks, const std::string& more);

}  // namespace wm
