// Columns of text that fit the terminal.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <unistd.h>

#include "cli/render/style.h"

namespace wm::cli {

class Table {
 public:
  /// Paints a cell's text once its width is known.
  using Painter = std::function<std::string(const Style&, std::string_view)>;

  static constexpr std::size_t kWhole = ~std::size_t{0};

  struct Column {
    std::string title;
    Painter paint = nullptr;
    // Columns with more are cut first, and hidden if that is not enough; of the same, the widest.
    // Others are cut last, and never hidden.
    int gives_way = 0;
    std::size_t least = 8;  // It is not cut to less; kWhole: not at all.
    // Before any other, a cell that is longer than its share of the terminal is cut to that: one
    // part in `parts`.
    bool bounded = false;
    std::size_t parts = 3;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Adds a row with one cell per column; control characters are shown escaped.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// The columns of the terminal that all of it takes.
  std::size_t whole_width() const;

  /// Prints the rows added since the last time, at most `width` columns wide: cells are cut, with
  /// `…`, in the columns that give way first. 0: cuts nothing, and a very wide cell widens no
  /// other. The first call fixes the width of each column; a wider cell later on shifts the cells
  /// after it, if there is room.
  void print(std::ostream& out, const Style& style, std::size_t width);

 private:
  /// The place of a column on the terminal.
  struct Room {
    std::size_t width = 0;
    bool hidden = false;
  };

  static std::size_t width_of(const std::vector<Room>& rooms);
  std::vector<Room> whole_rooms() const;
  std::vector<Room> rooms(std::size_t width) const;
  void bound(std::vector<Room>& rooms, std::size_t width) const;
  void give_way(std::vector<Room>& rooms, std::size_t width) const;
  void grow(std::vector<Room>& rooms, std::size_t width) const;
  void print_row(std::ostream& out, const Style& style, std::size_t width,
                 const std::vector<std::string>& cells, bool title) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<Room> rooms_;  // The columns', once they are fixed.
};

/// The width of the terminal on standard output, or on `fd`; 0 if it is no terminal.
std::size_t terminal_width(int fd = STDOUT_FILENO);

}  // namespace wm::cli
