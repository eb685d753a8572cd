#include "cli/work_file.h"

#include <algorithm>
#include <map>
#include <span>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "cli/render/work.h"
#include "cli/work_options.h"
#include "config/toml_reader.h"
#include "core/json_reader.h"
#include "core/size.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

json::value to_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    json::object object;
    for (const auto& [key, value] : *table) object[key.str()] = to_json(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    json::array list;
    for (const toml::node& value : *array) list.push_back(to_json(value));
    return list;
  }
  if (const auto* text = node.as_string()) return json::value(text->get());
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  std::ostringstream text;  // A date or a time.
  node.visit([&](const auto& value) {
    if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> ||
                  toml::is_date_time<decltype(value)>) {
      text << value.get();
    }
  });
  return json::value(text.str());
}

// One [[work]]. Its keys are the options' names; `_` may stand for `-`, as in wmd.toml.
class WorkReader {
 public:
  WorkReader(const toml::table& table, TomlReader& reader) : table_(table), reader_(reader) {}

  // Nothing: the reader has the error.
  std::optional<WorkRequest> read() {
    read_texts();
    read_lists();
    read_rest();
    if (!reader_.finish() || !is_complete()) return std::nullopt;
    const bool periodic = !options_.every.empty() || !options_.calendar.empty();
    const WorkKind kind = processing_ ? WorkKind::processing
                          : periodic  ? WorkKind::periodic
                                      : WorkKind::oneoff;
    auto request = read_request(options_, kind);
    if (!request) {
      reader_.complain(key(request.error().option), request.error().message);
      return std::nullopt;
    }
    // Wherever it is applied from, a file means the same.
    request->cwd = options_.cwd;
    if (table_.contains("input")) request->input = json::serialize(to_json(*table_.get("input")));
    if (!input_json_.empty()) {
      const auto input = parse_object("the text", input_json_);
      if (!input) {
        reader_.complain(key("input-json"), input.error().message);
        return std::nullopt;
      }
      request->input = json::serialize(*input);
    }
    return std::move(*request);
  }

 private:
  // What no key says alone.
  bool is_complete() {
    const bool periodic = !options_.every.empty() || !options_.calendar.empty();
    if (options_.name.empty()) {
      reader_.fail("name", "is missing: every work has a unique name");
    } else if (options_.task.empty() && options_.command.empty()) {
      reader_.fail("command", "is missing: write command = [\"PROGRAM\", …], or task = \"NAME\"");
    } else if (!options_.task.empty() && !options_.command.empty()) {
      reader_.fail("command", "and task are both given: give one of them");
    } else if (periodic && processing_) {
      reader_.fail("processing", "work has no period: it runs once");
    } else if (!input_json_.empty() && table_.contains("input")) {
      reader_.fail(key("input-json"), "and input say the same: give one of them");
    }
    return reader_.finish();
  }

  std::string key(const std::string& with_dashes) {
    std::string with_underscores = with_dashes;
    std::ranges::replace(with_underscores, '-', '_');
    return table_.contains(with_underscores) ? with_underscores : with_dashes;
  }

  void read_texts() {
    const std::pair<const char*, std::string*> texts[]{
        {"name", &options_.name},
        {"task", &options_.task},
        {"network", &options_.network},
        {"initial-delay", &options_.initial_delay},
        {"trigger-delay", &options_.trigger_delay},
        {"trigger-max-delay", &options_.trigger_max_delay},
        {"at", &options_.at},
        {"deadline", &options_.deadline},
        {"every", &options_.every},
        {"flex", &options_.flex},
        {"cadence", &options_.cadence},
        {"calendar", &options_.calendar},
        {"backoff", &options_.backoff},
        {"backoff-delay", &options_.backoff_delay},
        {"fail-on", &options_.fail_on},
        {"retry-on", &options_.retry_on},
        {"success-on", &options_.success_on},
        {"time-limit", &options_.time_limit},
        {"merge", &options_.merge},
        {"group", &options_.group},
        {"out-of-quota", &options_.out_of_quota},
        {"cwd", &options_.cwd},
        {"as", &options_.as},
        {"io-class", &options_.io_class},
        {"memory-max", &options_.memory_max},
        {"stop-grace", &options_.stop_grace},
        {"keep-results", &options_.keep_results},
        {"description", &options_.description},
    };
    for (const auto& [name, text] : texts) reader_.read(key(name), *text);
  }

