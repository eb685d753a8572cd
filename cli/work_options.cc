#include "cli/work_options.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>

#include <CLI/Option.hpp>
#include <boost/json.hpp>
#include <unistd.h>

#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "cli/whole_number.h"
#include "config/read_file.h"
#include "core/messages.h"
#include "core/size.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

template <class T = void>
using Read = std::expected<T, OptionError>;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

std::unexpected<OptionError> wrong(std::string option, std::string message) {
  return std::unexpected(OptionError{std::move(option), std::move(message)});
}

// Reads the option `name` into `value`, if it was given.
template <class T, class Parse>
Read<> read_option(const char* name, const std::string& text, T& value, Parse parse) {
  if (text.empty()) return {};
  auto parsed = parse(text);
  if (!parsed) return wrong(name, parsed.error().message);
  value = *parsed;
  return {};
}

// KEY=VALUE is a string, KEY:=JSON any value.
Read<> add_input(const std::string& pair, json::object& input) {
  const std::size_t equals = pair.find('=');
  const bool typed = equals != std::string::npos && equals > 0 && pair[equals - 1] == ':';
  const std::string key = pair.substr(0, typed ? equals - 1 : equals);
  if (equals == std::string::npos || key.empty()) {
    return wrong("input", "'" + pair + "': write KEY=VALUE, or KEY:=JSON");
  }
  const std::string value = pair.substr(equals + 1);
  if (!typed) {
    input[key] = value;
    return {};
  }
  json::error_code problem;
  input[key] = json::parse(value, problem);
  if (problem) {
    return wrong("input", "'" + pair + "': the value is not JSON: " + problem.message());
  }
  return {};
}

Read<std::string> make_input(const WorkOptions& options) {
  json::object input;
  if (!options.input_json.empty()) {
    const auto text = read_text("--input-json", options.input_json);
    if (!text) return wrong("", text.error().message);
    auto object = parse_object("--input-json", *text);
    if (!object) return wrong("", object.error().message);
    input = std::move(*object);
  }
  for (const std::string& pair : options.input) {
    if (auto added = add_input(pair, input); !added) return std::unexpected(added.error());
  }
  return json::serialize(input);
}

// NAME, NAME=VALUE: a constraint as --prefer names it.
Result<Constraints> parse_constraint(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  Constraints wanted;
  const auto constraint = parse_word<Constraint>(name);
  if (!constraint) return std::unexpected(constraint.error());
  const ConstraintForm form = def_of(*constraint).form;
  const bool needs_value = form != ConstraintForm::flag;
  if (needs_value == value.empty()) {
    return invalid("'" + text + "': write " + name + (needs_value ? "=VALUE" : " alone"));
  }
  switch (form) {
    case ConstraintForm::network_type: {
      const auto type = parse_word<NetworkType>(value);
      if (!type) return std::unexpected(type.error());
      wanted.network = *type;
      break;
    }
    case ConstraintForm::flag:
      wanted.set(*constraint);
      break;
    case ConstraintForm::names:
      wanted.custom = {value};
      break;
  }
  return wanted;
}

Read<> read_preferences(const WorkOptions& options, WorkRequest& request) {
  if (options.prefer.size() != options.relax_after.size()) {
    return wrong("",
                 "--prefer and --relax-after come in pairs: --prefer network=unmetered "
                 "--relax-after 24h");
  }
  for (std::size_t i = 0; i < options.prefer.size(); ++i) {
    Preference& preference = request.prefer.emplace_back();
    for (const auto& read :
         {read_option("prefer", options.prefer[i], preference.constraints, parse_constraint),
          read_option("relax-after", options.relax_after[i], preference.relax_after,
                      parse_duration)}) {
      if (!read) return read;
    }
  }
  return {};
}

