// Works or runs that come in pages, as one table: its first rows are there with the first page.
#pragma once

#include <functional>
#include <optional>
#include <ostream>

#include <boost/json.hpp>

#include "cli/render/table.h"

namespace wm::cli {

class Listing {
 public:
  /// One a column.
  using Cells = std::function<std::vector<std::string>(const boost::json::object& item)>;

  Listing(std::vector<Table::Column> columns, Cells cells)
      : columns_(std::move(columns)), cells_(std::move(cells)) {}

  /// Prints the rows of one more page. The first one settles how wide the columns are. A column
  /// OWNER is there once several users are: should only a later page show that, the table begins
  /// anew there.
  void print(std::ostream& out, const Style& style, std::size_t width,
             const boost::json::array& page);

 private:
  void begin_table();

  std::vector<Table::Column> columns_;
  Cells cells_;
  std::optional<Table> table_;
  std::optional<std::int64_t> owner_;  // Of what was printed so far.
  bool several_owners_ = false;
};

}  // namespace wm::cli
