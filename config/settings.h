// The daemon's configuration: the settings of `wmd.toml` with their defaults. Errors have
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
  bool dispatcher = false;           // True if the task name is appended to the command.
  std::map<std::string, std::string> env;

  bool operator==(const TaskSettings&) const = default;
};

/// Bounds on the daemon's resources that clients take: per user, and for all together. Root is
/// bound only by the latter.
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
  std::optional<std::int64_t> max_log_space_total;        // Unset: a part of the file system.
  std::optional<std::int64_t> keep_free;                  // Unset: another part of it.

  bool operator==(const KeepLimits&) const = default;
};

struct RunSettings {
  int max_parallel = 0;        // The most per owner; 0: the number of processors, at least 4.
  int max_parallel_total = 0;  // The most for all owners together; 0: four times max_parallel.
  Duration stop_grace = 10s;
  Duration time_limit{};  // The limit for jobs that name none; 0: unlimited.
  Duration settle = 10s;  // The time that a constraint must hold again after it stopped a run.

  bool operator==(const RunSettings&) const = default;
};

struct StorageSettings {
  std::vector<std::string> paths;  // Watched besides the state directory's.
  StorageLevels levels;

  bool operator==(const StorageSettings&) const = default;
};

enum class Metered : std::uint8_t { automatic, yes, no };
template <>
struct Words<Metered> {
  static constexpr std::string_view noun = "network.metered";
  static constexpr std::array<std::string_view, 3> list{"auto", "yes", "no"};
};

struct NetworkSettings {
  Metered metered = Metered::automatic;
  std::vector<std::string> metered_interfaces{"wwan*", "ppp*", "bnep*"};  // Shell patterns.
  std::string reachability;  // HOST:PORT that must answer; empty: none.

  bool operator==(const NetworkSettings&) const = default;
};

struct IdleSettings {
  Duration after = 15min;  // The time for which nobody must have used the machine.
  double max_load = 0.3;   // The most load over one minute, per processor, if nobody is logged in.

  bool operator==(const IdleSettings&) const = default;
};

/// A command whose exit status says whether a condition holds.
struct CustomCondition {
  std::vector<std::string> command;  // An absolute path first.
  Duration every = 1min;             // The pause from its end to its next start.
  Duration time_limit = 10s;

  bool operator==(const CustomCondition&) const = default;
};

struct RetrySettings {
  int max_attempts = 0;  // The limit for jobs that name none; 0: unlimited.
  ExitCodes fail_on;     // The statuses for jobs that name none.
  double jitter = 0;     // The most by which a backoff is lengthened, as a fraction of it.

  bool operator==(const RetrySettings&) const = default;
};

struct HistorySettings {
  Duration keep = Days{7};                              // Time of results after a job's end.
  Duration keep_state = Days{90};                       // Time of WM_STATE_DIR after the last run.
  int max_runs = 100;                                   // The most per unique name.
  std::int64_t max_log_bytes = std::int64_t{10} << 20;  // The most per run.
  Duration conditions = Days{28};                       // Time of their changes; 0: none is kept.

  bool operator==(const HistorySettings&) const = default;
};

/// A command that receives events as JSON on its standard input.
struct NotifySettings {
  std::vector<std::string> command;  // An absolute path first; empty: none.
  std::vector<WorkStatus> events;    // Empty: all of them.
  Duration time_limit = 30s;

  bool operator==(const NotifySettings&) const = default;
};

struct MetricsSettings {
  std::string textfile;  // The absolute path of the file that keeps them; empty: none.

  bool operator==(const MetricsSettings&) const = default;
};

/// The rules on registrations. Those on commands and tasks also bind root.
struct Permissions {
  std::optional<std::vector<std::string>> tasks;  // The permitted ones; unset: all.
  std::optional<bool> commands;                   // Unset: allowed unless `tasks` is set.
  // Root and the daemon's own user are always allowed. If neither list is set, everybody is.
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
  Duration expedited_budget = 10min;  // The time per owner, in 24 hours.
  HistorySettings history;
  NotifySettings notify;
  MetricsSettings metrics;

  /// The declaration for `task_name`: its own, else that of the `*` dispatcher, else nullptr.
  const TaskSettings* find_task(const std::string& task_name) const;

  bool operator==(const Settings&) const = default;
};

/// Reads TOML text. Each error begins with `name`: `NAME:line:column: what is wrong`.
Result<Settings> parse_settings(std::string_view toml, const std::string& name);

/// Reads the files in order; a later one overrides the settings that it names. No files: the
/// defaults.
Result<Settings> load_settings(const std::vector<std::filesystem::path>& files);

}  // namespace wm
