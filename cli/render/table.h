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

  /// At most `width` columns wide: the widest cells are cut, with `…`. 0: as wide as they are.
  void print(std::ostream& out, const Style& style, std::size_t width) const;

 private:
  std::vector<std::size_t> widths(std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// How many columns text takes, counting a character each.
std::size_t display_width(std::string_view utf8);

/// The terminal's width on standard output; 0 where that is none.
std::size_t terminal_width();

}  // namespace wm::cli
