// The registration options: what the command line says becomes a request.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/command.h"
#include "core/work.h"

namespace wm::cli {

/// The options as they were typed. make_request() reads them. Of flags that can be taken back
/// (--no-charging), 0 is neither.
struct WorkOptions {
  std::string name;
  std::string task;
  std::vector<std::string> command;
  std::vector<std::string> input;
  std::string input_json;
  std::string network;
  ByConstraint<int> constraints;  // Those that are flags.
  std::vector<std::string> require;
  std::vector<std::string> prefer;
  std::vector<std::string> relax_after;
  std::string initial_delay;
  std::vector<std::string> on_path;
  std::string trigger_delay;
  std::string trigger_max_delay;
  std::string at;
  std::string deadline;
  std::string every;
  std::string flex;
  std::string cadence;
  std::string calendar;
  std::string backoff;
  std::string backoff_delay;
  std::optional<int> max_attempts;
  int retry_on_crash = 0;
  std::string fail_on;
  std::string retry_on;
  std::string success_on;
  std::string time_limit;
  std::string existing;
  std::vector<std::string> after;
  std::string merge;
  std::vector<std::string> tags;
  int priority = 0;
  std::string group;
  int expedited = 0;
  std::string out_of_quota;
  std::vector<std::string> env;
  std::string cwd;
  std::string as;
  std::optional<int> nice;
  std::string io_class;
  std::string memory_max;
  std::optional<int> cpu_weight;
  std::optional<int> tasks_max;
  std::vector<std::string> notify;
  std::string stop_grace;
  std::string keep_results;
  std::string description;
};

/// Those that say what the machine has to be like.
void add_constraint_options(CLI::App& app, WorkOptions& options);
Result<Constraints> make_constraints(const WorkOptions& options);

/// Those that every kind of work takes, without the name and the task.
void add_work_options(CLI::App& app, WorkOptions& options);

/// NAME TASK, the policy for work that is there already, and what a registration alone takes.
void add_registration_options(CLI::App& app, WorkOptions& options);

/// When periodic work runs.
void add_period_options(CLI::App& app, WorkOptions& options);

/// What work that ends comes after.
void add_chain_options(CLI::App& app, WorkOptions& options);

/// The paths whose change work that ends waits for.
void add_trigger_options(CLI::App& app, WorkOptions& options);

/// What is wrong with an option's value. `option` is its name without dashes, which is also that of
/// the key of a file; empty: `message` names all that it is about.
struct OptionError {
  std::string option;
  std::string message;
};

/// Looks up the command in PATH, reads input files, and says which value is wrong. An update needs
/// no task and no command.
std::expected<WorkRequest, OptionError> read_request(const WorkOptions& options, WorkKind kind,
                                                     bool update = false);

/// The same for the command line: its errors name options.
Result<WorkRequest> make_request(const WorkOptions& options, WorkKind kind, bool update = false);

/// `@FILE`: what is in it; `-`: standard input; anything else is the text itself. `option` stands
/// before the error.
Result<std::string> read_text(const char* option, const std::string& source);

/// A command without a slash is the first of that name in PATH that may be run.
Result<std::string> find_program(const std::string& name);

/// What is to be said of its working directory where that is not there now: it is no error, for it
/// may be mounted later. Else empty.
std::string doubt_of_directory(const WorkRequest& request);

/// Sends the request and shows the answer.
int register_work(Session& session, const WorkOptions& options, WorkKind kind);

}  // namespace wm::cli
