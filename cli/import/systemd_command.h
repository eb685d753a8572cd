// The command lines of a unit of systemd (systemd.service(5)) as one command of wm.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace wm::cli {

/// Gives `%h` its value; nothing: wm cannot know it.
using Specifiers = std::function<std::optional<std::string>(char letter)>;

/// Replaces the specifiers of a text. The error names the one that wm cannot know.
Result<std::string> expand(std::string_view text, const Specifiers& specifiers);

/// Splits by systemd's rules of quoting. The error says what is wrong.
Result<std::vector<std::string>> systemd_words(std::string_view text);

struct ServiceCommand {
  std::vector<std::string> command;    // An argument vector if it is one line without variables.
  std::vector<std::string> variables;  // The environment variables that it mentions.
  std::vector<std::string> notes;
  bool privileged = false;  // A line runs with full rights (`+`, `!`).
};

/// The lines run one after the other; the first that fails ends it, except those with the prefix
/// `-`.
Result<ServiceCommand> service_command(const std::vector<std::string>& lines,
                                       const Specifiers& specifiers);

}  // namespace wm::cli
