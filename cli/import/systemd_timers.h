// Reads the timers of systemd, and the services that they start.
#pragma once

#include <string>

#include "cli/import/entry.h"
#include "cli/import/unit_files.h"

namespace wm::cli {

struct TimerScope {
  bool user = false;    // Those of the calling user's systemd.
  std::string runtime;  // %t
};

/// The jobs of one timer: more than one if its times cannot be said as one calendar.
std::vector<Entry> read_timer(const std::string& name, const UnitFiles& files,
                              const TimerScope& scope, const Caller& caller);

/// Says how wm differs for every timer.
std::vector<std::string> about_timers(const TimerScope& scope);

}  // namespace wm::cli
