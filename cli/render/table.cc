#include "cli/render/table.h"

#include <algorithm>
#include <numeric>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/render/terminal_text.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // No column is cut to less.

}  // namespace

std::size_t terminal_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t width) const {
  std::vector<std::size_t> widest;
  for (const Column& column : columns_) widest.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widest[i] = std::max(widest[i], display_width(row[i]));
  }
  if (width == 0) return widest;
  const std::size_t gaps = kGap * (widest.size() - 1);
  while (std::accumulate(widest.begin(), widest.end(), gaps) > width) {
    std::size_t& largest = *std::ranges::max_element(widest);
    if (largest <= kNarrowest) break;
    --largest;
  }
  return widest;
}

std::size_t Table::whole_width() const {
  const std::vector<std::size_t> whole = widths(0);
  return std::accumulate(whole.begin(), whole.end(), kGap * (whole.size() - 1));
}

void Table::print(std::ostream& out, const Style& style, std::size_t width) {
  if (room_.empty()) {
    room_ = widths(width);
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    if (!std::ranges::all_of(titles, &std::string::empty)) {
      print_row(out, style, width, titles, true);
    }
  }
  for (const auto& row : rows_) print_row(out, style, width, row, false);
  rows_.clear();
}

void Table::print_row(std::ostream& out, const Style& style, std::size_t width,
                      const std::vector<std::string>& cells, bool title) const {
  std::size_t filled = cells.size();
  while (filled > 0 && cells[filled - 1].empty()) --filled;
  std::size_t whole = kGap * (cells.size() - 1);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    whole += std::max(room_[i], display_width(cells[i]));
  }
  const bool fits = width == 0 || whole <= width;
  for (std::size_t i = 0; i < filled; ++i) {
    const std::string text = fits ? cells[i] : cut_to_width(cells[i], room_[i]);
    const Painter& paint = columns_[i].paint;
    out << (title ? style.bold(text) : paint ? paint(style, text) : text);
    if (i + 1 == filled) break;
    const std::size_t taken = display_width(text);
    out << std::string(std::max(room_[i], taken) - taken + kGap, ' ');
  }
  out << '\n';
}

}  // namespace wm::cli
