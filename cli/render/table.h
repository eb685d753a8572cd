// Columns of text that fit the terminal.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/render/style.h"

namespace wm::cli {

class Table {
 public:
  /// Paints a cell's text once its width is settled.
  using Painter = std::function<std::string(const Style&, std::string_view)>;

  struct Column {
    std::string title;
    Painter paint = nullptr;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// One cell a column; control characters are shown escaped.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  /// Prints what was added since the last time, at most `width` columns wide: the widest cells are
  /// cut, with `…`. 0: as wide as they are. The first time settles how wide each column is; a cell
  /// that is wider later on shifts what follows it, if there is room.
  void print(std::ostream& out, const Style& style, std::size_t width);

 private:
  std::vector<std::size_t> widths(std::size_t width) const;
  void print_row(std::ostream& out, const Style& style, std::size_t width,
                 const std::vector<std::string>& cells, bool title) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> room_;  // Of each column, once it is settled.
};

/// How many columns text takes on a terminal: two for a Chinese character or an emoji, none for a
/// mark that joins the character before it.
std::size_t display_width(std::string_view utf8);

/// The terminal's width on standard output; 0 where that is none.
std::size_t terminal_width();

}  // namespace wm::cli
