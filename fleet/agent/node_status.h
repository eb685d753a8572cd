// How an agent is, in a file for `wm-fleet status` on its node.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "core/error.h"

namespace wm::fleet {

struct NodeStatus {
  std::string node;
  std::string database = "not tried yet";  // connected, unreachable, read-only, refused, …
  std::string database_problem;
  std::string daemon = "not tried yet";
  std::string daemon_problem;
  std::string since;  // When the last of the two changed.
  boost::json::array claims;
  std::size_t each = 0;
  std::size_t unreported = 0;
  std::string last_report;
};

boost::json::object to_json(const NodeStatus& status);

/// Makes this process the only one that says how the node is, for as long as it lives. refused:
/// another agent serves the node already, and each would report the other's runs as nobody's.
Result<> serve_alone(const std::string& path);

/// Replaces the file as a whole. It tells nothing secret.
Result<> write_status(const std::string& path, const NodeStatus& status);

/// What the file says; an error: no agent has written one.
Result<boost::json::object> read_status(const std::string& path);

}  // namespace wm::fleet
