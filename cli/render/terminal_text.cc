#include "cli/render/terminal_text.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::size_t kLongestColor = 64;

// The length of a colour sequence at the beginning of `text`; 0: there is none. Nothing: it may go
// on.
std::optional<std::size_t> color_length(std::string_view text) {
  if (text.size() > 1 && text[1] != '[') return 0;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  if (text.size() < 2 || end == std::string_view::npos) {
    return text.size() < kLongestColor ? std::nullopt : std::optional<std::size_t>(0);
  }
  return text[end] == 'm' && end < kLongestColor ? end + 1 : 0;
}

// The number of bytes at the end that may be the beginning of a character.
std::size_t cut_off(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string TerminalText::take(std::string_view bytes) {
  const std::string all = waiting_ + std::string(bytes);
  std::string_view rest = all;
  std::string shown;
  while (!rest.empty()) {
    const std::size_t plain = std::min(rest.find_first_of("\x1b\r"), rest.size());
    const std::size_t held = plain == rest.size() ? cut_off(rest) : 0;
    shown += printable(rest.substr(0, plain - held), true);
    rest.remove_prefix(plain - held);
    if (held > 0 || rest.empty()) break;
    if (rest.front() == '\r') {
      if (rest.size() == 1) break;
      if (rest[1] != '\n') shown += '\n';
      rest.remove_prefix(1);
      continue;
    }
    const auto color = color_length(rest);
    if (!color) break;
    shown += *color > 0 ? std::string(rest.substr(0, *color)) : printable(rest.substr(0, 1));
    rest.remove_prefix(std::max<std::size_t>(*color, 1));
  }
  waiting_ = rest;
  return shown;
}

std::string TerminalText::finish() { return printable(std::exchange(waiting_, {}), true); }

}  // namespace wm::cli
