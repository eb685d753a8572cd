// A few lines at the end of a terminal's text that are drawn anew in place.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <unistd.h>

namespace wm::cli {

class Lines {
 public:
  /// `fd`: the terminal behind `out`.
  explicit Lines(std::ostream& out, int fd = STDERR_FILENO) : out_(out), fd_(fd) {}
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines() { clear(); }

  /// Draws these lines, none wider than the terminal, where those before were.
  void draw(const std::vector<std::string>& lines);
  void clear();

 private:
  std::size_t rows() const;

  std::ostream& out_;
  int fd_;
  std::vector<std::size_t> drawn_;  // The width of each line.
};

}  // namespace wm::cli
