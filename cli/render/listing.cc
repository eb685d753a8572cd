#include "cli/render/listing.h"

#include <algorithm>

#include "cli/render/work.h"
#include "core/check.h"

namespace wm::cli {

namespace json = boost::json;

void Listing::print(std::ostream& out, const Style& style, std::size_t width,
                    const json::array& page) {
  if (page.empty()) return;
  const std::int64_t owner = number_of(page.front().as_object(), "owner");
  const bool several = are_of_several_owners(page) || owner_.value_or(owner) != owner;
  owner_ = owner;
  if (!table_ || (several && !several_owners_)) {
    if (table_) out << '\n';
    several_owners_ = several;
    begin_table();
  }
  Table& table = checked(table_, "it was begun");
  for (const json::value& value : page) {
    const json::object& item = value.as_object();
    std::vector<std::string> cells = cells_(item);
    if (several_owners_) cells.insert(cells.begin(), owner_of(item));
    table.add(std::move(cells));
  }
  table.print(out, style, width);
}

void Listing::begin_table() {
  std::vector<Table::Column> columns = columns_;
  if (several_owners_) columns.insert(columns.begin(), {"OWNER"});
  table_.emplace(std::move(columns));
}

}  // namespace wm::cli