Read<> read_command(const WorkOptions& options, bool update, WorkRequest& request) {
  const bool neither = options.command.empty() && options.task.empty();
  if ((neither && !update) || (!options.command.empty() && !options.task.empty())) {
    return wrong("", neither ? "name a task, or give a command after --"
                             : "a task and a command: give one of them");
  }
  request.task_name = options.task;
  std::error_code problem;
  if (!options.command.empty()) {
    const auto program = find_program(options.command.front());
    if (!program) return wrong("command", program.error().message);
    request.command = options.command;
    request.command.front() = *program;
    request.cwd = std::filesystem::current_path(problem).string();
  }
  if (!options.cwd.empty()) request.cwd = std::filesystem::absolute(options.cwd, problem).string();
  if (!is_utf8(request.cwd)) return wrong("cwd", "'" + request.cwd + "' is not UTF-8");
  for (const std::string& pair : options.env) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) return wrong("env", "'" + pair + "': write NAME=VALUE");
    request.env[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return {};
}

// A shell leaves the tilde of a quoted pattern alone.
std::string absolute_path(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home && (path == "~" || path.starts_with("~/"))) return home + path.substr(1);
  std::error_code problem;
  return std::filesystem::absolute(path, problem).lexically_normal().string();
}

Read<> read_terms(const WorkOptions& options, WorkRequest& request) {
  RunTerms& terms = request.terms;
  terms.as = options.as;
  terms.nice = options.nice;
  terms.bounds.cpu_weight = options.cpu_weight;
  terms.bounds.tasks_max = options.tasks_max;
  for (const std::string& text : options.notify) {
    const auto notice = parse_word<Notice>(text);
    if (!notice) return wrong("notify", notice.error().message);
    request.notify.push_back(*notice);
  }
  if (auto ok = read_option("io-class", options.io_class, terms.io_class, parse_word<IoClass>);
      !ok) {
    return ok;
  }
  return read_option("memory-max", options.memory_max, terms.bounds.memory_max, parse_size);
}

bool given(int flag, bool otherwise = false) { return flag == 0 ? otherwise : flag > 0; }

// Processing work is long maintenance: unless told otherwise, it waits for a machine that nobody
// uses and that is on external power.
void read_flags(const WorkOptions& options, bool update, WorkRequest& request) {
  const bool unsaid = request.kind == WorkKind::processing && !update;
  for (const Constraint one : {Constraint::charging, Constraint::idle}) {
    request.constraints.set(one, given(options.constraints[one], unsaid));
  }
  request.exit_rules.retry_on_crash = given(options.retry_on_crash);
  request.expedited = given(options.expedited);
}

Read<> read_policies(const WorkOptions& options, WorkRequest& request) {
  Backoff backoff;
  ExitRules& rules = request.exit_rules;
  const auto parse_at = [](const std::string& text) { return typed_time(text, Direction::future); };
  for (const auto& read :
       {read_option("initial-delay", options.initial_delay, request.initial_delay, parse_duration),
        read_option("trigger-delay", options.trigger_delay, request.trigger.delay, parse_duration),
        read_option("trigger-max-delay", options.trigger_max_delay, request.trigger.max_delay,
                    parse_duration),
        read_option("at", options.at, request.at, parse_at),
        read_option("deadline", options.deadline, request.deadline, parse_duration),
        read_option("every", options.every, request.every, parse_duration),
        read_option("flex", options.flex, request.flex, parse_duration),
        read_option("cadence", options.cadence, request.cadence, parse_word<Cadence>),
        read_option("backoff", options.backoff, backoff.policy, parse_word<BackoffPolicy>),
        read_option("backoff-delay", options.backoff_delay, backoff.delay, parse_duration),
        read_option("time-limit", options.time_limit, request.time_limit, parse_duration),
        read_option("stop-grace", options.stop_grace, request.stop_grace, parse_duration),
        read_option("keep-results", options.keep_results, request.keep_results, parse_duration),
        read_option("merge", options.merge, request.merge, parse_word<Merge>),
        read_option("out-of-quota", options.out_of_quota, request.out_of_quota,
                    parse_word<OutOfQuota>),
        read_option("fail-on", options.fail_on, rules.fail_on, parse_exit_codes),
        read_option("retry-on", options.retry_on, rules.retry_on, parse_exit_codes),
        read_option("success-on", options.success_on, rules.success_on, parse_exit_codes)}) {
    if (!read) return read;
  }
  if (!options.backoff.empty() || !options.backoff_delay.empty()) request.backoff = backoff;
  return read_preferences(options, request);
}

