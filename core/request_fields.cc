#include "core/request_fields.h"

#include <algorithm>
#include <unordered_map>

#include "core/field_forms.h"
#include "core/json_reader.h"
#include "core/suggest.h"
#include "core/zone.h"

namespace wm {

namespace json = boost::json;

namespace {

// The place of a value in a request, to which `Access` gives a reference, and its forms.
template <class Access, class Codec>
class ValueAt : public FieldValue {
 public:
  ValueAt(Access access, Codec codec) : access_(access), codec_(std::move(codec)) {}

  bool equal(const WorkRequest& a, const WorkRequest& b) const override {
    return access_(a) == access_(b);
  }
  json::value out(const WorkRequest& request, Form form) const override {
    return codec_.out(access_(request), form);
  }
  Read<> in(const json::value& json, WorkRequest& request, const Reading& reading) const override {
    return codec_.in(json, access_(request), reading);
  }
  Read<> parse(std::span<const std::string> texts, WorkRequest& request,
               const Reading& reading) const override {
    for (const std::string& text : texts) {
      if (auto read = codec_.parse(text, access_(request), reading); !read) return read;
    }
    return {};
  }
  Result<> check(std::string_view key, const WorkRequest& request) const override {
    if constexpr (requires { codec_.check(key, access_(request)); }) {
      return codec_.check(key, access_(request));
    } else {
      return {};
    }
  }
  std::span<const std::string_view> words() const override { return codec_.words(); }
  std::string_view varlink_type() const override { return codec_.varlink(); }
  bool is_flag() const override { return codec_.varlink() == "bool"; }
  bool is_list() const override {
    return codec_.varlink().starts_with('[') || requires { Codec::kRepeatable; };
  }
  bool is_free_text() const override {
    if constexpr (requires { Codec::kFreeText; }) return Codec::kFreeText;
    return false;
  }

 private:
  Access access_;
  [[no_unique_address]] Codec codec_;
};

template <class Access>
using TypeAt = std::remove_cvref_t<std::invoke_result_t<Access, WorkRequest&>>;

// A JSON object, kept as text.
struct Input {
  using Value = std::string;
  static constexpr bool kRepeatable = true;
  static json::value out(const Value& value, Form) { return json::parse(value); }
  static Read<> in(const json::value& json, Value& value, const Reading&) {
    if (!json.is_object()) return forms::not_a("a JSON object");
    value = json::serialize(json);
    return {};
  }
  // KEY=VALUE is a string, KEY:=JSON any value.
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    const std::size_t equals = text.find('=');
    const bool typed = equals != std::string::npos && equals > 0 && text[equals - 1] == ':';
    const std::string key = text.substr(0, typed ? equals - 1 : equals);
    if (equals == std::string::npos || key.empty()) {
      return forms::bad("'" + text + "': write KEY=VALUE, or KEY:=JSON");
    }
    json::value member = json::string(text.substr(equals + 1));
    if (typed) {
      json::error_code problem;
      member = json::parse(text.substr(equals + 1), problem);
      if (problem) {
        return forms::bad("'" + text + "': the value is not JSON: " + problem.message());
      }
    }
    json::value input = json::parse(value);
    input.as_object()[key] = std::move(member);
    value = json::serialize(input);
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "object"; }
};

// The same as a single text.
struct InputText {
  using Value = std::string;
  static json::value out(const Value& value, Form) { return json::value(value); }
  static Read<> in(const json::value& json, Value& value, const Reading& reading) {
    std::string text;
    auto read = forms::Text::in(json, text, reading);
    return read ? parse(text, value, reading) : read;
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    auto input = parse_object("the text", text);
    if (!input) return forms::bad(input.error().message);
    value = json::serialize(*input);
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return ""; }
};

// Preferences. In a file and on the command line each names one constraint.
struct Preferences {
  using Value = std::vector<Preference>;

  static json::value out(const Value& value, Form form) {
    json::array list;
    for (const Preference& one : value) {
      const std::int64_t relax_after = one.relax_after.count();
      switch (form) {
        case Form::wire:
          list.push_back(
              {{"constraints", to_json(one.constraints)}, {"relaxAfterMs", relax_after}});
          break;
        case Form::stored:
          list.push_back(json::array{to_json(one.constraints, form), relax_after});
          break;
        case Form::written:
          for (const std::string& text : constraint_texts(one.constraints)) {
            list.push_back(
                {{"constraint", text}, {"relax-after", format_duration(one.relax_after)}});
          }
      }
    }
    return list;
  }

