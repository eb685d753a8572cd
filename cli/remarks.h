// Remarks below a list: whether a pause holds all jobs back, and how many jobs have failed of late.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "core/time.h"

namespace wm::cli {

/// `everything is paused, until today 18:00 (in 2h): wm resume`; empty: it is not.
std::string pause_of_all(const boost::json::object& status, TimePoint now, bool rules);

/// The end of that pause, if it has one.
std::optional<TimePoint> end_of_pause(const boost::json::object& status);

/// `31 failed runs since yesterday: wm history --failed --since yesterday`; empty: there are none
/// among the newest runs, which are all that are looked at.
std::string recent_failures(Session& session);

/// Both, as far as they can be asked for.
std::vector<std::string> remarks(Session& session);

}  // namespace wm::cli
