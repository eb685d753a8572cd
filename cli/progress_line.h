// A line on a terminal that says that something goes on, and how far it is.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace wm::cli {

class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  /// Writes nothing in the first second, and nothing at all if `shown` is false.
  ProgressLine(std::ostream& out, bool shown, std::function<Clock::time_point()> now = Clock::now)
      : out_(out), shown_(shown), now_(std::move(now)), began_(now_()) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  bool shown() const { return shown_; }
  /// Shows the text, in ASCII, and the seconds that have passed, in place of what was shown before:
  /// a few times a second, however often it is called.
  void say(std::string_view text);
  /// Takes the line away, because something else is about to be printed.
  void clear();

 private:
  std::ostream& out_;
  bool shown_;
  std::function<Clock::time_point()> now_;
  Clock::time_point began_;
  Clock::time_point said_ = began_;
  std::string line_;
};

}  // namespace wm::cli