  static Read<> in(const json::value& json, Value& value, const Reading& reading) {
    const json::array* list = json.if_array();
    if (!list) {
      return forms::not_a(reading.form == Form::written ? "a list: write prefer = [{ … }]"
                                                        : "a list of objects");
    }
    value.clear();
    for (const json::value& one : *list) {
      auto read = read_one(one, value.emplace_back(), reading);
      if (!read) return read;
    }
    return {};
  }

  // Parses --prefer. The value of --relax-after comes later.
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    auto constraints = parse_constraint(text);
    if (!constraints) return std::unexpected(constraints.error());
    value.push_back({std::move(*constraints), {}});
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "[]Preference"; }

 private:
  static Read<> read_one(const json::value& json, Preference& preference, const Reading& reading) {
    if (reading.form == Form::stored) {
      const json::array* pair = json.if_array();
      if (!pair || pair->size() != 2 || !(*pair)[0].is_object()) return forms::not_a("pairs");
      return read_pair((*pair)[0].get_object(), (*pair)[1], preference, reading);
    }
    const json::object* object = json.if_object();
    if (!object) return forms::not_a("a list of objects");
    if (reading.form == Form::written) return read_written(*object, preference, reading);
    json::object constraints;
    JsonReader reader(*object);
    reader.read("constraints", constraints).read("relaxAfterMs", preference.relax_after);
    if (auto done = reader.finish("a preference"); !done) return forms::bad(done.error().message);
    const json::value relax_after = preference.relax_after.count();
    return read_pair(constraints, relax_after, preference, reading);
  }

  static Read<> read_pair(const json::object& object, const json::value& relax_after,
                          Preference& preference, const Reading& reading) {
    auto constraints = read_constraints(object, reading.form);
    if (!constraints) return std::unexpected(constraints.error());
    preference.constraints = std::move(*constraints);
    return forms::Length::in(relax_after, preference.relax_after, reading);
  }

  static Read<> read_written(const json::object& object, Preference& preference,
                             const Reading& reading) {
    std::string constraint;
    std::string relax_after;
    JsonReader reader(object);
    reader.read("constraint", constraint)
        .read(object.contains("relax_after") ? "relax_after" : "relax-after", relax_after);
    if (auto done = reader.finish("a preference"); !done) return forms::bad(done.error().message);
    if (constraint.empty()) {
      return forms::bad("constraint is missing: network=unmetered, charging, …");
    }
    if (relax_after.empty()) {
      return forms::bad("relax-after is missing: after how long it is dropped");
    }
    auto wanted = parse_constraint(constraint);
    if (!wanted) return std::unexpected(wanted.error());
    preference.constraints = std::move(*wanted);
    return forms::Length::parse(relax_after, preference.relax_after, reading);
  }
};

// The second half of --prefer: as many values, in the same order.
class RelaxAfter : public FieldValue {
 public:
  bool equal(const WorkRequest&, const WorkRequest&) const override { return true; }
  json::value out(const WorkRequest&, Form) const override { return nullptr; }
  Read<> in(const json::value&, WorkRequest&, const Reading&) const override {
    return forms::bad(
        "stands beside its constraint: prefer = [{ constraint = …, relax-after = … }]");
  }
  Read<> parse(std::span<const std::string> texts, WorkRequest& request,
               const Reading& reading) const override {
    if (texts.size() != request.prefer.size()) {
      return forms::bad("give it once for each prefer");
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto read = forms::Length::parse(texts[i], request.prefer[i].relax_after, reading);
      if (!read) return read;
    }
    return {};
  }
  Result<> check(std::string_view, const WorkRequest&) const override { return {}; }
  std::span<const std::string_view> words() const override { return {}; }
  std::string_view varlink_type() const override { return ""; }
  bool is_flag() const override { return false; }
  bool is_list() const override { return true; }
  bool is_free_text() const override { return false; }
};

// The name of a time zone.
struct ZoneName : forms::Text {
  static constexpr bool kFreeText = false;
  static Result<> check(std::string_view, const Value& value) {
    return value.empty() ? Result<>() : check_zone(value);
  }
};

// A row of core/constraints as a field.
class ConstraintValue : public FieldValue {
 public:
  explicit ConstraintValue(const ConstraintDef& def) : def_(def) {}

