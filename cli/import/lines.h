// Reads lines and words of the tables of other schedulers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wm::cli {

/// The lines without their ends. A newline at the end begins no line.
std::vector<std::string> lines_of(std::string_view text);

/// The text without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);

/// Takes the word before the next blank or tab from the text, and the blanks around it.
std::string_view take_word(std::string_view& text);

/// The parts between the separators; an empty text has one empty part.
std::vector<std::string_view> split(std::string_view text, std::string_view separator);

}  // namespace wm::cli
