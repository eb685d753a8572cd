#include "config/settings.h"

#include <optional>

#include "config/read_file.h"
#include "config/toml_reader.h"
#include "core/text.h"

namespace wm {
namespace {

void read_command(TomlReader& reader, std::vector<std::string>& command) {
  reader.read("command", command);
  if (command.empty()) {
    reader.fail("command", "is missing: give the program and its arguments as a list");
  } else if (!command.front().starts_with('/')) {
    reader.fail("command", "must begin with an absolute path");
  }
}

void read_task(TomlReader& reader, TaskSettings& task) {
  read_command(reader, task.command);
  reader.read("dispatcher", task.dispatcher);
  reader.read("env", task.env);
}

void read_condition(TomlReader& reader, CustomCondition& condition) {
  read_command(reader, condition.command);
  reader.read("every", condition.every);
  reader.read("time_limit", condition.time_limit);
  if (condition.every < 1s) reader.fail("every", "must be at least 1s");
  if (condition.time_limit < 1s) reader.fail("time_limit", "must be at least 1s");
}

// Reads how an unknown condition counts: `allow` or `wait`.
void read_unknown(TomlReader& reader, std::string_view key, std::optional<bool>& allowed) {
  std::string text;
  reader.read(key, text);
  if (text.empty()) return;
  if (text != "allow" && text != "wait") return reader.fail(key, "must be allow or wait");
  allowed = text == "allow";
}

bool is_host_and_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const auto port = parse_number<int>(std::string_view(text).substr(colon + 1));
  return port && *port > 0 && *port <= 65'535;
}

void read_notify(TomlReader& reader, NotifySettings& notify) {
  reader.read("command", notify.command);
  if (!notify.command.empty() && !notify.command.front().starts_with('/')) {
    reader.fail("command", "must begin with an absolute path");
  }
  reader.read("events", notify.events);
  reader.read("time_limit", notify.time_limit);
  if (notify.time_limit < 1s) reader.fail("time_limit", "must be at least 1s");
}

template <class T>
void read_if_said(TomlReader& reader, const char* key, std::optional<T>& value) {
  if (!reader.has(key)) return;
  reader.read(key, value.emplace());
}

void read_permissions(TomlReader& reader, Permissions& permissions) {
  read_if_said(reader, "permitted_tasks", permissions.tasks);
  read_if_said(reader, "allow_commands", permissions.commands);
  read_if_said(reader, "allow_users", permissions.users);
  read_if_said(reader, "allow_groups", permissions.groups);
}

void read_client_limits(TomlReader& reader, ClientLimits& limits) {
  constexpr std::int64_t kLeastUnread = std::int64_t{64} << 10;
  constexpr std::int64_t kMostUnread = std::int64_t{1} << 40;
  reader.read("max_connections", limits.max_connections, 1, 1'000'000);
  reader.read("max_connections_total", limits.max_connections_total, 1, 1'000'000);
  reader.read("max_unread", limits.max_unread, kLeastUnread, kMostUnread);
  reader.read("max_unread_total", limits.max_unread_total, kLeastUnread, kMostUnread);
}

void read_bytes_if_said(TomlReader& reader, const char* key, std::optional<std::int64_t>& bytes) {
  if (!reader.has(key)) return;
  reader.read(key, bytes.emplace(), 0, std::numeric_limits<std::int64_t>::max());
}

void read_keep_limits(TomlReader& reader, KeepLimits& limits) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  reader.read("max_log_space", limits.max_log_space, 0, kMost);
  reader.read("max_work_space", limits.max_work_space, std::int64_t{64} << 10, kMost);
  read_bytes_if_said(reader, "max_log_space_total", limits.max_log_space_total);
  read_bytes_if_said(reader, "keep_free", limits.keep_free);
}

