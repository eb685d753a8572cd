// One verb of wm: its options and its call.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>

#include "cli/session.h"

namespace wm::cli {

struct CommandLine {
  std::vector<std::string> words;     // The words before `--`: options and names.
  std::vector<std::string> trailing;  // The words after `--`: the command of a job.
  bool whole = true;  // Verbs add all their options. If not, they may leave out what is not typed.

  /// True if the words may give the option with those names (`--every,--frequency`), or negate it;
  /// or if all are wanted.
  bool wants(std::string_view names) const;
};

/// The headings of the help, in its order.
inline constexpr std::array<std::string_view, 5> kCommandGroups{"Jobs", "Questions", "Queue",
                                                                "In a run", "Daemon"};

struct Command {
  using Run = std::function<int(Session&)>;

  std::string_view group;  // One of kCommandGroups.
  const char* name;
  const char* summary;
  bool takes_command;  // The words after `--` are an argument vector.
  /// Adds the options; the function that it returns is called once they are read.
  Run (*set_up)(CLI::App& app, const CommandLine& line);
};

std::span<const Command> all_commands();
/// nullptr: there is none of that name.
const Command* find_command(std::string_view name);

// These are in commands/, one file each.
Command::Run set_up_once(CLI::App& app, const CommandLine& line);
Command::Run set_up_every(CLI::App& app, const CommandLine& line);
Command::Run set_up_register_oneoff(CLI::App& app, const CommandLine& line);
Command::Run set_up_register_periodic(CLI::App& app, const CommandLine& line);
Command::Run set_up_register_processing(CLI::App& app, const CommandLine& line);
Command::Run set_up_update(CLI::App& app, const CommandLine& line);
Command::Run set_up_diff(CLI::App& app, const CommandLine& line);
Command::Run set_up_edit(CLI::App& app, const CommandLine& line);
Command::Run set_up_apply(CLI::App& app, const CommandLine& line);
Command::Run set_up_export(CLI::App& app, const CommandLine& line);
Command::Run set_up_import(CLI::App& app, const CommandLine& line);
Command::Run set_up_why(CLI::App& app, const CommandLine& line);
Command::Run set_up_forecast(CLI::App& app, const CommandLine& line);
Command::Run set_up_run(CLI::App& app, const CommandLine& line);
Command::Run set_up_retry(CLI::App& app, const CommandLine& line);
Command::Run set_up_pause(CLI::App& app, const CommandLine& line);
Command::Run set_up_resume(CLI::App& app, const CommandLine& line);
Command::Run set_up_prune(CLI::App& app, const CommandLine& line);
Command::Run set_up_cancel(CLI::App& app, const CommandLine& line);
Command::Run set_up_list(CLI::App& app, const CommandLine& line);
Command::Run set_up_show(CLI::App& app, const CommandLine& line);
Command::Run set_up_wait(CLI::App& app, const CommandLine& line);
Command::Run set_up_watch(CLI::App& app, const CommandLine& line);
Command::Run set_up_history(CLI::App& app, const CommandLine& line);
Command::Run set_up_logs(CLI::App& app, const CommandLine& line);
Command::Run set_up_check(CLI::App& app, const CommandLine& line);
Command::Run set_up_conditions(CLI::App& app, const CommandLine& line);
Command::Run set_up_progress(CLI::App& app, const CommandLine& line);
Command::Run set_up_alive(CLI::App& app, const CommandLine& line);
Command::Run set_up_output(CLI::App& app, const CommandLine& line);
Command::Run set_up_doctor(CLI::App& app, const CommandLine& line);
Command::Run set_up_metrics(CLI::App& app, const CommandLine& line);
Command::Run set_up_daemon(CLI::App& app, const CommandLine& line);
Command::Run set_up_status(CLI::App& app, const CommandLine& line);
Command::Run set_up_help(CLI::App& app, const CommandLine& line);
Command::Run set_up_completion(CLI::App& app, const CommandLine& line);
Command::Run set_up_tasks(CLI::App& app, const CommandLine& line);

}  // namespace wm::cli
