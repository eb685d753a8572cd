// Text from outside: is it UTF-8, and is it safe to show.
#pragma once

#include <string>
#include <string_view>

namespace wm {

/// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// Whether it has a character that a terminal might obey: C0, DEL, C1, or a bidirectional override.
bool has_control(std::string_view utf8);

/// The text with such characters, and bytes that are not UTF-8, written as `\xNN`: what a terminal
/// may be sent. Newlines and tabs stay when `keep_lines`.
std::string printable(std::string_view text, bool keep_lines = false);

}  // namespace wm