Read<Constraints> read_constraints(const WorkOptions& options) {
  Constraints constraints;
  if (auto read =
          read_option("network", options.network, constraints.network, parse_word<NetworkType>);
      !read) {
    return std::unexpected(read.error());
  }
  for (const ConstraintDef& one : kConstraints) {
    constraints.set(one.id, given(options.constraints[one.id]));
  }
  constraints.custom = options.require;
  return constraints;
}

// The command has no option: it stands after --.
std::unexpected<Error> for_people(const OptionError& error) {
  const bool named = !error.option.empty() && error.option != "command";
  return invalid((named ? "--" + error.option + ": " : "") + error.message);
}

// The options in groups, as --help shows them.
class OptionAdder {
 public:
  explicit OptionAdder(CLI::App& app) : app_(app) {}
  OptionAdder& group(const char* name) {
    group_ = name;
    return *this;
  }
  OptionAdder& text(const char* name, std::string& value, const char* type, const char* help) {
    app_.add_option(name, value, help)->group(group_)->type_name(type);
    return *this;
  }
  OptionAdder& list(const char* name, std::vector<std::string>& values, const char* type,
                    const char* help) {
    app_.add_option(name, values, help)->group(group_)->type_name(type)->allow_extra_args(false);
    return *this;
  }
  OptionAdder& words(const char* name, std::vector<std::string>& values, const char* type,
                     const char* help) {
    app_.add_option(name, values, help)
        ->group(group_)
        ->type_name(type)
        ->allow_extra_args(false)
        ->delimiter(',');
    return *this;
  }
  template <class Number>
  OptionAdder& number(const char* name, Number& value, const char* help) {
    app_.add_option(name, value, help)->group(group_)->type_name("N")->check(whole_number());
    return *this;
  }
  OptionAdder& flag(const char* name, int& value, const char* help) {
    app_.add_flag(name, value, help)->group(group_);
    return *this;
  }

 private:
  CLI::App& app_;
  const char* group_ = "Options";
};

}  // namespace

Result<std::string> read_text(const char* option, const std::string& source) {
  if (source == "-") return std::string{std::istreambuf_iterator<char>(std::cin), {}};
  if (!source.starts_with('@')) return source;
  auto text = read_file(source.substr(1));
  if (text) return text;
  return invalid(std::string(option) + ": " + text.error().message);
}

Result<Constraints> make_constraints(const WorkOptions& options) {
  auto constraints = read_constraints(options);
  return constraints ? Result<Constraints>(std::move(*constraints))
                     : for_people(constraints.error());
}

// A slash: that file. None: the first of that name in PATH that may be run.
Result<std::string> find_program(const std::string& name) {
  std::error_code problem;
  if (name.find('/') != std::string::npos) return std::filesystem::absolute(name, problem).string();
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, colon)) / name;
    if (!name.empty() && std::filesystem::is_regular_file(candidate, problem) &&
        ::access(candidate.c_str(), X_OK) == 0) {
      return std::filesystem::absolute(candidate, problem).string();
    }
    rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
  }
  return invalid("no command '" + name + "' in PATH: name an executable file, or correct PATH");
}

void add_constraint_options(CLI::App& app, WorkOptions& options) {
  OptionAdder adder(app);
  adder.group("When it may run");
  for (const ConstraintDef& one : kConstraints) {
    const std::string name(one.option);
    const std::string help(one.help);
    switch (one.form) {
      case ConstraintForm::network_type:
        adder.text(("--" + name).c_str(), options.network, "TYPE", help.c_str());
        break;
      case ConstraintForm::flag:
        adder.flag(("--" + name + ",!--no-" + name).c_str(), options.constraints[one.id],
                   help.c_str());
        break;
      case ConstraintForm::names:
        adder.list(("--" + name).c_str(), options.require, "NAME", help.c_str());
        break;
    }
  }
}

