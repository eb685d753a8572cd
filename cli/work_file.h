// Works declared in TOML, with the words of the options: what `wm apply` reads and `wm export`
// writes.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "core/work.h"

namespace wm::cli {

struct DeclaredWork {
  WorkRequest request;
  std::string where;  // `FILE:line:column`
};

/// Every `[[work]]` of the text. `name` stands before each error: `NAME:line:column: what is
/// wrong`.
Result<std::vector<DeclaredWork>> parse_works(std::string_view toml, const std::string& name);

/// The works, as the daemon shows them, in such a text.
void write_works(std::ostream& out, const boost::json::array& works);

}  // namespace wm::cli
