// The agent's configuration: `[fleet]` in /etc/wm/fleet.toml, as `wm-fleet enroll` prints it.
#pragma once

#include <filesystem>
#include <string>

#include <boost/json.hpp>

#include "fleet/work/fleet_work.h"

namespace wm::fleet {

struct AgentSettings {
  std::string node;
  std::string database;       // libpq's connection string.
  std::string password_file;  // Read at each connection; empty: the string has it, or needs none.
  std::string run_as;         // Empty: the agent's own user.
  std::string socket;         // The daemon's; empty: the system's, or the user's own.
  std::string status_file;    // For wm-fleet status; empty: in the directory for running programs.
  int slots = 0;              // The most claims at once; 0: as many runs as the daemon allows.
  Labels labels;

  bool operator==(const AgentSettings&) const = default;
};

inline constexpr const char* kAgentFile = "/etc/wm/fleet.toml";

/// Reads TOML text; each error begins with `name:line:column`.
Result<AgentSettings> parse_agent_settings(std::string_view toml, const std::string& name);

/// Reads the file, which not everybody may read if it has a password.
Result<AgentSettings> load_agent_settings(const std::filesystem::path& file);

/// The connection string with the password of `password_file`.
Result<std::string> conninfo_of(const AgentSettings& settings);

/// Where the agent of these settings says how it is.
std::string status_file_of(const AgentSettings& settings);

/// The socket of the node's own wmd: the one that is configured, the user's, or the system's.
std::string socket_of(const AgentSettings& settings);

/// How the agent with this configuration is; without a status_file in it, also the service's if it
/// is there alone.
Result<boost::json::object> status_of(const std::string& config);

}  // namespace wm::fleet