void add_work_options(CLI::App& app, WorkOptions& options) {
  OptionAdder(app)
      .group("What it gets")
      .list("--input", options.input, "KEY=VALUE", "Input: a string, or KEY:=JSON; repeatable")
      .text("--input-json", options.input_json, "JSON",
            "Input as one JSON object; @FILE; - for stdin")
      .list("--env", options.env, "NAME=VALUE", "An environment variable; repeatable")
      .text("--cwd", options.cwd, "DIR", "The working directory")
      .text("--as", options.as, "USER", "That user's rights: for root alone")
      .number("--nice", options.nice, "From -20 to 19, the less the more CPU")
      .text("--io-class", options.io_class, "CLASS", "best-effort, or idle: what nobody else wants")
      .text("--memory-max", options.memory_max, "SIZE", "Memory of all its processes: 512M, 2G")
      .number("--cpu-weight", options.cpu_weight, "Share of CPU; everybody else has 100")
      .number("--tasks-max", options.tasks_max, "Processes and threads");
  add_constraint_options(app, options);
  OptionAdder(app)
      .group("When it may run")
      .list("--prefer", options.prefer, "CONSTRAINT",
            "network=TYPE, charging, …: holds it back too,")
      .list("--relax-after", options.relax_after, "D", "… until that long after it was due")
      .text("--initial-delay", options.initial_delay, "D", "Not before that long from now")
      .text("--at", options.at, "TIME",
            "Not before: 09:30, tomorrow 09:30, monday 09:30,\n2026-11-23 09:30, in 2h, ISO 8601")
      .text("--deadline", options.deadline, "D", "Then in any case, whatever its constraints")
      .group("What goes first")
      .number("--priority", options.priority, "From -10 to 10 (0)")
      .text("--group", options.group, "NAME", "One of a group that may have a limit of its own")
      .flag("--expedited,!--no-expedited", options.expedited, "Before all others, on a budget")
      .text("--out-of-quota", options.out_of_quota, "POLICY",
            "run-as-non-expedited (default), drop")
      .group("What its end means")
      .text("--backoff", options.backoff, "POLICY", "exponential (default) or linear")
      .text("--backoff-delay", options.backoff_delay, "D", "Before the second attempt (30s)")
      .number("--max-attempts", options.max_attempts, "Fail after so many; 0: never")
      .flag("--retry-on-crash,!--no-retry-on-crash", options.retry_on_crash,
            "Retry when a signal killed it")
      .text("--fail-on", options.fail_on, "CODES", "Exit codes that fail for good (64-74,76-78)")
      .text("--retry-on", options.retry_on, "CODES", "Exit codes that retry (all others)")
      .text("--success-on", options.success_on, "CODES", "Exit codes that succeed (0)")
      .text("--time-limit", options.time_limit, "D", "Stop a run after that, and retry; 0s: never")
      .text("--stop-grace", options.stop_grace, "D", "From SIGTERM to SIGKILL (10s)")
      .group("How it is kept")
      .list("--tag", options.tags, "TAG", "A tag to list and cancel by; repeatable")
      .words(
          "--notify", options.notify, "EVENT",
          "Tell me when it has started, succeeded, failed,\nretried or stopped; repeatable, or a,b")
      .text("--keep-results", options.keep_results, "D", "Forget it that long after its end (7d)")
      .text("--description", options.description, "TEXT", "A sentence for people");
}

void add_registration_options(CLI::App& app, WorkOptions& options) {
  app.add_option("NAME", options.name, "The work's unique name")->required()->type_name("");
  app.add_option("TASK", options.task,
                 "A task that the configuration declares (wm tasks).\n"
                 "Instead of it, a command at the end, after --")
      ->type_name("");
  add_work_options(app, options);
  OptionAdder(app)
      .group("How it is kept")
      .text("--existing", options.existing, "POLICY",
            "If the name is in use: keep (default), replace,\n"
            "append, append-or-replace, update or\n"
            "cancel-and-reenqueue");
}

