#include "cli/work_file.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include <toml++/toml.h>

#include "cli/caller.h"
#include "cli/render/local_time.h"
#include "config/toml_reader.h"
#include "core/json_reader.h"
#include "core/request_fields.h"
#include "core/request_json.h"
#include "core/schedule.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr Reading kWritten{
    Form::written, [](std::string_view text) { return typed_time(text, Direction::future); }};

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

// The field of that key, or nullptr.
const Field* field_of(std::string_view key) {
  static const std::unordered_map<std::string_view, const Field*> kFields = [] {
    std::unordered_map<std::string_view, const Field*> fields;
    for (const Field& field : request_fields()) {
      if ((field.offers & kFile) != 0) fields.emplace(field.key, &field);
    }
    return fields;
  }();
  std::string with_dashes(key);
  std::ranges::replace(with_dashes, '_', '-');
  const auto found = kFields.find(with_dashes);
  return found == kFields.end() ? nullptr : found->second;
}

// Reads one [[work]]. `_` may replace `-` in its keys, as in wmd.toml.
class WorkReader {
 public:
  WorkReader(const toml::table& table, TomlReader& reader, Place place)
      : table_(table), reader_(reader), place_(place) {}

  // Nothing: the reader has the error.
  std::optional<WorkRequest> read() {
    bool processing = false;
    reader_.read("processing", processing);
    const bool periodic = table_.contains("every") || table_.contains("calendar");
    WorkRequest request = default_request(processing ? WorkKind::processing
                                          : periodic ? WorkKind::periodic
                                                     : WorkKind::oneoff);
    bool all_known = true;
    for (const auto& [found, node] : table_) {
      const Field* const field = field_of(found.str());
      if (field && key(field->key) == found.str()) {
        read_field(*field, request);
      } else if (found != "processing") {
        all_known = false;
      }
    }
    if (!all_known) know_all();
    if (!reader_.finish() || !is_complete(request) || !resolve(request)) return std::nullopt;
    return request;
  }

 private:
  void read_field(const Field& field, WorkRequest& request) {
    const std::string found = key(field.key);
    const toml::node* node = reader_.find(found);
    if (!node) return;
    const auto read = field.value->in(to_json(*node), request, kWritten);
    if (read) return;
    if (read.error().of_type) {
      reader_.fail(found, "must be " + read.error().message);
    } else {
      reader_.complain(found, read.error().message);
    }
  }

  // An error about an unknown key suggests one of these.
  void know_all() {
    for (const Field& field : request_fields()) {
      if ((field.offers & kFile) != 0) reader_.find(key(field.key));
    }
  }

  // Checks rules that concern several keys.
  bool is_complete(const WorkRequest& request) {
    const bool periodic = table_.contains("every") || table_.contains("calendar");
    if (request.unique_name.empty()) {
      reader_.fail("name", "is missing: every job has a unique name");
    } else if (request.task_name.empty() && request.command.empty()) {
      reader_.fail("command", "is missing: write command = [\"PROGRAM\", …], or task = \"NAME\"");
    } else if (!request.task_name.empty() && !request.command.empty()) {
      reader_.fail("command", "and task are both given: give one of them");
    } else if (periodic && request.kind == WorkKind::processing) {
      reader_.fail("processing", "work has no period: it runs once");
    } else if (table_.contains(key("input-json")) && table_.contains("input")) {
      reader_.fail(key("input-json"), "and input say the same: give one of them");
    }
    return reader_.finish();
  }

  // A file means the same wherever it is applied from, except for the PATH in which a command is
  // looked up, and the home directory for `~`.
  bool resolve(WorkRequest& request) {
    if (!request.command.empty() && place_ == Place::here) {
      auto program = find_program(request.command.front());
      if (program) {
        request.command.front() = std::move(*program);
      } else {
        reader_.complain("command", program.error().message);
      }
    }
    for (std::string& path : request.trigger.paths) {
      if (path.starts_with('/') || path.starts_with("~/")) {
        path = absolute_path(path);
      } else {
        reader_.fail(key("on-path"), "'" + path + "' is not an absolute path");
      }
    }
    return reader_.finish();
  }

  std::string key(std::string_view with_dashes) const {
    std::string with_underscores(with_dashes);
    std::ranges::replace(with_underscores, '-', '_');
    return table_.contains(with_underscores) ? with_underscores : std::string(with_dashes);
  }

  const toml::table& table_;
  TomlReader& reader_;
  Place place_;
};

