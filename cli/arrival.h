// Waits for a daemon to appear, without polling.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cli/client.h"

namespace wm::cli {

using Connect = std::function<Result<Client>()>;
using Deadline = std::chrono::steady_clock::time_point;

/// Calls `connect` now, and again whenever something happens to `socket`, until a daemon answers
/// there. The error is the last one of `connect` before the deadline, or one that waiting cannot
/// fix.
Result<Client> connect_once_there(const std::string& socket, const Connect& connect,
                                  Deadline deadline);

/// The remaining time in the form of poll(2).
int poll_time(Deadline deadline);

}  // namespace wm::cli