  bool equal(const WorkRequest& a, const WorkRequest& b) const override {
    return same_constraint(def_, a.constraints, b.constraints);
  }
  json::value out(const WorkRequest& request, Form form) const override {
    return constraint_out(def_, request.constraints, form);
  }
  Read<> in(const json::value& json, WorkRequest& request, const Reading& reading) const override {
    return constraint_in(def_, json, request.constraints, reading);
  }
  Read<> parse(std::span<const std::string> texts, WorkRequest& request,
               const Reading&) const override {
    return constraint_parse(def_, texts, request.constraints);
  }
  Result<> check(std::string_view, const WorkRequest&) const override { return {}; }
  std::span<const std::string_view> words() const override { return constraint_words(def_); }
  std::string_view varlink_type() const override { return constraint_varlink_type(def_); }
  bool is_flag() const override { return varlink_type() == "bool"; }
  bool is_list() const override { return varlink_type().starts_with('['); }
  bool is_free_text() const override { return def_.form == ConstraintForm::names; }

 private:
  const ConstraintDef& def_;
};

// Collects rows. Settings made before a row apply to it and to the rows below it.
class Rows {
 public:
  Rows& group(FieldGroup group) {
    next_.group = group;
    return *this;
  }
  Rows& offered(Offers offers) {
    next_.offers = offers;
    return *this;
  }
  Rows& part(Part part) {
    next_.part = part;
    return *this;
  }

  // The option has the same name as the key.
  template <class Access, class Codec>
  Rows& add(int number, std::string_view key, std::string_view json, std::string_view metavar,
            std::string_view help, Access access, Codec codec) {
    return add_value(number, key, json, metavar, help,
                     std::make_shared<ValueAt<Access, Codec>>(access, std::move(codec)));
  }
  template <class Access>
  Rows& add(int number, std::string_view key, std::string_view json, std::string_view metavar,
            std::string_view help, Access access) {
    return add(number, key, json, metavar, help, access, forms::Of<TypeAt<Access>>{});
  }
  Rows& add_value(int number, std::string_view key, std::string_view json, std::string_view metavar,
                  std::string_view help, std::shared_ptr<const FieldValue> value) {
    next_.number = number;
    next_.key = next_.option = key;
    next_.json = json;
    next_.metavar = metavar;
    next_.help = help;
    next_.value = std::move(value);
    list_.push_back(next_);
    return *this;
  }

  // Applies to the row above.
  Rows& option(std::string_view names) {
    list_.back().option = names;
    return *this;
  }
  Rows& in_object(std::string_view object) {
    list_.back().object = object;
    return *this;
  }
  Rows& always() {
    list_.back().always = true;
    return *this;
  }

  std::vector<Field> take() { return std::move(list_); }

 private:
  Field next_;
  std::vector<Field> list_;
};

constexpr Offers kAll = kOneoff | kPeriodic | kProcessing | kUpdate | kFile;
constexpr Offers kEnding = kOneoff | kProcessing | kFile;

// Numbers from 100 on are those of constraints.
constexpr int kFirstConstraint = 100;

void add_identity(Rows& rows) {
  rows.offered(kFile)
      .add(1, "name", "uniqueName", "", "", [](auto& r) -> auto& { return r.unique_name; })
      .option("")
      .always()
      .add(2, "task", "taskName", "", "", [](auto& r) -> auto& { return r.task_name; })
      .option("")
      .add(3, "command", "command", "", "", [](auto& r) -> auto& { return r.command; })
      .option("")
      .offered(0)
      .part(Part::policy)
      .add(4, "kind", "kind", "", "", [](auto& r) -> auto& { return r.kind; })
      .option("")
      .always();
}