// TOML has no null, and no number beyond 64 bits with a sign.
bool has_toml(const json::value& value) {
  if (const auto* object = value.if_object()) {
    return std::ranges::all_of(*object, [](const auto& pair) { return has_toml(pair.value()); });
  }
  if (const auto* list = value.if_array()) return std::ranges::all_of(*list, has_toml);
  return !value.is_null() && !value.is_uint64();
}

toml::table toml_table(const json::object& object);
toml::array toml_array(const json::array& list);

// Calls `put` with the value's TOML form.
template <class Put>
void put_toml(const json::value& value, Put put) {
  if (const auto* object = value.if_object()) return put(toml_table(*object));
  if (const auto* list = value.if_array()) return put(toml_array(*list));
  if (const auto* text = value.if_string()) return put(std::string(*text));
  if (const auto* number = value.if_double()) return put(*number);
  if (const auto* flag = value.if_bool()) return put(*flag);
  put(value.as_int64());
}

toml::table toml_table(const json::object& object) {
  toml::table table;
  table.is_inline(true);
  for (const auto& [key, value] : object) {
    put_toml(value, [&, name = std::string_view(key)](auto&& node) {
      table.insert(name, std::forward<decltype(node)>(node));
    });
  }
  return table;
}

toml::array toml_array(const json::array& list) {
  toml::array array;
  for (const json::value& value : list) {
    put_toml(value, [&](auto&& node) { array.push_back(std::forward<decltype(node)>(node)); });
  }
  return array;
}

// The library quotes some keys wrongly: one with a tab, one with three quotes.
bool reads_back(std::string_view key, const json::value& value) {
  try {
    const toml::table line = toml::parse(toml_line(key, value));
    return to_json(*line.get(key)) == value;
  } catch (const toml::parse_error&) {
    return false;
  }
}

void write_line(std::ostream& out, std::string_view key, const json::value& value) {
  if (value.is_object() && !reads_back(key, value)) {
    throw std::runtime_error(std::string(key) + " has a name that cannot be written in TOML: " +
                             printable(json::serialize(value)));
  }
  out << toml_line(key, value);
}

// Leaves out a backoff that equals the default.
WorkRequest without_usual_backoff(WorkRequest request) {
  if (backoff_of(request) == Backoff{}) {
    request.backoff_policy.reset();
    request.backoff_delay.reset();
  }
  return request;
}

void write_work(std::ostream& out, const json::object& work) {
  auto read = request_among(work);
  if (!read) throw std::runtime_error("the daemon's answer: " + read.error().message);
  const WorkRequest request = without_usual_backoff(std::move(*read));
  const WorkRequest usual = default_request(request.kind);
  const json::value input = json::parse(request.input);
  const bool as_text = !has_toml(input) || !reads_back("input", input);
  out << "[[work]]\n";
  for (const Field& field : request_fields()) {
    if (field.key == (as_text ? "input" : "input-json") || (field.offers & kFile) == 0) continue;
    if (!field.value->equal(request, usual)) {
      write_line(out, field.key, field.value->out(request, Form::written));
    }
    if (field.key == "command" && request.kind == WorkKind::processing) {
      write_line(out, "processing", true);
    }
  }
}

}  // namespace

// No text is spread over several lines.
std::string toml_line(std::string_view key, const json::value& value) {
  constexpr auto kOneLine = toml::toml_formatter::default_flags &
                            ~toml::format_flags::allow_literal_strings &
                            ~toml::format_flags::allow_multi_line_strings;
  std::ostringstream out;
  put_toml(value, [&](auto&& node) {
    toml::table line;
    line.insert(key, std::forward<decltype(node)>(node));
    out << toml::toml_formatter{line, kOneLine} << '\n';
  });
  return out.str();
}

Result<std::vector<DeclaredWork>> parse_works(std::string_view text, const std::string& name,
                                              Place place, const ReadMore& read_more) {
  std::vector<DeclaredWork> works;
  std::optional<Error> error;
  const TomlFile file{name, PlaceForm::line};
  try {
    const toml::table tables = toml::parse(text, name);
    if (const auto* list = tables["work"].as_array()) works.reserve(list->size());
    TomlReader reader(tables, "", file, error);
    for (const char* const word : {"job", "jobs"}) {
      if (const toml::node* jobs = tables.get(word); jobs && !error) {
        error = file.error_at(jobs->source(),
                              std::string("unknown key '") + word + "': did you mean [[work]]?");
      }
    }
    reader.each_entry("work", [&](const toml::table& table, TomlReader& entry) {
      if (read_more) read_more(entry);
      if (auto request = WorkReader(table, entry, place).read()) {
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
