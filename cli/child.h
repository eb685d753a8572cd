// Starts another program beside this one.
#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wm::cli {

inline constexpr int kNothing = -1;  // /dev/null

/// A program to start. What is not said is as for this one.
struct ChildProgram {
  std::vector<std::string> words;                       // The first is looked up in PATH.
  std::array<int, 3> files{0, 1, 2};                    // Its standard input, output and error.
  std::optional<std::vector<std::string>> environment;  // NAME=VALUE
  std::vector<int> default_signals;                     // They are not ignored or handled.
  bool own_session = false;
};

/// The variables of this program, for changes.
std::vector<std::string> own_environment();

/// The process, or the errno.
std::expected<pid_t, int> start(ChildProgram program);

/// Waits for its end. Returns its exit status; nothing: a signal has ended it.
std::optional<int> await_end(pid_t child);

}  // namespace wm::cli
