#include "cli/render/table.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <tuple>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/render/terminal_text.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastShare = 16;    // Of a column whose share is bounded.
constexpr std::size_t kWidestPadded = 48;  // Where nothing is cut.

}  // namespace

std::size_t terminal_width(int fd) {
  winsize size{};
  if (::isatty(fd) == 0 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::size_t Table::width_of(const std::vector<Room>& rooms) {
  std::size_t width = 0;
  for (const Room& room : rooms) {
    if (!room.hidden) width += room.width + kGap;
  }
  return width - std::min(width, kGap);
}

std::vector<Table::Room> Table::whole_rooms() const {
  std::vector<Room> rooms;
  for (const Column& column : columns_) rooms.push_back({display_width(column.title)});
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      rooms[i].width = std::max(rooms[i].width, display_width(row[i]));
    }
  }
  return rooms;
}

// One very long name leaves room for the other columns.
void Table::bound(std::vector<Room>& rooms, std::size_t width) const {
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const std::size_t share = std::max(kLeastShare, width / columns_[i].parts);
    if (!columns_[i].bounded || rooms[i].width <= share) continue;
    const std::size_t whole = width_of(rooms);
    if (whole > width) rooms[i].width -= std::min(whole - width, rooms[i].width - share);
  }
}

// Cells of columns that may give way are cut first, then these columns are hidden, and only then
// the others are cut.
void Table::give_way(std::vector<Room>& rooms, std::size_t width) const {
  std::vector<std::size_t> order(rooms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto turn = [&](std::size_t i) {
    const Room& room = rooms[i];
    const int rank = columns_[i].gives_way;
    const int step = room.hidden                      ? 0
                     : room.width > columns_[i].least ? (rank > 0 ? 3 : 1)
                     : rank > 0                       ? 2
                                                      : 0;
    return std::tuple(step, rank, room.width);
  };
  while (width_of(rooms) > width) {
    const std::size_t next = *std::ranges::max_element(order, {}, turn);
    const int step = std::get<0>(turn(next));
    if (step == 0) break;
    if (step == 2) {
      rooms[next].hidden = true;
    } else {
      --rooms[next].width;
    }
  }
}

// What a hidden column has left over goes to cut cells, in the columns that give way last.
void Table::grow(std::vector<Room>& rooms, std::size_t width) const {
  const std::vector<Room> whole = whole_rooms();
  std::vector<std::size_t> order(rooms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return std::pair(columns_[i].gives_way > 0, std::abs(columns_[i].gives_way));
  });
  for (const std::size_t i : order) {
    const std::size_t taken = width_of(rooms);
    if (rooms[i].hidden || taken >= width) continue;
    rooms[i].width += std::min(width - taken, whole[i].width - rooms[i].width);
  }
}

std::vector<Table::Room> Table::rooms(std::size_t width) const {
  std::vector<Room> rooms = whole_rooms();
  if (width == 0) {
    for (Room& room : rooms) room.width = std::min(room.width, kWidestPadded);
    return rooms;
  }
  bound(rooms, width);
  give_way(rooms, width);
  grow(rooms, width);
  return rooms;
}

std::size_t Table::whole_width() const { return width_of(whole_rooms()); }

void Table::print(std::ostream& out, const Style& style, std::size_t width) {
  if (rooms_.empty()) {
    rooms_ = rooms(width);
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
  while (filled > 0 && (cells[filled - 1].empty() || rooms_[filled - 1].hidden)) --filled;
  std::vector<Room> whole = rooms_;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    whole[i].width = std::max(whole[i].width, display_width(cells[i]));
  }
  const bool fits = width == 0 || width_of(whole) <= width;
  for (std::size_t i = 0; i < filled; ++i) {
    const Room& room = rooms_[i];
    if (room.hidden) continue;
    const std::string text = fits ? cells[i] : cut_to_width(cells[i], room.width, style.dots());
    const Painter& paint = columns_[i].paint;
    out << (title ? style.bold(text) : paint ? paint(style, text) : text);
    if (i + 1 == filled) break;
    const std::size_t taken = display_width(text);
    out << std::string(std::max(room.width, taken) - taken + kGap, ' ');
  }
  out << '\n';
}

}  // namespace wm::cli
