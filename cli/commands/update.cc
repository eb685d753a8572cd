#include <map>
#include <memory>

#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "cli/work_options.h"
#include "core/messages.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// What an option changes: a field, or one of the constraints.
const std::map<std::string, std::string>& fields() {
  static const std::map<std::string, std::string> kFields = [] {
    std::map<std::string, std::string> all{
        {"--initial-delay", "initialDelayMs"},
        {"--at", "at"},
        {"--trigger-delay", "triggerDelayMs"},
        {"--trigger-max-delay", "triggerMaxDelayMs"},
        {"--priority", "priority"},
        {"--group", "group"},
        {"--expedited", "expedited"},
        {"--out-of-quota", "outOfQuota"},
        {"--flex", "flexMs"},
        {"--cadence", "cadence"},
        {"--max-attempts", "maxAttempts"},
        {"--retry-on-crash", "retryOnCrash"},
        {"--description", "description"},
        {"--merge", "merge"},
    };
    for (const ConstraintDef& one : kConstraints) {
      all["--" + std::string(one.option)] = "constraints." + std::string(one.json);
    }
    return all;
  }();
  return kFields;
}

// Tells whether the user gave that option. Flags that can be taken back are judged by their value,
// because CLI11 2.4 counts them as given when they were not.
bool is_given(const CLI::Option& option, const WorkOptions& options) {
  static const std::map<std::string, int WorkOptions::*> kFlags{
      {"--expedited", &WorkOptions::expedited},
      {"--retry-on-crash", &WorkOptions::retry_on_crash},
  };
  for (const ConstraintDef& one : kConstraints) {
    if (one.form == ConstraintForm::flag && option.get_name() == "--" + std::string(one.option)) {
      return options.constraints[one.id] != 0;
    }
  }
  const auto flag = kFlags.find(option.get_name());
  return flag == kFlags.end() ? option.count() > 0 : options.*(flag->second) != 0;
}

// The fields that the given options change. A request leaves out what is as by default: where such
// an option was given, the field is removed.
json::object changes_of(const CLI::App& app, const WorkOptions& options,
                        const WorkRequest& request) {
  json::object changes = to_json(request);
  changes.erase("uniqueName");
  changes.erase("kind");
  if (options.input.empty() && options.input_json.empty()) changes.erase("input");
  json::object& constraints = changes["constraints"].as_object();
  for (const CLI::Option* option : app.get_options()) {
    const auto field = fields().find(option->get_name());
    if (field == fields().end() || !is_given(*option, options)) continue;
    const std::string_view name = field->second;
    constexpr std::string_view kNested = "constraints.";
    json::object& target = name.starts_with(kNested) ? constraints : changes;
    const std::string_view key = name.starts_with(kNested) ? name.substr(kNested.size()) : name;
    if (!target.contains(key)) target[key] = nullptr;
  }
  if (constraints.empty()) changes.erase("constraints");
  if (json::value* value = changes.if_contains("backoff")) {
    json::object& backoff = value->as_object();
    if (app.count("--backoff") == 0) backoff.erase("policy");
    if (app.count("--backoff-delay") == 0) backoff.erase("delayMs");
  }
  return changes;
}

int update(Session& session, const CLI::App& app, const WorkOptions& options) {
  WorkOptions said = options;
  if (said.at == "default") said.at.clear();  // Given, and without a time: the field is removed.
  const auto request = make_request(said, WorkKind::oneoff, true);
  if (!request) return session.complain(request.error());
  json::object changes = changes_of(app, said, *request);
  if (changes.empty()) {
    return session.complain(
        {ErrorCode::invalid,
         "nothing to change: name an option, such as --network unmetered: see wm update --help"});
  }
  const auto answer =
      session.ask("Update", {{"uniqueName", options.name}, {"changes", std::move(changes)}});
  if (!answer) return session.complain(answer.error());
  if (const auto doubt = doubt_of_directory(*request); !doubt.empty()) session.hint(doubt);
  const json::object& work = object_of(*answer, "work");
  if (session.json()) {
    session.print(work);
  } else {
    session.out() << describe_registration(work, "updated") << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_update(CLI::App& app, const Trailing& trailing) {
  auto options = std::make_shared<WorkOptions>();
  options->command = trailing;
  app.add_option("NAME", options->name, "The work's unique name")->required()->type_name("");
  app.add_option("TASK", options->task, "Another task; or a command at the end, after --")
      ->type_name("");
  add_work_options(app, *options);
  add_trigger_options(app, *options);
  add_period_options(app, *options);
  app.footer(
      "Changes what is given, and keeps the rest: its id, its attempts, its period.\n"
      "A run that goes on is finished as it was.\n"
      "--at TIME is for the next run alone, also of periodic work and of a retry;\n"
      "--at default gives it back the time that it would have had.\n"
      "Example: wm update backup --network unmetered --no-charging\n"
      "         wm update sync --every 2h --priority 3");
  return [options, &app](Session& session) { return update(session, app, *options); };
}

}  // namespace wm::cli
