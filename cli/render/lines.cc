#include "cli/render/lines.h"

#include "cli/render/table.h"
#include "cli/render/terminal_text.h"

namespace wm::cli {

// A terminal that has become narrower shows a longer line in several rows.
std::size_t Lines::rows() const {
  const std::size_t columns = terminal_width(fd_);
  std::size_t rows = drawn_.size();
  for (const std::size_t width : drawn_) {
    if (columns > 0 && width > columns) rows += (width - 1) / columns;
  }
  return rows;
}

void Lines::draw(const std::vector<std::string>& lines) {
  std::string text;
  if (!drawn_.empty()) text += "\033[" + std::to_string(rows()) + "A";
  drawn_.clear();
  for (const std::string& line : lines) {
    text += "\r" + line + "\033[K\n";
    drawn_.push_back(display_width(line));
  }
  out_ << text << "\033[J" << std::flush;
}

void Lines::clear() {
  if (drawn_.empty()) return;
  out_ << "\033[" << rows() << "A\r\033[J" << std::flush;
  drawn_.clear();
}

}  // namespace wm::cli
