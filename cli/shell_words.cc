#include "cli/shell_words.h"

namespace wm::cli {

std::string in_single_quotes(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string shell_word(const std::string& text) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+:,./-";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos;
  return plain ? text : in_single_quotes(text);
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    const std::size_t equals = word.starts_with('-') ? word.find('=') : std::string::npos;
    const bool has_value = equals != std::string::npos && equals + 1 < word.size() &&
                           shell_word(word.substr(0, equals)).size() == equals;
    line += line.empty() ? "" : " ";
    line += has_value ? word.substr(0, equals + 1) + shell_word(word.substr(equals + 1))
                      : shell_word(word);
  }
  return line;
}

}  // namespace wm::cli