void add_chain_options(CLI::App& app, WorkOptions& options) {
  OptionAdder(app)
      .group("What it comes after")
      .list("--after", options.after, "NAME", "Once that work has succeeded; repeatable")
      .text("--merge", options.merge, "HOW", "Outputs as input: overwrite (default), arrays");
}

void add_trigger_options(CLI::App& app, WorkOptions& options) {
  OptionAdder(app)
      .group("When it may run")
      .list("--on-path", options.on_path, "GLOB",
            "Once a path changes: a directory, a file, or a\nquoted pattern; repeatable")
      .text("--trigger-delay", options.trigger_delay, "D", "… and is quiet for so long (500ms)")
      .text("--trigger-max-delay", options.trigger_max_delay, "D",
            "… but at most that long after the change (1m)");
}

void add_period_options(CLI::App& app, WorkOptions& options) {
  OptionAdder(app)
      .group("When it may run")
      .text("--every,--frequency", options.every, "D", "The period: 15m at the least")
      .text("--flex", options.flex, "D", "Only in that last part of each period")
      .text("--cadence", options.cadence, "HOW",
            "interval (default): from the end of the last run;\nfixed: keeps its phase")
      .text("--calendar", options.calendar, "EXPR",
            "Instead of a period: \"30 2 * * mon\", @daily, …");
}

std::expected<WorkRequest, OptionError> read_request(const WorkOptions& options, WorkKind kind,
                                                     bool update) {
  WorkRequest request;
  request.unique_name = options.name;
  request.kind = kind;
  request.description = options.description;
  request.tags = options.tags;
  request.calendar = options.calendar;
  request.max_attempts = options.max_attempts;
  request.priority = options.priority;
  request.group = options.group;
  request.prerequisites = options.after;
  for (const std::string& path : options.on_path) {
    request.trigger.paths.push_back(absolute_path(path));
  }
  auto constraints = read_constraints(options);
  if (!constraints) return std::unexpected(constraints.error());
  request.constraints = std::move(*constraints);
  read_flags(options, update, request);
  if (auto ok = read_command(options, update, request); !ok) return std::unexpected(ok.error());
  for (const auto& ok : {read_policies(options, request), read_terms(options, request)}) {
    if (!ok) return std::unexpected(ok.error());
  }
  auto input = make_input(options);
  if (!input) return std::unexpected(input.error());
  request.input = std::move(*input);
  return request;
}

Result<WorkRequest> make_request(const WorkOptions& options, WorkKind kind, bool update) {
  auto request = read_request(options, kind, update);
  return request ? Result<WorkRequest>(std::move(*request)) : for_people(request.error());
}

std::string doubt_of_directory(const WorkRequest& request) {
  if (request.cwd.empty()) return "";
  std::error_code problem;
  const auto type = std::filesystem::status(request.cwd, problem).type();
  const bool missing = type == std::filesystem::file_type::not_found;
  if (!missing && (problem || type == std::filesystem::file_type::directory)) return "";
  return "the working directory '" + printable(request.cwd) + "' is " +
         (missing ? "not there yet" : "no directory") + ": without it a run fails";
}

int register_work(Session& session, const WorkOptions& options, WorkKind kind) {
  const auto request = make_request(options, kind);
  if (!request) return session.complain(request.error());
  json::object parameters{{"work", to_json(*request)}};
  if (!options.existing.empty()) parameters["existing"] = options.existing;
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  auto answer = client->call("Register", std::move(parameters));
  if (!answer) return session.complain(answer.error());
  json::object work = answer->at("work").as_object();
  const std::string result(answer->at("result").as_string());
  if (const auto doubt = doubt_of_directory(*request); !doubt.empty()) session.hint(doubt);
  if (session.json()) {
    work["result"] = result;
    session.print(work);
  } else {
    session.out() << describe_registration(work, result) << '\n';
  }
  return kDone;
}

}  // namespace wm::cli
