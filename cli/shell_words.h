// Writes text as a word of a shell's command.
#pragma once

#include <string>
#include <vector>

namespace wm::cli {

/// In single quotes, for bash, zsh and fish.
std::string in_single_quotes(const std::string& text);

/// The text itself if no shell reads anything into it, otherwise in single quotes.
std::string shell_word(const std::string& text);

/// A command that a shell reads as these words.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace wm::cli
