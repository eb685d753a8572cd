// What is known of a child that runs, besides its work's row.
#pragma once

#include <optional>
#include <string>

#include <boost/json.hpp>

#include "core/work.h"

namespace wm {

struct RunningChild {
  ExitRules exit_rules;
  std::string uuid;
  uid_t user = 0;
  std::optional<RunProgress> progress;
  bool suspended = false;  // By SIGSTOP, for one.
  std::string output;      // A JSON object that it gave back; empty: none so far.
};

/// The same for the next program in this process, with what the store does not have of its work.
struct HandedChild {
  WorkId work = 0;
  RunningChild child;
  WorkId successor = 0;  // Waits for its end.
  Policy policy;         // What it was started with.
};

boost::json::object to_json(const HandedChild& handed);
HandedChild handed_child_from_json(const boost::json::object& object);

}  // namespace wm
