// The values that only registrations have, in every form, and where each value stands in a request.
// Only the rows of core/request_fields need it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "core/constraint_forms.h"
#include "core/field_forms.h"
#include "core/json_reader.h"
#include "core/request_fields.h"

namespace wm::forms {

// The place of a value in a request, to which `Access` gives a reference, and its forms.
template <class Access, class Codec>
class ValueAt : public FieldValue {
 public:
  ValueAt(Access access, Codec codec) : access_(access), codec_(std::move(codec)) {}

  bool equal(const WorkRequest& a, const WorkRequest& b) const override {
    return access_(a) == access_(b);
  }
  boost::json::value out(const WorkRequest& request, Form form) const override {
    return codec_.out(access_(request), form);
  }
  Read<> in(const boost::json::value& json, WorkRequest& request,
            const Reading& reading) const override {
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

 private:
  Access access_;
  [[no_unique_address]] Codec codec_;
};

template <class Access>
using TypeAt = std::remove_cvref_t<std::invoke_result_t<Access, WorkRequest&>>;

// Permission bits as umask(1) prints them: octal digits.
struct FileMask {
  using Value = std::int32_t;
  static constexpr Value kMost = 0777;

  static boost::json::value out(Value value, Form form) {
    if (form == Form::stored) return std::int64_t{value};
    std::string text = "000";
    for (std::size_t i = 3; i-- > 0; value /= 8) text[i] = static_cast<char>('0' + value % 8);
    return boost::json::value(text);
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    if (reading.form == Form::stored) return Number<Value>{}.in(json, value, reading);
    return in_as_text<FileMask>(json, value, reading);
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    Value mask = 0;
    bool octal = !text.empty() && text.size() <= 4;
    for (const char digit : text) {
      octal &= digit >= '0' && digit <= '7';
      mask = mask * 8 + (digit - '0');
    }
    if (!octal || mask > kMost) {
      return bad("'" + text + "' is no mask: write octal digits from 000 to 777, such as 027");
    }
    value = mask;
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "string"; }
};

// A JSON object, kept as text.
struct Input {
  using Value = std::string;
  static constexpr bool kRepeatable = true;
  static boost::json::value out(const Value& value, Form) { return boost::json::parse(value); }
  static Read<> in(const boost::json::value& json, Value& value, const Reading&) {
    if (!json.is_object()) return not_a("a JSON object");
    value = boost::json::serialize(json);
    return {};
  }
  // KEY=VALUE is a string, KEY:=JSON any value.
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    const std::size_t equals = text.find('=');
    const bool typed = equals != std::string::npos && equals > 0 && text[equals - 1] == ':';
    const std::string key = text.substr(0, typed ? equals - 1 : equals);
    if (equals == std::string::npos || key.empty()) {
      return bad("'" + text + "': write KEY=VALUE, or KEY:=JSON");
    }
    boost::json::value member = boost::json::string(text.substr(equals + 1));
    if (typed) {
      boost::json::error_code problem;
      member = boost::json::parse(text.substr(equals + 1), problem);
      if (problem) {
        return bad("'" + text + "': the value is not JSON: " + problem.message());
      }
    }
    boost::json::value input = boost::json::parse(value);
    input.as_object()[key] = std::move(member);
    value = boost::json::serialize(input);
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "object"; }
};

// The same as a single text.
struct InputText {
  using Value = std::string;
  static boost::json::value out(const Value& value, Form) { return boost::json::value(value); }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    return in_as_text<InputText>(json, value, reading);
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    auto input = parse_object("the text", text);
    if (!input) return bad(input.error().message);
    value = boost::json::serialize(*input);
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return ""; }
};

// Preferences. In a file and on the command line each names one constraint.
struct Preferences {
  using Value = std::vector<Preference>;