  void read_lists() {
    reader_.read("command", options_.command);
    reader_.read("tags", options_.tags);
    reader_.read("after", options_.after);
    reader_.read("require", options_.require);
    reader_.read("notify", options_.notify);
    reader_.read(key("on-path"), options_.on_path);
    for (const std::string& path : options_.on_path) {
      if (path.starts_with('/') || path.starts_with("~/")) continue;
      reader_.fail(key("on-path"), "'" + path + "' is not an absolute path");
    }
    std::map<std::string, std::string> env;
    reader_.read("env", env);
    for (const auto& [name, value] : env) options_.env.push_back(name + '=' + value);
    reader_.each_entry("prefer", [&](const toml::table&, TomlReader& entry) {
      std::string& constraint = options_.prefer.emplace_back();
      std::string& relax_after = options_.relax_after.emplace_back();
      entry.read("constraint", constraint);
      entry.read(entry.has("relax_after") ? "relax_after" : "relax-after", relax_after);
      if (!entry.finish()) return;
      if (constraint.empty())
        entry.fail("constraint", "is missing: network=unmetered, charging, …");
      if (relax_after.empty())
        entry.fail("relax-after", "is missing: after how long it is dropped");
    });
    reader_.table("input", [](TomlReader& input) { input.accept_all(); });
    reader_.read(key("input-json"), input_json_);
  }

