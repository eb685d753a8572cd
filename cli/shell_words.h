// Writes text as a word of a shell's command.
#pragma once

#include <string>

namespace wm::cli {

/// In single quotes, for bash, zsh and fish.
std::string in_single_quotes(const std::string& text);

/// The text itself if no shell reads anything into it, otherwise in single quotes.
std::string shell_word(const std::string& text);

}  // namespace wm::cli
