#include "cli/progress_line.h"

namespace wm::cli {

void ProgressLine::say(std::string_view text) {
  constexpr std::chrono::milliseconds kPause{250};
  const auto now = now_();
  const auto passed = std::chrono::floor<std::chrono::seconds>(now - began_);
  if (!shown_ || passed < std::chrono::seconds{1} || now < said_ + kPause) return;
  said_ = now;
  clear();
  line_ = "wm: " + std::string(text) + ", " + std::to_string(passed.count()) + " s";
  out_ << line_ << std::flush;
}

// Spaces, not a sequence to erase the line: any terminal has them.
void ProgressLine::clear() {
  if (line_.empty()) return;
  out_ << '\r' << std::string(line_.size(), ' ') << '\r' << std::flush;
  line_.clear();
}

}  // namespace wm::cli
