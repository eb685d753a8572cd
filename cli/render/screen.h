// Text that is drawn anew in place on a terminal.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <unistd.h>

namespace wm::cli {

/// The rows of the terminal on standard output, or on `fd`; 0 if it is no terminal.
std::size_t terminal_rows(int fd = STDOUT_FILENO);

/// True if it can move its cursor.
bool is_capable_terminal();

/// The whole terminal, on a page of its own. It is as it was before once this ends, whether people
/// end the program (Ctrl-C), stop it (Ctrl-Z), or it ends by itself.
class Screen {
 public:
  explicit Screen(std::ostream& out);
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  void draw(const std::vector<std::string>& lines);

 private:
  std::ostream& out_;
};

/// The lines and those at their foot if they fit on so many rows; otherwise the first lines, one
/// that says how many more there are, and the foot.
std::vector<std::string> fit_rows(std::vector<std::string> lines, std::vector<std::string> foot,
                                  std::size_t rows, const std::string& dots);

}  // namespace wm::cli
