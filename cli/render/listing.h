// Jobs or runs that come in pages, printed as one table: its first rows appear with the first page.
#pragma once

#include <functional>
#include <optional>
#include <ostream>

#include <boost/json.hpp>
#include <unistd.h>

#include "cli/render/table.h"
#include "cli/users.h"

namespace wm::cli {

class Listing {
 public:
  /// One cell per column.
  using Cells = std::function<std::vector<std::string>(const boost::json::object& item)>;

  Listing(std::vector<Table::Column> columns, Cells cells)
      : columns_(std::move(columns)), cells_(std::move(cells)) {}

  /// The user has said whose rows these are: of one other owner, they need no column OWNER.
  void expect_any_owner() { owner_.reset(); }

  /// Prints the rows of one more page. The first page sets the widths of the columns. There is a
  /// column OWNER once there are rows of others than the caller; if only a later page shows that,
  /// the table begins again there.
  void print(std::ostream& out, const Style& style, std::size_t width,
             const boost::json::array& page);

 private:
  void begin_table();

  std::vector<Table::Column> columns_;
  Cells cells_;
  std::optional<Table> table_;
  std::optional<uid_t> owner_ = ::geteuid();  // The owner of the rows printed so far.
  bool several_owners_ = false;
  UserNames names_;
};

}  // namespace wm::cli
