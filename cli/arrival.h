// Waits for a daemon that is to come, without asking again and again.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cli/client.h"

namespace wm::cli {

using Connect = std::function<Result<Client>()>;
using Deadline = std::chrono::steady_clock::time_point;

/// Calls `connect` now, and then whenever something becomes of `socket`, until one answers there.
/// An error: what `connect` said last, by the deadline, or what it said that no daemon mends.
Result<Client> connect_once_there(const std::string& socket, const Connect& connect,
                                  Deadline deadline);

/// The time until then as poll(2) takes it.
int poll_time(Deadline deadline);

}  // namespace wm::cli
