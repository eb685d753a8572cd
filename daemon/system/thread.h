// Threads beside the loop.
#pragma once

#include <functional>
#include <optional>
#include <thread>

namespace wm {

/// A thread that takes no signals: they are the loop's. Nothing: the machine has none to give.
std::optional<std::thread> start_thread(std::function<void()> body);

}  // namespace wm
