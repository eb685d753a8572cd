// Jobs declared in TOML, with the words of the options: `wm apply` reads them and `wm export`
// writes them.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "core/work.h"

namespace wm {
class TomlReader;
}

namespace wm::cli {

struct DeclaredWork {
  WorkRequest request;
  std::string where;  // `FILE:line:column`
};

/// The machine that the jobs are for: this one, in whose PATH a program is looked up, or another.
enum class Place : std::uint8_t { here, elsewhere };

/// Reads further keys of each `[[work]]`.
using ReadMore = std::function<void(TomlReader& reader)>;

/// Reads every `[[work]]` of the text. Each error begins with `name`: `NAME:line:column: what is
/// wrong`.
Result<std::vector<DeclaredWork>> parse_works(std::string_view toml, const std::string& name,
                                              Place place = Place::here,
                                              const ReadMore& read_more = {});

/// One line of such a text: `key = value`.
std::string toml_line(std::string_view key, const boost::json::value& value);

/// Writes the jobs, in the daemon's form, as such a text.
void write_works(std::ostream& out, const boost::json::array& works);

}  // namespace wm::cli