void add_surroundings(Rows& rows) {
  rows.group(FieldGroup::gets)
      .offered(kAll)
      .part(Part::own)
      .add(
          5, "input-json", "", "JSON", "The input as one JSON object; @FILE; - for stdin",
          [](auto& r) -> auto& { return r.input; }, InputText{})
      .add(
          6, "input", "input", "KEY=VALUE", "A string in the input, or KEY:=JSON; repeatable",
          [](auto& r) -> auto& { return r.input; }, Input{})
      .always()
      .add(7, "env", "env", "NAME=VALUE", "An environment variable; repeatable",
           [](auto& r) -> auto& { return r.env; })
      .add(8, "cwd", "cwd", "DIR", "The working directory", [](auto& r) -> auto& { return r.cwd; })
      .add(9, "as", "as", "USER", "Run with this user's rights; only for root",
           [](auto& r) -> auto& { return r.terms.as; })
      .add(
          10, "nice", "nice", "N", "From -20 to 19; a lower value gets more CPU",
          [](auto& r) -> auto& { return r.terms.nice; },
          forms::Maybe{forms::Number<std::int32_t>{-20, 19}})
      .add(11, "io-class", "ioClass", "CLASS", "best-effort, or idle: only what nobody else wants",
           [](auto& r) -> auto& { return r.terms.io_class; })
      .part(Part::bounds)
      .add(
          12, "memory-max", "memoryMaxBytes", "SIZE", "Memory of all its processes: 512M, 2G",
          [](auto& r) -> auto& { return r.terms.bounds.memory_max; },
          forms::Maybe{forms::Size{std::int64_t{1} << 20}})
      .add(
          13, "cpu-weight", "cpuWeight", "N", "Share of CPU; everybody else has 100",
          [](auto& r) -> auto& { return r.terms.bounds.cpu_weight; },
          forms::Maybe{forms::Number<std::int32_t>{1, 10'000}})
      .add(
          14, "tasks-max", "tasksMax", "N", "Most processes and threads",
          [](auto& r) -> auto& { return r.terms.bounds.tasks_max; },
          forms::Maybe{forms::Number<std::int32_t>{1, 4'194'304}});
}

void add_conditions(Rows& rows) {
  rows.group(FieldGroup::when).part(Part::policy);
  for (const ConstraintDef& def : kConstraints) {
    rows.offered(kAll | kCheck)
        .add_value(kFirstConstraint + static_cast<int>(number_of(def.id)), def.option, def.json,
                   def.metavar, def.help, std::make_shared<ConstraintValue>(def))
        .in_object("constraints");
  }
  rows.offered(kAll)
      .add(
          20, "prefer", "prefer", "CONSTRAINT", "network=TYPE, charging, …: wait for this too,",
          [](auto& r) -> auto& { return r.prefer; }, Preferences{})
      .add_value(21, "relax-after", "", "D", "… until it has been due for this long",
                 std::make_shared<RelaxAfter>());
}

void add_times(Rows& rows) {
  rows.add(22, "initial-delay", "initialDelayMs", "D", "Do not run before this long from now",
           [](auto& r) -> auto& { return r.initial_delay; })
      .part(Part::own)
      .add(23, "at", "at", "TIME",
           "Do not run before: 09:30, tomorrow 09:30,\nmonday 09:30, 2026-11-23 09:30, in 2h, ISO "
           "8601",
           [](auto& r) -> auto& { return r.at; })
      .part(Part::policy)
      .add(24, "deadline", "deadlineMs", "D", "Run after this long, whatever its constraints",
           [](auto& r) -> auto& { return r.deadline; })
      .offered(kEnding | kUpdate)
      .add(25, "on-path", "onPath", "GLOB",
           "Run once a path changes: a directory, a file, or\na quoted pattern; repeatable",
           [](auto& r) -> auto& { return r.trigger.paths; })
      .add(26, "trigger-delay", "triggerDelayMs", "D", "… and has been quiet for this long (500ms)",
           [](auto& r) -> auto& { return r.trigger.delay; })
      .add(27, "trigger-max-delay", "triggerMaxDelayMs", "D",
           "… but at most this long after the change (1m)",
           [](auto& r) -> auto& { return r.trigger.max_delay; })
      .offered(kPeriodic | kUpdate | kFile)
      .add(28, "every", "everyMs", "D", "The period, at least 15m",
           [](auto& r) -> auto& { return r.every; })
      .option("every,--frequency")
      .add(29, "flex", "flexMs", "D", "Run only in the last part of each period",
           [](auto& r) -> auto& { return r.flex; })
      .add(30, "cadence", "cadence", "HOW",
           "interval (default): from the end of the last run;\nfixed: keeps the phase of the first",
           [](auto& r) -> auto& { return r.cadence; })
      .add(31, "calendar", "calendar", "EXPR", "Instead of a period: \"30 2 * * mon\", @daily, …",
           [](auto& r) -> auto& { return r.calendar; })
      .offered(kAll | kCheck)
      .add(
          32, "time-zone", "timeZone", "ZONE", "The zone of calendar and windows: Europe/Berlin, …",
          [](auto& r) -> auto& { return r.time_zone; }, ZoneName{});
}

void add_chain(Rows& rows) {
  rows.group(FieldGroup::after)
      .offered(kEnding)
      .part(Part::own)
      .add(40, "after", "prerequisites", "NAME", "Run once that job has succeeded; repeatable",
           [](auto& r) -> auto& { return r.prerequisites; })
      .add(41, "merge", "merge", "HOW", "Outputs become input: overwrite (default), arrays",
           [](auto& r) -> auto& { return r.merge; });
}

void add_order(Rows& rows) {
  rows.group(FieldGroup::order)
      .offered(kAll)
      .part(Part::policy)
      .add(
          42, "priority", "priority", "N", "From -10 to 10 (0)",
          [](auto& r) -> auto& { return r.priority; }, forms::Number<std::int32_t>{-10, 10})
      .add(43, "group", "group", "NAME", "Its group, which may have its own limit",
           [](auto& r) -> auto& { return r.group; })
      .add(44, "expedited", "expedited", "", "Run before all others, on a budget",
           [](auto& r) -> auto& { return r.expedited; })
      .add(45, "out-of-quota", "outOfQuota", "POLICY", "run-as-non-expedited (default), drop",
           [](auto& r) -> auto& { return r.out_of_quota; });
}

void add_ends(Rows& rows) {
  rows.group(FieldGroup::end)
      .add(50, "backoff", "policy", "POLICY", "exponential (default) or linear",
           [](auto& r) -> auto& { return r.backoff_policy; })
      .in_object("backoff")
      .add(51, "backoff-delay", "delayMs", "D", "The delay before the second attempt (30s)",
           [](auto& r) -> auto& { return r.backoff_delay; })
      .in_object("backoff")
      .add(
          52, "max-attempts", "maxAttempts", "N", "Fail after this many attempts; 0: never",
          [](auto& r) -> auto& { return r.max_attempts; },
          forms::Maybe{forms::Number<std::int32_t>{.least = 0}})
      .part(Part::exit_rules)
      .add(53, "retry-on-crash", "retryOnCrash", "", "Also retry when a signal has killed it",
           [](auto& r) -> auto& { return r.exit_rules.retry_on_crash; })
      .add(54, "fail-on", "failOn", "CODES", "Exit codes that fail for good (64-74,76-78)",
           [](auto& r) -> auto& { return r.exit_rules.fail_on; })
      .add(55, "retry-on", "retryOn", "CODES", "Exit codes that retry (all others)",
           [](auto& r) -> auto& { return r.exit_rules.retry_on; })
      .add(56, "success-on", "successOn", "CODES", "Exit codes that succeed (0)",
           [](auto& r) -> auto& { return r.exit_rules.success_on; })
      .part(Part::policy)
      .add(57, "time-limit", "timeLimitMs", "D", "Stop a run after this long, and retry; 0s: never",
           [](auto& r) -> auto& { return r.time_limit; })
      .part(Part::own)
      .add(58, "stop-grace", "stopGraceMs", "D", "The time from SIGTERM to SIGKILL (10s)",
           [](auto& r) -> auto& { return r.stop_grace; });
}

void add_keeping(Rows& rows) {
  rows.group(FieldGroup::kept)
      .add(60, "tags", "tags", "TAG", "A tag to list and cancel by; repeatable",
           [](auto& r) -> auto& { return r.tags; })
      .option("tag")
      .part(Part::policy)
      .add(61, "notify", "notify", "EVENT",
           "Notify when it has started, succeeded, failed,\nretried or stopped; repeatable, or "
           "a,b",
           [](auto& r) -> auto& { return r.notify; })
      .part(Part::own)
      .add(62, "keep-results", "keepResultsMs", "D", "Forget it this long after its end (7d)",
           [](auto& r) -> auto& { return r.keep_results; })
      .add(63, "description", "description", "TEXT", "A sentence for people",
           [](auto& r) -> auto& { return r.description; });
}

std::vector<Field> make_fields() {
  Rows rows;
  for (const auto& add : {add_identity, add_surroundings, add_conditions, add_times, add_chain,
                          add_order, add_ends, add_keeping}) {
    add(rows);
  }
  return rows.take();
}

// Members by name: the wire's name, or the number.
using Members = std::unordered_map<std::string, const Field*>;

std::string member_of(const Field& field, Form form) {
  if (form == Form::stored) return std::to_string(field.number);
  return std::string(field.object) + (field.object.empty() ? "" : ".") + std::string(field.json);
}

Members make_members(Form form) {
  Members members;
  for (const Field& field : request_fields()) {
    if (!field.json.empty()) members.emplace(member_of(field, form), &field);
  }
  return members;
}

const Members& members_of(Form form) {
  static const Members kWire = make_members(Form::wire);
  static const Members kStored = make_members(Form::stored);
  return form == Form::stored ? kStored : kWire;
}

const std::vector<std::string_view>& objects() {
  static const std::vector<std::string_view> kObjects{"constraints", "backoff"};
  return kObjects;
}

std::unexpected<Error> unknown_key(std::string_view key, std::string_view object) {
  std::vector<std::string_view> known;
  for (const Field& field : request_fields()) {
    if (field.object == object && !field.json.empty()) known.push_back(field.json);
  }
  if (object.empty()) known.insert(known.end(), objects().begin(), objects().end());
  return invalid("unknown key '" + printable(key) + "' in " +
                 (object.empty() ? "the work" : std::string(object)) + did_you_mean(key, known));
}

bool is_object(std::string_view key) { return std::ranges::count(objects(), key) > 0; }

// Reads the members of one of the request's objects, or of the request itself.
Result<> read_members(const json::object& object, std::string_view name, WorkRequest& request,
                      const Reading& reading) {
  const std::string before = name.empty() ? "" : std::string(name) + ".";
  const Members& members = members_of(reading.form);
  for (const auto& [key, value] : object) {
    if (value.is_null()) continue;
    if (name.empty() && reading.form == Form::wire && is_object(key)) {
      const json::object* inner = value.if_object();
      if (!inner) return invalid(std::string(key) + " must be a JSON object");
      if (auto read = read_members(*inner, key, request, reading); !read) return read;
      continue;
    }
    const auto member = members.find(before + std::string(key));
    if (member == members.end()) return unknown_key(key, name);
    auto read = member->second->value->in(value, request, reading);
    if (!read) return invalid(read.error().about(key));
  }
  return {};
}

const WorkRequest kPlain;

}  // namespace

std::span<const Field> request_fields() {
  static const std::vector<Field> kFields = make_fields();
  return kFields;
}

const Field* find_field(std::string_view key) {
  const auto found = std::ranges::find(request_fields(), key, &Field::key);
  return found == request_fields().end() ? nullptr : &*found;
}

WorkRequest default_request(WorkKind kind) {
  WorkRequest request;
  request.kind = kind;
  if (kind == WorkKind::processing) {
    request.constraints.set(Constraint::charging);
    request.constraints.set(Constraint::idle);
  }
  return request;
}

json::object part_to_json(const WorkRequest& request, std::initializer_list<Part> parts,
                          Form form) {
  json::object object;
  const bool stored = form == Form::stored;
  for (const Field& field : request_fields()) {
    if (field.json.empty() || std::ranges::count(parts, field.part) == 0) continue;
    if ((stored || !field.always) && field.value->equal(request, kPlain)) continue;
    json::object* target = &object;
    if (!stored && !field.object.empty()) {
      json::value& inner = object[field.object];
      target = inner.is_object() ? &inner.get_object() : &inner.emplace_object();
    }
    (*target)[stored ? member_of(field, form) : std::string(field.json)] =
        field.value->out(request, form);
  }
  return object;
}

Result<> read_part(const json::object& object, WorkRequest& request, Form form) {
  return read_members(object, "", request, {form});
}

json::object to_json(const WorkRequest& request) {
  json::object object =
      part_to_json(request, {Part::own, Part::policy, Part::exit_rules, Part::bounds});
  if (!object.contains("constraints")) object["constraints"].emplace_object();
  return object;
}

Result<WorkRequest> request_from_json(const json::object& object) {
  WorkRequest request;
  auto read = read_part(object, request);
  return read ? Result<WorkRequest>(std::move(request)) : std::unexpected(read.error());
}

Result<WorkRequest> request_among(const json::object& object) {
  json::object known;
  for (const auto& [key, value] : object) {
    if (is_object(key) || members_of(Form::wire).contains(key)) known[key] = value;
  }
  return request_from_json(known);
}

Result<> check_fields(const WorkRequest& request) {
  for (const Field& field : request_fields()) {
    if (auto checked = field.value->check(field.key, request); !checked) return checked;
  }
  return {};
}

}  // namespace wm
