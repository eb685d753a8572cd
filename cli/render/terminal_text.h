// What programs have printed, for a terminal that must not obey them.
#pragma once

#include <string>
#include <string_view>

namespace wm::cli {

/// Passes text and colours (SGR sequences) on; other control characters, and bytes that are no
/// UTF-8, are written as `\xNN`, and a carriage return begins a new line. What is cut in the middle
/// waits for the rest.
class TerminalText {
 public:
  std::string take(std::string_view bytes);
  /// What still waits, at the end.
  std::string finish();

 private:
  std::string waiting_;
};

}  // namespace wm::cli
