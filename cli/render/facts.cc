#include "cli/render/facts.h"

#include <algorithm>

#include "cli/render/terminal_text.h"
#include "core/text.h"

namespace wm::cli {
namespace {

// A command after a colon counts as one word, so that it can be copied.
std::size_t end_of_word(std::string_view text, std::size_t word, bool after_colon) {
  const std::size_t space = std::min(text.find(' ', word), text.size());
  if (!after_colon || !text.substr(word).starts_with("wm ")) return space;
  const std::size_t semicolon = text.find(';', word);
  return semicolon == std::string_view::npos ? text.size() : semicolon + 1;
}

}  // namespace

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines{""};
  std::size_t filled = 0;
  while (!text.empty()) {
    const std::size_t word = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = end_of_word(text, word, lines.back().ends_with(':'));
    const std::size_t columns = display_width(text.substr(word, end - word));
    if (width > 0 && filled > 0 && filled + word + columns > width) {
      lines.emplace_back(text.substr(word, end - word));
      filled = columns;
    } else {
      lines.back() += text.substr(0, end);
      filled += word + columns;
    }
    text.remove_prefix(end);
  }
  return lines;
}

void print_wrapped(std::ostream& out, const Style& style, std::string_view sentence,
                   std::size_t width) {
  for (const std::string& line : wrapped(sentence, width)) out << style.bold(line) << '\n';
}

void Facts::add(std::string_view label, std::string_view value, const Painter& paint) {
  constexpr std::size_t kLeast = 20;  // In less there is no sense in wrapping.
  if (value.empty()) return;
  const std::size_t room = width_ < label_ + kLeast ? 0 : width_ - label_;
  std::string before(label);
  before.resize(std::max(label_, before.size()), ' ');
  for (const std::string& line : wrapped(printable(value), room)) {
    out_ << style_.dim(before) << (paint ? paint(line) : line) << '\n';
    before.assign(label_, ' ');
  }
}

}  // namespace wm::cli
