// Shows the output of programs on a terminal that must not obey it.
#pragma once

#include <string>
#include <string_view>

namespace wm::cli {

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
