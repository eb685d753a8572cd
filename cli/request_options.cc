#include "cli/request_options.h"

#include <algorithm>
#include <filesystem>

#include <CLI/Option.hpp>

#include "cli/caller.h"
#include "cli/render/local_time.h"
#include "core/request_json.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr Reading kTyped{Form::written,
                         [](std::string_view text) { return typed_time(text, Direction::future); }};

constexpr std::string_view kInputText = "input-json";
constexpr std::string_view kDefault = "default";

// The member of the request's JSON for the field; nullptr: it has its default.
const json::value* member(const json::object& request, const Field& field) {
  if (field.object.empty()) return request.if_contains(field.json);
  const json::value* object = request.if_contains(field.object);
  return object && object->is_object() ? object->get_object().if_contains(field.json) : nullptr;
}

void set_member(json::object& request, const Field& field, json::value value) {
  json::object* target = &request;
  if (!field.object.empty()) {
    json::value& object = request[field.object];
    target = object.is_object() ? &object.get_object() : &object.emplace_object();
  }
  (*target)[field.json] = std::move(value);
}

// The key of the field that has the value of one without a member of its own.
std::string_view whole_of(const Field& field) {
  return field.key == kInputText ? "input" : "prefer";
}

}  // namespace

// CLI11 2.4 counts a negatable flag as given when it was not.
bool RequestOptions::Typed::is_given() const {
  return field->value->is_flag() ? !text.empty() : option->count() > 0;
}

std::vector<std::string> RequestOptions::Typed::texts() const {
  return field->value->is_list() ? list : std::vector{text};
}

bool RequestOptions::Typed::is_default() const {
  const std::vector<std::string> typed = texts();
  return typed.size() == 1 && (typed.front() == kDefault || typed.front().empty());
}

RequestOptions::RequestOptions(CLI::App& app, Offers offers, const CommandLine& line)
    : command_(line.trailing) {
  for (const Field& field : request_fields()) {
    if (field.option.empty() || (field.offers & offers) == 0) continue;
    const std::string names = "--" + std::string(field.option);
    if (line.wants(names)) add(app, field, names);
  }
  constexpr Offers kNew = kOneoff | kPeriodic | kEvery | kProcessing;
  if ((offers & kNew) != 0 && line.wants("--keep-env")) {
    app.add_flag("--keep-env", kept_variables_, "Your environment as it is now; or --keep-env=A,B")
        ->group(std::string(word(FieldGroup::gets)));
  }
}

void RequestOptions::add(CLI::App& app, const Field& field, std::string names) {
  Typed& typed = typed_.emplace_back();
  typed.field = &field;
  const std::string help(field.help);
  if (field.value->is_flag()) {
    names += ",!--no-" + std::string(field.option);
    typed.option = app.add_flag(names, typed.text, help);
  } else if (field.value->is_list()) {
    typed.option = app.add_option(names, typed.list, help)->allow_extra_args(false);
    if (!field.value->words().empty()) typed.option->delimiter(',');
  } else {
    typed.option = app.add_option(names, typed.text, help);
  }
  typed.option->group(std::string(word(field.group)));
  if (!field.value->is_flag()) typed.option->type_name(std::string(field.metavar));
}

void RequestOptions::add_name(CLI::App& app) {
  app.add_option("NAME", name_, "The job's unique name (its command's: rsync, …)")->type_name("");
}

void RequestOptions::add_names(CLI::App& app, const char* task_help) {
  app.add_option("NAME", name_, "The job's unique name")->required()->type_name("");
  app.add_option("TASK", task_, task_help)->type_name("");
}

bool RequestOptions::is_given(std::string_view key) const {
  return std::ranges::any_of(
      typed_, [&](const Typed& one) { return one.field->key == key && one.is_given(); });
}

Result<> RequestOptions::read_typed(WorkRequest& request, bool update) const {
  std::size_t preferences = 0;
  std::size_t relaxations = 0;
  for (const Typed& one : typed_) {
    const std::string_view key = one.field->key;
    const std::size_t values = update && one.is_default() ? 0 : one.list.size();
    if (key == "prefer") preferences = values;
    if (key == "relax-after") relaxations = values;
  }
  if (preferences != relaxations) {
    return invalid(
        "--prefer and --relax-after come in pairs: --prefer network=unmetered --relax-after 24h");
  }
  for (const Typed& one : typed_) {
    if (!one.is_given() || (update && one.is_default())) continue;
    std::vector<std::string> texts = one.texts();
    if (one.field->key == kInputText) {
      auto text = read_text("--input-json", one.text);
      if (!text) return std::unexpected(text.error());
      texts = {*text};
    }
    auto read = one.field->value->parse(texts, request, kTyped);
    if (!read) {
      return invalid(read.error().about("--" + std::string(one.field->option_name())));
    }
  }
  for (std::string& path : request.trigger.paths) path = absolute_path(path);
  if (!request.env_file.empty()) request.env_file = absolute_path(request.env_file);
  return {};
}

Result<> RequestOptions::read_command(WorkRequest& request) const {
  request.task_name = task_;
  std::error_code problem;
  std::string cwd = request.cwd;
  if (elsewhere_ && !cwd.empty() && !cwd.starts_with('/')) {
    return invalid("--cwd: '" + cwd + "' is not an absolute path, as another machine needs it");
  }
  if (!cwd.empty()) cwd = std::filesystem::absolute(cwd, problem).string();
  if (!command_.empty()) {
    if (!task_.empty()) return invalid("a task and a command: give one of them");
    request.command = command_;
    if (elsewhere_) return {};
    const auto program = find_program(command_.front());
    if (!program) return std::unexpected(program.error());
    request.command.front() = *program;
    if (cwd.empty()) cwd = std::filesystem::current_path(problem).string();
  }
  if (!is_utf8(cwd)) return invalid("--cwd: '" + cwd + "' is not UTF-8");
  request.cwd = cwd;
  return {};
}

Result<WorkRequest> RequestOptions::read(WorkKind kind) const {
  WorkRequest request = default_request(kind);
  request.unique_name = name_;
  if (auto read = read_typed(request, false); !read) return std::unexpected(read.error());
  if (!kept_variables_.empty()) {
    auto kept = kept_environment(kept_variables_);
    if (!kept) return std::unexpected(kept.error());
    request.env.merge(*kept);  // What --env sets stays.
    if (kept_variables_ == kAllVariables && !request.terms.umask) request.terms.umask = own_umask();
  }
  if (auto read = read_command(request); !read) return std::unexpected(read.error());
  return request;
}

Result<json::object> RequestOptions::read_changes(WorkRequest& request) const {
  if (auto read = read_typed(request, true); !read) return std::unexpected(read.error());
  for (const Typed& one : typed_) {
    if (task_ != kDefault || !one.is_given() || !one.field->value->is_flag()) continue;
    const std::string option = "--" + std::string(one.field->option_name());
    return invalid(option + " takes no word: write " + option + "=default");
  }
  if (auto read = read_command(request); !read) return std::unexpected(read.error());
  const json::object all = to_json(request);
  json::object changes;
  for (const char* const key : {"taskName", "command", "cwd"}) {
    if (const json::value* value = all.if_contains(key)) changes[key] = *value;
  }
  for (const Typed& one : typed_) {
    if (!one.is_given()) continue;
    const Field& field = one.field->json.empty() ? *find_field(whole_of(*one.field)) : *one.field;
    const json::value* value = one.is_default() ? nullptr : member(all, field);
    set_member(changes, field, value ? *value : json::value(nullptr));
  }
  return changes;
}

}  // namespace wm::cli
