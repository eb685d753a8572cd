#include "cli/work_options.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <CLI/Option.hpp>
#include <boost/json.hpp>
#include <unistd.h>

#include "cli/render/work.h"
#include "core/messages.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

// Reads an option that was given into `value`; `name` stands before the error.
template <class T, class Parse>
Result<> read_option(const char* name, const std::string& text, T& value, Parse parse) {
  if (text.empty()) return {};
  auto parsed = parse(text);
  if (!parsed) return invalid(std::string(name) + ": " + parsed.error().message);
  value = *parsed;
  return {};
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

Result<std::string> read_text(const std::string& source) {
  if (!source.starts_with('@') && source != "-") return source;
  std::ifstream file;
  if (source != "-") file.open(source.substr(1), std::ios::binary);
  std::istream& stream = source == "-" ? std::cin : file;
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (source != "-" && !file.is_open())
    return invalid("--input-json: cannot read " + source.substr(1));
  return text;
}

// KEY=VALUE is a string, KEY:=JSON any value.
Result<> add_input(const std::string& pair, json::object& input) {
  const std::size_t equals = pair.find('=');
  const bool typed = equals != std::string::npos && equals > 0 && pair[equals - 1] == ':';
  const std::string key = pair.substr(0, typed ? equals - 1 : equals);
  if (equals == std::string::npos || key.empty()) {
    return invalid("--input '" + pair + "': write KEY=VALUE, or KEY:=JSON");
  }
  const std::string value = pair.substr(equals + 1);
  if (!typed) {
    input[key] = value;
    return {};
  }
  json::error_code problem;
  input[key] = json::parse(value, problem);
  if (problem)
    return invalid("--input '" + pair + "': the value is not JSON: " + problem.message());
  return {};
}

Result<std::string> make_input(const WorkOptions& options) {
  json::object input;
  if (!options.input_json.empty()) {
    const auto text = read_text(options.input_json);
    if (!text) return text;
    auto object = parse_object("--input-json", *text);
    if (!object) return std::unexpected(object.error());
    input = std::move(*object);
  }
  for (const std::string& pair : options.input) {
    if (auto added = add_input(pair, input); !added) return std::unexpected(added.error());
  }
  return json::serialize(input);
}

Result<> read_command(const WorkOptions& options, WorkRequest& request) {
  if (options.command.empty() == options.task.empty()) {
    return invalid(options.task.empty() ? "name a task, or give a command after --"
                                        : "a task and a command: give one of them");
  }
  request.task_name = options.task;
  std::error_code problem;
  if (!options.command.empty()) {
    const auto program = find_program(options.command.front());
    if (!program) return std::unexpected(program.error());
    request.command = options.command;
    request.command.front() = *program;
    request.cwd = std::filesystem::current_path(problem).string();
  }
  if (!options.cwd.empty()) request.cwd = std::filesystem::absolute(options.cwd, problem).string();
  if (!is_utf8(request.cwd))
    return invalid("the working directory '" + request.cwd + "' is not UTF-8");
  for (const std::string& pair : options.env) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) return invalid("--env '" + pair + "': write NAME=VALUE");
    request.env[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return {};
}

Result<> read_policies(const WorkOptions& options, WorkRequest& request) {
  Backoff backoff;
  const Backoff defaults;
  ExitRules& rules = request.exit_rules;
  for (const auto& read :
       {read_option("--network", options.network, request.constraints.network,
                    parse_word<NetworkType>),
        read_option("--initial-delay", options.initial_delay, request.initial_delay,
                    parse_duration),
        read_option("--every", options.every, request.every, parse_duration),
        read_option("--flex", options.flex, request.flex, parse_duration),
        read_option("--backoff", options.backoff, backoff.policy, parse_word<BackoffPolicy>),
        read_option("--backoff-delay", options.backoff_delay, backoff.delay, parse_duration),
        read_option("--stop-grace", options.stop_grace, request.stop_grace, parse_duration),
        read_option("--fail-on", options.fail_on, rules.fail_on, parse_exit_codes),
        read_option("--retry-on", options.retry_on, rules.retry_on, parse_exit_codes),
        read_option("--success-on", options.success_on, rules.success_on, parse_exit_codes)}) {
    if (!read) return read;
  }
  if (!options.backoff.empty() || !options.backoff_delay.empty()) request.backoff = backoff;
  return {};
}

}  // namespace

