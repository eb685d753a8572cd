// Fleet work declared in TOML: the words of `wm apply`, and those of a placement.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "fleet/work/fleet_work.h"

namespace wm::fleet {

struct DeclaredFleetWork {
  FleetWork work;
  std::string where;  // `FILE:line:column`
};

/// Reads every `[[work]]`. Each error begins with `name:line:column`.
Result<std::vector<DeclaredFleetWork>> parse_fleet_works(std::string_view toml,
                                                         const std::string& name);

/// Writes one fleet work, in the database's form, as a part of such a text.
void write_fleet_work(std::ostream& out, const boost::json::object& stored);

/// Fleet work in the database's form.
Result<FleetWork> fleet_work_from_json(const boost::json::object& object);

}  // namespace wm::fleet
