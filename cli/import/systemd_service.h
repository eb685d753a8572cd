// What a service of systemd is as the command of a job.
#pragma once

#include <string>

#include "cli/import/entry.h"
#include "cli/import/systemd_command.h"
#include "cli/import/unit_files.h"

namespace wm::cli {

struct UnitScope {
  bool user = false;    // The calling user's systemd, not the system's.
  std::string runtime;  // %t
};

/// The values of the specifiers in that unit.
Specifiers specifiers_of(const std::string& unit, const UnitScope& scope, const Caller& caller);

/// Adds its command and its surroundings to the job, and notes for the rest.
void read_service(Entry& entry, const std::string& unit, const UnitFile& service,
                  const UnitScope& scope, const Caller& caller);

/// Adds the conditions of a unit.
void read_conditions(Entry& entry, const UnitFile& unit);

}  // namespace wm::cli
