// A few lines at the end of a terminal's text that are drawn anew in place.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace wm::cli {

class Lines {
 public:
  explicit Lines(std::ostream& out) : out_(out) {}
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines() { clear(); }

  /// Draws these lines, none wider than the terminal, where those before were.
  void draw(const std::vector<std::string>& lines);
  void clear();

 private:
  std::ostream& out_;
  std::size_t drawn_ = 0;
};

}  // namespace wm::cli