void add_work_options(CLI::App& app, WorkOptions& options) {
  app.add_option("NAME", options.name, "The work's unique name")->required()->type_name("");
  app.add_option("TASK", options.task,
                 "A task that the configuration declares (wm tasks).\n"
                 "Instead of it, a command at the end, after --")
      ->type_name("");
  const auto list = [&](const char* name, std::vector<std::string>& values, const char* type,
                        const char* help) {
    app.add_option(name, values, help)->type_name(type)->allow_extra_args(false);
  };
  const auto option = [&](const char* name, std::string& value, const char* type,
                          const char* help) { app.add_option(name, value, help)->type_name(type); };
  app.option_defaults()->group("What it gets");
  list("--input", options.input, "KEY=VALUE", "Input: a string, or KEY:=JSON; repeatable");
  option("--input-json", options.input_json, "JSON",
         "Input as one JSON object; @FILE; - for stdin");
  list("--env", options.env, "NAME=VALUE", "An environment variable; repeatable");
  option("--cwd", options.cwd, "DIR", "The working directory");
  app.option_defaults()->group("When it may run");
  option("--network", options.network, "TYPE", "connected, unmetered, metered or not-roaming");
  app.add_flag("--charging", options.charging, "Only on external power");
  app.add_flag("--battery-not-low", options.battery_not_low, "Not while the battery is low");
  app.add_flag("--storage-not-low", options.storage_not_low, "Not while disk space is low");
  option("--initial-delay", options.initial_delay, "D", "Not before that long from now");
  app.option_defaults()->group("What its end means");
  option("--backoff", options.backoff, "POLICY", "exponential (default) or linear");
  option("--backoff-delay", options.backoff_delay, "D", "Before the second attempt (30s)");
  app.add_option("--max-attempts", options.max_attempts, "Fail after so many; 0: never")
      ->type_name("N");
  app.add_flag("--retry-on-crash", options.retry_on_crash, "Retry when a signal killed it");
  option("--fail-on", options.fail_on, "CODES", "Exit codes that fail for good (64-74,76-78)");
  option("--retry-on", options.retry_on, "CODES", "Exit codes that retry (all others)");
  option("--success-on", options.success_on, "CODES", "Exit codes that succeed (0)");
  option("--stop-grace", options.stop_grace, "D", "From SIGTERM to SIGKILL (10s)");
  app.option_defaults()->group("How it is kept");
  option("--existing", options.existing, "POLICY",
         "If the name is in use: keep (default) or replace");
  list("--tag", options.tags, "TAG", "A tag to list and cancel by; repeatable");
  option("--description", options.description, "TEXT", "A sentence for people");
  app.option_defaults()->group("Options");
}

Result<WorkRequest> make_request(const WorkOptions& options, WorkKind kind) {
  WorkRequest request;
  request.unique_name = options.name;
  request.kind = kind;
  request.description = options.description;
  request.tags = options.tags;
  request.constraints.charging = options.charging;
  request.constraints.battery_not_low = options.battery_not_low;
  request.constraints.storage_not_low = options.storage_not_low;
  request.max_attempts = options.max_attempts;
  request.exit_rules.retry_on_crash = options.retry_on_crash;
  if (auto ok = read_command(options, request); !ok) return std::unexpected(ok.error());
  if (auto ok = read_policies(options, request); !ok) return std::unexpected(ok.error());
  auto input = make_input(options);
  if (!input) return std::unexpected(input.error());
  request.input = std::move(*input);
  return request;
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
  if (session.json()) {
    work["result"] = result;
    session.print(work);
  } else {
    session.out() << describe_registration(work, result) << '\n';
  }
  return kDone;
}

}  // namespace wm::cli