  static boost::json::value out(const Value& value, Form form) {
    boost::json::array list;
    for (const Preference& one : value) {
      const std::int64_t relax_after = one.relax_after.count();
      switch (form) {
        case Form::wire:
          list.push_back(
              {{"constraints", to_json(one.constraints)}, {"relaxAfterMs", relax_after}});
          break;
        case Form::stored:
          list.push_back(boost::json::array{to_json(one.constraints, form), relax_after});
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

  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    const boost::json::array* list = json.if_array();
    if (!list) {
      return not_a(reading.form == Form::written ? "a list: write prefer = [{ … }]"
                                                 : "a list of objects");
    }
    value.clear();
    for (const boost::json::value& one : *list) {
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
  static Read<> read_one(const boost::json::value& json, Preference& preference,
                         const Reading& reading) {
    if (reading.form == Form::stored) {
      const boost::json::array* pair = json.if_array();
      if (!pair || pair->size() != 2 || !(*pair)[0].is_object()) return not_a("pairs");
      return read_pair((*pair)[0].get_object(), (*pair)[1], preference, reading);
    }
    const boost::json::object* object = json.if_object();
    if (!object) return not_a("a list of objects");
    if (reading.form == Form::written) return read_written(*object, preference, reading);
    boost::json::object constraints;
    JsonReader reader(*object);
    reader.read("constraints", constraints).read("relaxAfterMs", preference.relax_after);
    if (auto done = reader.finish("a preference"); !done) return bad(done.error().message);
    const boost::json::value relax_after = preference.relax_after.count();
    return read_pair(constraints, relax_after, preference, reading);
  }

  static Read<> read_pair(const boost::json::object& object, const boost::json::value& relax_after,
                          Preference& preference, const Reading& reading) {
    auto constraints = read_constraints(object, reading.form);
    if (!constraints) return std::unexpected(constraints.error());
    preference.constraints = std::move(*constraints);
    return Length::in(relax_after, preference.relax_after, reading);
  }

  static Read<> read_written(const boost::json::object& object, Preference& preference,
                             const Reading& reading) {
    std::string constraint;
    std::string relax_after;
    JsonReader reader(object);
    reader.read("constraint", constraint)
        .read(object.contains("relax_after") ? "relax_after" : "relax-after", relax_after);
    if (auto done = reader.finish("a preference"); !done) return bad(done.error().message);
    if (constraint.empty()) {
      return bad("constraint is missing: network=unmetered, charging, …");
    }
    if (relax_after.empty()) {
      return bad("relax-after is missing: after how long it is dropped");
    }
    auto wanted = parse_constraint(constraint);
    if (!wanted) return std::unexpected(wanted.error());
    preference.constraints = std::move(*wanted);
    return Length::parse(relax_after, preference.relax_after, reading);
  }
};

// The second half of --prefer: as many values, in the same order.
class RelaxAfter : public FieldValue {
 public:
  bool equal(const WorkRequest&, const WorkRequest&) const override { return true; }
  boost::json::value out(const WorkRequest&, Form) const override { return nullptr; }
  Read<> in(const boost::json::value&, WorkRequest&, const Reading&) const override {
    return bad("stands beside its constraint: prefer = [{ constraint = …, relax-after = … }]");
  }
  Read<> parse(std::span<const std::string> texts, WorkRequest& request,
               const Reading& reading) const override {
    if (texts.size() != request.prefer.size()) {
      return bad("give it once for each prefer");
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto read = Length::parse(texts[i], request.prefer[i].relax_after, reading);
      if (!read) return read;
    }
    return {};
  }
  Result<> check(std::string_view, const WorkRequest&) const override { return {}; }
  std::span<const std::string_view> words() const override { return {}; }
  std::string_view varlink_type() const override { return ""; }
  bool is_flag() const override { return false; }
  bool is_list() const override { return true; }
};

// A row of core/constraints as a field.
class ConstraintValue : public FieldValue {
 public:
  explicit ConstraintValue(const ConstraintDef& def) : def_(def) {}

  bool equal(const WorkRequest& a, const WorkRequest& b) const override {
    return same_constraint(def_, a.constraints, b.constraints);
  }
  boost::json::value out(const WorkRequest& request, Form form) const override {
    return constraint_out(def_, request.constraints, form);
  }
  Read<> in(const boost::json::value& json, WorkRequest& request,
            const Reading& reading) const override {
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

 private:
  const ConstraintDef& def_;
};

}  // namespace wm::forms
