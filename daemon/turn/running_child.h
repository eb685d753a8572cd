// Facts about a running child besides its job's row.
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
  bool suspended = false;  // It was stopped, for example by SIGSTOP.
  std::string output;      // A JSON object that it returned; empty: none so far.
};

/// The same for the next program in this process, with the facts about its job that the store does
/// not have.
struct HandedChild {
  WorkId work = 0;
  RunningChild child;
  WorkId successor = 0;  // It waits for this one's end.
  Policy policy;         // The policy with which it was started.
  Duration heard{};      // The time since boot at which it was last heard of.
};

boost::json::object to_json(const HandedChild& handed);
HandedChild handed_child_from_json(const boost::json::object& object);

}  // namespace wm
