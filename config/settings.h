// The daemon's configuration: what `wmd.toml` may say, its defaults, and errors with
// file:line:column.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/conditions.h"
#include "core/exit_codes.h"
#include "core/limits.h"
#include "core/status.h"

namespace wm {

struct TaskSettings {
  std::vector<std::string> command;  // An absolute path first.
  bool dispatcher = false;           // The task name is appended to the command.
  std::map<std::string, std::string> env;

  bool operator==(const TaskSettings&) const = default;
};

/// Bounds on what clients take of the daemon: those of each user, and those of all together. Root
/// is bound by the latter alone.
struct ClientLimits {
  std::size_t max_connections = 384;
  std::size_t max_connections_total = 512;
  std::size_t max_unread = std::size_t{16} << 20;  // Bytes of answers that wait to be read.
  std::size_t max_unread_total = std::size_t{64} << 20;

  bool operator==(const ClientLimits&) const = default;
};

/// Bytes on disk that one owner may keep, and all owners together.
struct KeepLimits {
  std::int64_t max_log_space = std::int64_t{1} << 30;
  std::int64_t max_work_space = std::int64_t{256} << 20;  // Bytes of registrations and outputs.
  std::optional<std::int64_t> max_log_space_total;        // Nothing: a part of the file system …
  std::optional<std::int64_t> keep_free;                  // … of which a part stays free.

  bool operator==(const KeepLimits&) const = default;
};

struct RunSettings {
  int max_parallel = 0;        // Each owner's; 0: the number of processors, at least 4.
  int max_parallel_total = 0;  // All owners' together; 0: four times max_parallel.
  Duration stop_grace = 10s;
  Duration time_limit{};  // For work that names none; 0: none.
  Duration settle = 10s;  // A constraint that stopped a run holds that long before the next.

  bool operator==(const RunSettings&) const = default;
};

struct StorageSettings {
  std::vector<std::string> paths;  // Watched besides the state directory.
  StorageLevels levels;

  bool operator==(const StorageSettings&) const = default;
};

enum class Metered : std::uint8_t { automatic, yes, no };
template <>
struct Words<Metered> {
  static constexpr std::string_view kind = "network.metered";
  static constexpr std::array<std::string_view, 3> list{"auto", "yes", "no"};
};

struct NetworkSettings {
  Metered metered = Metered::automatic;
  std::vector<std::string> metered_interfaces{"wwan*", "ppp*", "bnep*"};  // Shell patterns.
  std::string reachability;  // HOST:PORT that has to answer; empty: no need.

  bool operator==(const NetworkSettings&) const = default;
};

struct IdleSettings {
  Duration after = 15min;  // Nobody has used the machine for so long.
  double max_load = 0.3;   // Where nobody is logged in: of one minute, for each processor.

  bool operator==(const IdleSettings&) const = default;
};

/// A command that says by its exit status whether a condition holds.
struct CustomCondition {
  std::vector<std::string> command;  // An absolute path first.
  Duration every = 1min;             // From its end to the next time.
  Duration time_limit = 10s;

  bool operator==(const CustomCondition&) const = default;
};

struct RetrySettings {
  int max_attempts = 0;  // For work that names none; 0: no end.
  ExitCodes fail_on;     // For work that names none.
  double jitter = 0;     // The most that a backoff is longer by, as a part of it.

  bool operator==(const RetrySettings&) const = default;
};

struct HistorySettings {
  Duration keep = Days{7};                              // A work's results, after it has ended.
  Duration keep_state = Days{90};                       // WM_STATE_DIR, after the last run.
  int max_runs = 100;                                   // Of each unique name.
  std::int64_t max_log_bytes = std::int64_t{10} << 20;  // Of each run.

  bool operator==(const HistorySettings&) const = default;
};

/// A command that is told of events, as JSON on its standard input.
struct NotifySettings {
  std::vector<std::string> command;  // An absolute path first; empty: none.
  std::vector<WorkStatus> events;    // Empty: all of them.
  Duration time_limit = 30s;

  bool operator==(const NotifySettings&) const = default;
};

struct MetricsSettings {
  std::string textfile;  // An absolute path that they are kept in; empty: nowhere.

  bool operator==(const MetricsSettings&) const = default;
};

/// Who may register what. Commands and tasks are meant for everybody, root too.
struct Permissions {
  std::optional<std::vector<std::string>> tasks;  // No others.
  std::optional<bool> commands;                   // Unsaid: unless `tasks` says what may run.
  // Root and the daemon's own user may always. Neither said: everybody.
  std::optional<std::vector<std::string>> users;
  std::optional<std::vector<std::string>> groups;

  bool allows_commands() const { return commands.value_or(!tasks); }

  bool operator==(const Permissions&) const = default;
};

struct Settings {
  bool debug = false;                         // A notification at every change of status.
  std::map<std::string, TaskSettings> tasks;  // `*` stands for every other name.
  Permissions permissions;
  Limits limits;
  ClientLimits clients;  // The rest of [limits].
  KeepLimits keep;
  RunSettings run;
  RetrySettings retry;
  BatteryLevels battery;
  StorageSettings storage;
  NetworkSettings network;
  IdleSettings idle;
  std::map<std::string, CustomCondition> conditions;
  std::map<std::string, GroupRule> groups;
  UnknownPolicy unknown;
  Duration expedited_budget = 10min;  // Of each owner, in 24 hours.
  HistorySettings history;
  NotifySettings notify;
  MetricsSettings metrics;

  /// The declaration that runs `task_name`: its own, else the `*` dispatcher's, else nullptr.
  const TaskSettings* find_task(const std::string& task_name) const;

  bool operator==(const Settings&) const = default;
};

/// Reads TOML text. `name` stands before each error: `NAME:line:column: what is wrong`.
Result<Settings> parse_settings(std::string_view toml, const std::string& name);

/// Reads the files in order; a later one overrides what it names. None: the defaults.
Result<Settings> load_settings(const std::vector<std::filesystem::path>& files);

}  // namespace wm
