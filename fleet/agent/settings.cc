#include "fleet/agent/settings.h"

#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

#include "config/read_file.h"
#include "config/toml_reader.h"
#include "core/instance.h"
#include "fleet/agent/node_status.h"
#include "fleet/database/connection.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

constexpr int kMostSlots = 10'000;
constexpr const char* kServiceStatus = "/run/wm-fleet/status.json";

Result<std::string> read_configuration(const std::filesystem::path& file) {
  auto text = read_file(file);
  if (text) return text;
  std::string what = text.error().message;
  if (::access(file.c_str(), F_OK) != 0) {
    what +=
        ": this machine is no node yet, and wm-fleet.service does not start: wm-fleet enroll, "
        "where the fleet is administered, prints that file";
  } else if (::access(file.c_str(), R_OK) != 0) {
    what += ": its agent must own it: chown wm-fleet " + file.string() + ", for wm-fleet.service";
  }
  return fail(text.error().code, what);
}

void read_labels(TomlReader& reader, Labels& labels) {
  std::map<std::string, std::string> given;
  reader.read("labels", given);
  for (const auto& [key, value] : given) {
    const auto label = parse_label(key + "=" + value);
    if (!label) return reader.complain("labels", label.error().message);
    labels.insert(*label);
  }
}

}  // namespace

Result<AgentSettings> parse_agent_settings(std::string_view text, const std::string& name) {
  AgentSettings settings;
  std::optional<Error> error;
  const TomlFile file{name};
  try {
    const toml::table table = toml::parse(text, name);
    TomlReader reader(table, "", file, error);
    reader.table("fleet", [&](TomlReader& fleet) {
      fleet.read("node", settings.node);
      fleet.read("database", settings.database);
      fleet.read("password_file", settings.password_file);
      fleet.read("run_as", settings.run_as);
      fleet.read("socket", settings.socket);
      fleet.read("status_file", settings.status_file);
      fleet.read("slots", settings.slots, 1, kMostSlots);
      read_labels(fleet, settings.labels);
    });
    if (!reader.has("fleet")) return invalid(name + ": [fleet] is missing: see wm-fleet enroll");
  } catch (const toml::parse_error& problem) {
    return std::unexpected(file.error_at(problem.source(), problem.description()));
  }
  if (error) return std::unexpected(*error);
  if (settings.node.empty())
    return invalid(name + ": node is missing in [fleet]: the name given to enroll");
  return settings;
}

Result<AgentSettings> load_agent_settings(const std::filesystem::path& file) {
  const auto text = read_configuration(file);
  if (!text) return std::unexpected(text.error());
  auto settings = parse_agent_settings(*text, file.string());
  if (!settings) return settings;
  struct stat status{};
  const bool is_open = ::stat(file.c_str(), &status) == 0 && (status.st_mode & 0007) != 0;
  if (is_open && settings->database.find("password") != std::string::npos) {
    return invalid(file.string() + " has a password and may be read by everybody: chmod 600 " +
                   file.string());
  }
  return settings;
}

Result<std::string> conninfo_of(const AgentSettings& settings) {
  if (settings.password_file.empty()) return with_verified_server(settings.database);
  auto password = read_file(settings.password_file);
  if (!password) return std::unexpected(password.error());
  while (password->ends_with('\n')) password->pop_back();
  return with_verified_server(with_password(settings.database, *password));
}

std::string status_file_of(const AgentSettings& settings) {
  if (!settings.status_file.empty()) return settings.status_file;
  if (const char* const given = std::getenv("RUNTIME_DIRECTORY"); given && *given) {
    return std::string(given) + "/status.json";
  }
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  if (::geteuid() == 0 || !runtime || !*runtime) return kServiceStatus;
  return std::string(runtime) + "/wm-fleet-" + settings.node + ".json";
}

std::string socket_of(const AgentSettings& settings) {
  if (!settings.socket.empty()) return settings.socket;
  const auto surroundings = Surroundings::from(
      [](const char* name) -> const char* { return std::getenv(name); }, ::geteuid());
  const std::string own = socket_path(Instance::user, surroundings);
  // Without a runtime directory it would be in /tmp, where anybody may have made it.
  const bool has_own =
      ::geteuid() != 0 && !surroundings.runtime_dir.empty() && ::access(own.c_str(), F_OK) == 0;
  return has_own ? own : socket_path(Instance::system, surroundings);
}

Result<json::object> status_of(const std::string& config) {
  const auto settings = load_agent_settings(config);
  if (settings) {
    auto status = read_status(status_file_of(*settings));
    if (status || !settings->status_file.empty()) return status;
    auto of_service = read_status(kServiceStatus);
    return of_service ? of_service : status;
  }
  // The service's configuration is secret, but not how its agent is.
  const bool hidden = config == kAgentFile && ::access(config.c_str(), R_OK) != 0;
  auto of_service = hidden ? read_status(kServiceStatus) : std::unexpected(settings.error());
  return of_service ? of_service : std::unexpected(settings.error());
}

}  // namespace wm::fleet
