// Threads beside the loop.
#pragma once

#include <functional>
#include <optional>
#include <thread>

namespace wm {

/// A thread that takes no signals: they belong to the loop. Nothing: the machine has no thread to
/// give.
std::optional<std::thread> start_thread(std::function<void()> body);

}  // namespace wm
