// Checks text from outside, reads numbers, joins lists, and finds by text.
#pragma once

#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace wm {

/// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// True if it has a character that a terminal might obey: C0, DEL, C1, or a bidirectional override.
bool has_control(std::string_view utf8);

/// The text with such characters, and bytes that are not UTF-8, written as `\xNN`, safe for a
/// terminal. Newlines and tabs stay if `keep_lines`.
std::string printable(std::string_view text, bool keep_lines = false);

/// The number that the whole text represents; nothing if it is none, or does not fit. No spaces, no
/// `+`, and a `-` only for signed types.
template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number{};
  const char* const end = std::to_address(text.end());
  const auto [stop, problem] = std::from_chars(std::to_address(text.begin()), end, number, base);
  return problem == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

/// A map in which a text is found without making a string of it.
struct HashOfText {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, HashOfText, std::equal_to<>>;

/// Joins the parts that are not empty, with the separator between them.
template <class Parts>
std::string join(const Parts& parts, std::string_view separator = ", ") {
  std::string text;
  for (const auto& part : parts) {
    if (std::string_view(part).empty()) continue;
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

}  // namespace wm