void read_tables(TomlReader& file, Settings& settings) {
  file.read("debug", settings.debug);
  file.each_table("tasks", [&](const std::string& name, TomlReader& reader) {
    read_task(reader, settings.tasks[name] = {});
  });
  file.table("policy", [&](TomlReader& reader) { read_permissions(reader, settings.permissions); });
  file.table("limits", [&](TomlReader& reader) {
    reader.read("min_period", settings.limits.min_period);
    reader.read("min_flex", settings.limits.min_flex);
    reader.read("min_backoff", settings.limits.min_backoff);
    reader.read("max_data", settings.limits.max_data, 2, std::int64_t{256} << 10);
    reader.read("max_work_per_owner", settings.limits.max_work_per_owner, 1, 100'000'000);
    reader.read("max_watches", settings.limits.max_watches, 0, 10'000'000);
    read_client_limits(reader, settings.clients);
    read_keep_limits(reader, settings.keep);
  });
  file.table("run", [&](TomlReader& reader) {
    reader.read("max_parallel", settings.run.max_parallel, 0, 10'000);
    reader.read("max_parallel_total", settings.run.max_parallel_total, 0, 100'000);
    reader.read("stop_grace", settings.run.stop_grace);
    reader.read("time_limit", settings.run.time_limit);
    reader.read("settle", settings.run.settle);
  });
  file.each_table("groups", [&](const std::string& name, TomlReader& reader) {
    GroupRule& rule = settings.groups[name] = {};
    reader.read("max_parallel", rule.max_parallel, 1, 10'000);
    reader.read("shared", rule.shared);
  });
  file.each_table("conditions", [&](const std::string& name, TomlReader& reader) {
    if (parse_word<Constraint>(name)) reader.fail("", "a constraint has that name already");
    read_condition(reader, settings.conditions[name] = {});
  });
  file.table("idle", [&](TomlReader& reader) {
    reader.read("after", settings.idle.after);
    reader.read("max_load", settings.idle.max_load, 0.0, 1000.0);
  });
  file.table("unknown", [&](TomlReader& reader) {
    for (const ConstraintDef& one : kConstraints) {
      if (one.settable_unknown) read_unknown(reader, one.condition, settings.unknown[one.id]);
    }
  });
  file.table("expedited",
             [&](TomlReader& reader) { reader.read("budget", settings.expedited_budget); });
  file.table("history", [&](TomlReader& reader) {
    reader.read("keep", settings.history.keep);
    reader.read("keep_state", settings.history.keep_state);
    reader.read("max_runs", settings.history.max_runs, 1, 1'000'000);
    reader.read("max_log_bytes", settings.history.max_log_bytes, std::int64_t{128} << 10,
                std::numeric_limits<std::int64_t>::max());
    reader.read("conditions", settings.history.conditions);
  });
  file.table("retry", [&](TomlReader& reader) {
    reader.read("max_attempts", settings.retry.max_attempts, 0, 1'000'000);
    reader.read("jitter", settings.retry.jitter, 0, 1);
    std::string codes;
    reader.read("fail_on", codes);
    if (codes.empty()) return;
    const Result<ExitCodes> parsed = parse_exit_codes(codes);
    if (!parsed) return reader.fail("fail_on", parsed.error().message);
    settings.retry.fail_on = *parsed;
  });
  file.table("notify", [&](TomlReader& reader) { read_notify(reader, settings.notify); });
  file.table("metrics", [&](TomlReader& reader) {
    std::string& textfile = settings.metrics.textfile;
    reader.read("textfile", textfile);
    if (!textfile.empty() && !textfile.starts_with('/')) {
      reader.fail("textfile", "must be an absolute path");
    }
  });
  file.table("battery", [&](TomlReader& reader) {
    reader.read("low", settings.battery.low, 0, 100);
    reader.read("ok", settings.battery.ok, 0, 100);
    if (settings.battery.ok < settings.battery.low)
      reader.fail("ok", "must not be below battery.low");
  });
  file.table("storage", [&](TomlReader& reader) {
    reader.read("paths", settings.storage.paths);
    reader.read("low_percent", settings.storage.levels.low_percent, 0, 100);
    reader.read("low_bytes", settings.storage.levels.low_bytes, 0,
                std::numeric_limits<std::int64_t>::max());
  });
  file.table("network", [&](TomlReader& reader) {
    reader.read("metered", settings.network.metered);
    reader.read("metered_interfaces", settings.network.metered_interfaces);
    std::string& reachability = settings.network.reachability;
    reader.read("reachability", reachability);
    if (!reachability.empty() && !is_host_and_port(reachability)) {
      reader.fail("reachability", "'" + reachability + "' is not HOST:PORT");
    }
  });
}

Result<> add_settings(Settings& settings, std::string_view text, const std::string& name) {
  std::optional<Error> error;
  const TomlFile file{name};
  try {
    const toml::table table = toml::parse(text, name);
    TomlReader reader(table, "", file, error);
    read_tables(reader, settings);
  } catch (const toml::parse_error& problem) {
    return std::unexpected(file.error_at(problem.source(), problem.description()));
  }
  if (error) return std::unexpected(*error);
  return {};
}

}  // namespace

const TaskSettings* Settings::find_task(const std::string& task_name) const {
  auto task = tasks.find(task_name);
  if (task == tasks.end()) task = tasks.find("*");
  return task == tasks.end() ? nullptr : &task->second;
}

Result<Settings> parse_settings(std::string_view toml, const std::string& name) {
  Settings settings;
  if (auto ok = add_settings(settings, toml, name); !ok) return std::unexpected(ok.error());
  return settings;
}

Result<Settings> load_settings(const std::vector<std::filesystem::path>& files) {
  Settings settings;
  for (const std::filesystem::path& path : files) {
    auto text = read_file(path);
    if (!text) return std::unexpected(text.error());
    if (auto ok = add_settings(settings, *text, path.string()); !ok) {
      return std::unexpected(ok.error());
    }
  }
  return settings;
}

}  // namespace wm
