// Jobs declared in TOML, with the words of the options: `wm apply` reads them and `wm export`
// writes them.
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

/// Reads every `[[work]]` of the text. Each error begins with `name`: `NAME:line:column: what is
/// wrong`.
Result<std::vector<DeclaredWork>> parse_works(std::string_view toml, const std::string& name);

/// Writes the jobs, in the daemon's form, as such a text.
void write_works(std::ostream& out, const boost::json::array& works);

}  // namespace wm::cli