  void read_rest() {
    for (const ConstraintDef& one : kConstraints) {
      if (one.form == ConstraintForm::flag) read_flag(one.option, options_.constraints[one.id]);
    }
    read_flag("retry-on-crash", options_.retry_on_crash);
    read_flag("expedited", options_.expedited);
    read_number("max-attempts", options_.max_attempts, 0, std::numeric_limits<std::int32_t>::max());
    reader_.read("priority", options_.priority, -10, 10);
    read_number("nice", options_.nice, -20, 19);
    read_number("cpu-weight", options_.cpu_weight, 1, 10'000);
    read_number("tasks-max", options_.tasks_max, 1, 4'194'304);
    reader_.read("processing", processing_);
  }

  void read_flag(std::string_view name, int& value) {
    const std::string found = key(std::string(name));
    bool flag = false;
    reader_.read(found, flag);
    if (table_.contains(found)) value = flag ? 1 : -1;
  }

  void read_number(const char* name, std::optional<int>& value, int least, int most) {
    const std::string found = key(name);
    int number = 0;
    reader_.read(found, number, least, most);
    if (table_.contains(found)) value = number;
  }

  const toml::table& table_;
  TomlReader& reader_;
  WorkOptions options_;
  std::string input_json_;
  bool processing_ = false;
};

std::string text_form(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string toml_string(std::string_view text) {
  std::ostringstream out;
  constexpr auto kOneLine = toml::toml_formatter::default_flags &
                            ~toml::format_flags::allow_literal_strings &
                            ~toml::format_flags::allow_multi_line_strings;
  out << toml::toml_formatter{toml::value<std::string>{std::string(text)}, kOneLine};
  return out.str();
}

std::string toml_of(const json::value& value) {
  if (const auto* object = value.if_object()) {
    std::string text;
    for (const auto& [key, one] : *object) {
      text += (text.empty() ? " " : ", ") + toml_string(key) + " = " + toml_of(one);
    }
    return "{" + text + " }";
  }
  if (const auto* list = value.if_array()) {
    std::string text;
    for (const json::value& one : *list) text += (text.empty() ? "" : ", ") + toml_of(one);
    return "[" + text + "]";
  }
  if (const auto* text = value.if_string()) return toml_string(*text);
  if (const auto* number = value.if_double()) {
    const std::string text = fmt::format("{}", *number);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  }
  return text_form(value);
}

// TOML has no null, and no number beyond 64 bits with a sign.
bool has_toml(const json::value& value) {
  if (const auto* object = value.if_object()) {
    return std::ranges::all_of(*object, [](const auto& pair) { return has_toml(pair.value()); });
  }
  if (const auto* list = value.if_array()) return std::ranges::all_of(*list, has_toml);
  return !value.is_null() && !value.is_uint64();
}

// How a field of the daemon's answer is called in a file, and how it is written there.
enum class Form : std::uint8_t { as_it_is, duration, size };
struct Key {
  std::string_view field;
  std::string_view key;
  Form form = Form::as_it_is;
};

std::string toml_of(const json::value& value, Form form) {
  const std::int64_t* const number = value.if_int64();
  if (!number || form == Form::as_it_is) return toml_of(value);
  return toml_string(form == Form::size ? format_size(*number)
                                        : format_duration(Duration{*number}));
}

constexpr Key kKeys[]{
    {"taskName", "task"},
    {"command", "command"},
    {"cwd", "cwd"},
    {"env", "env"},
    {"input", "input"},
    {"description", "description"},
    {"tags", "tags"},
    {"everyMs", "every", Form::duration},
    {"flexMs", "flex", Form::duration},
    {"calendar", "calendar"},
    {"cadence", "cadence"},
    {"initialDelayMs", "initial-delay", Form::duration},
    {"onPath", "on-path"},
    {"triggerDelayMs", "trigger-delay", Form::duration},
    {"triggerMaxDelayMs", "trigger-max-delay", Form::duration},
    {"at", "at"},
    {"deadlineMs", "deadline", Form::duration},
    {"prerequisites", "after"},
    {"merge", "merge"},
    {"priority", "priority"},
    {"group", "group"},
    {"expedited", "expedited"},
    {"outOfQuota", "out-of-quota"},
    {"maxAttempts", "max-attempts"},
    {"failOn", "fail-on"},
    {"retryOn", "retry-on"},
    {"successOn", "success-on"},
    {"retryOnCrash", "retry-on-crash"},
    {"timeLimitMs", "time-limit", Form::duration},
    {"as", "as"},
    {"nice", "nice"},
    {"ioClass", "io-class"},
    {"memoryMaxBytes", "memory-max", Form::size},
    {"cpuWeight", "cpu-weight"},
    {"tasksMax", "tasks-max"},
    {"notify", "notify"},
    {"stopGraceMs", "stop-grace", Form::duration},
    {"keepResultsMs", "keep-results", Form::duration},
};

constexpr auto kConstraintKeys = [] {
  std::array<Key, kConstraints.size()> keys;
  std::ranges::transform(kConstraints, keys.begin(),
                         [](const ConstraintDef& one) { return Key{one.json, one.option}; });
  return keys;
}();

void write_fields(std::ostream& out, const json::object& object, std::span<const Key> keys) {
  for (const auto& [field, key, form] : keys) {
    const json::value* value = object.if_contains(field);
    if (!value || (value->is_object() && value->get_object().empty())) continue;
    out << key << " = " << toml_of(*value, form) << '\n';
  }
}

// The constraints of a preference, as --prefer names each.
std::vector<std::string> preferred(const json::object& constraints) {
  std::vector<std::string> names;
  for (const ConstraintDef& one : kConstraints) {
    const json::value* value = constraints.if_contains(one.json);
    if (!value) continue;
    const std::string name(one.name);
    if (const json::array* custom = value->if_array()) {
      for (const json::value& own : *custom) names.push_back(name + '=' + text_form(own));
    } else {
      names.push_back(value->is_string() ? name + '=' + text_form(*value) : name);
    }
  }
  return names;
}

void write_work(std::ostream& out, const json::object& work) {
  out << "[[work]]\nname = " << toml_string(text_of(work, "uniqueName")) << '\n';
  const json::object& constraints = object_of(work, "constraints");
  if (text_of(work, "kind") == "processing") {
    out << "processing = true\n";
    for (const char* const name : {"charging", "idle"}) {
      if (!constraints.contains(name)) out << name << " = false\n";
    }
  }
  json::object fields = work;
  if (text_of(work, "cadence") == "interval") fields.erase("cadence");
  const auto* const input = work.if_contains("input");
  if (input && !has_toml(*input)) {
    out << "input-json = " << toml_string(json::serialize(*input)) << '\n';
    fields.erase("input");
  }
  write_fields(out, fields, kKeys);
  write_fields(out, constraints, kConstraintKeys);
  const json::object& backoff = object_of(work, "backoff");
  if (!backoff.empty() && backoff != json::object{{"policy", "exponential"}, {"delayMs", 30'000}}) {
    out << "backoff = " << toml_string(text_of(backoff, "policy")) << "\nbackoff-delay = "
        << toml_string(format_duration(Duration{number_of(backoff, "delayMs")})) << '\n';
  }
  std::string prefer;
  for (const json::value& value : array_of(work, "prefer")) {
    const json::object& one = value.as_object();
    const std::string relax_after =
        toml_string(format_duration(Duration{number_of(one, "relaxAfterMs")}));
    for (const std::string& name : preferred(object_of(one, "constraints"))) {
      prefer += (prefer.empty() ? "" : ", ") + std::string("{ constraint = ") + toml_string(name) +
                ", relax-after = " + relax_after + " }";
    }
  }
  if (!prefer.empty()) out << "prefer = [" << prefer << "]\n";
}

}  // namespace

Result<std::vector<DeclaredWork>> parse_works(std::string_view text, const std::string& name) {
  std::vector<DeclaredWork> works;
  std::optional<Error> error;
  const TomlFile file{name, PlaceForm::line};
  try {
    const toml::table tables = toml::parse(text, name);
    TomlReader reader(tables, "", file, error);
    reader.each_entry("work", [&](const toml::table& table, TomlReader& entry) {
      if (auto request = WorkReader(table, entry).read()) {
        works.push_back({std::move(*request), file.place(table.source())});
      }
    });
  } catch (const toml::parse_error& problem) {
    return std::unexpected(file.error_at(problem.source(), problem.description()));
  }
  if (error) return std::unexpected(*error);
  return works;
}

void write_works(std::ostream& out, const json::array& works) {
  bool first = true;
  for (const json::value& work : works) {
    if (!std::exchange(first, false)) out << '\n';
    write_work(out, work.as_object());
  }
}

}  // namespace wm::cli
