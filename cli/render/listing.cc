#include "cli/render/listing.h"

#include <algorithm>

#include "core/check.h"
#include "core/json_fields.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

uid_t owner_of(const json::object& item) {
  return item.contains("owner") ? static_cast<uid_t>(number_of(item, "owner")) : ::geteuid();
}

}  // namespace

void Listing::print(std::ostream& out, const Style& style, std::size_t width,
                    const json::array& page) {
  if (page.empty()) return;
  std::vector<uid_t> owners;
  for (const json::value& item : page) owners.push_back(owner_of(item.as_object()));
  const uid_t first = owner_.value_or(owners.front());
  owner_ = owners.back();
  const bool several = std::ranges::any_of(owners, [&](uid_t one) { return one != first; });
  if (!table_ || (several && !several_owners_)) {
    if (table_) out << '\n';
    several_owners_ = several;
    begin_table();
  }
  if (several_owners_) names_.learn(owners);
  Table& table = checked(table_, "it was begun");
  for (const json::value& value : page) {
    const json::object& item = value.as_object();
    std::vector<std::string> cells = cells_(item);
    if (several_owners_) cells.insert(cells.begin(), names_.of(owner_of(item)));
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
