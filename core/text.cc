#include "core/text.h"

#include <cstdint>
#include <optional>

namespace wm {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t length = 0;
};

// The first character of non-empty `text`; nothing if it is malformed.
std::optional<Character> first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return Character{lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return std::nullopt;
  char32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return std::nullopt;
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[length] || surrogate || code > 0x10ffff) return std::nullopt;
  return Character{code, length};
}

bool is_control(char32_t code) {
  const bool bidirectional =
      (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || bidirectional;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character) return false;
    text.remove_prefix(character->length);
  }
  return true;
}

bool has_control(std::string_view utf8) {
  while (!utf8.empty()) {
    const auto character = first_character(utf8);
    if (!character || is_control(character->code)) return true;
    utf8.remove_prefix(character->length);
  }
  return false;
}

std::string printable(std::string_view text, bool keep_lines) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string shown;
  while (!text.empty()) {
    const auto character = first_character(text);
    const std::size_t length = character ? character->length : 1;
    const bool line = keep_lines && (text.front() == '\n' || text.front() == '\t');
    if (line || (character && !is_control(character->code))) {
      shown += text.substr(0, length);
    } else {
      for (const char c : text.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(c);
        shown += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xf]};
      }
    }
    text.remove_prefix(length);
  }
  return shown;
}

}  // namespace wm
