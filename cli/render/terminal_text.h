// Text on a terminal: its width there, and the output of programs, which it must not obey.
#pragma once

#include <string>
#include <string_view>

namespace wm::cli {

/// The columns that text takes on a terminal: two for a Chinese character or an emoji, none for a
/// mark that joins the character before it. Control characters have been escaped.
std::size_t display_width(std::string_view utf8);

/// The text if it takes at most `width` columns, otherwise as many of its first characters as fit,
/// and `dots`, one column wide. A character with its marks, or an emoji of several parts, is cut as
/// a whole.
std::string cut_to_width(std::string_view utf8, std::size_t width, std::string_view dots = "…");

/// The text without its colours (SGR sequences).
std::string without_colors(std::string_view text);

/// Passes text and colours (SGR sequences) on. Other control characters, and bytes that are no
/// UTF-8, are written as `\xNN`, and a carriage return begins a new line. A character or a sequence
/// that is cut in the middle waits for the rest.
class TerminalText {
 public:
  std::string take(std::string_view bytes);
  /// Returns what still waits, at the end.
  std::string finish();

 private:
  std::string waiting_;
};

}  // namespace wm::cli
