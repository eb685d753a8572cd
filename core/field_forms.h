// The ways to write and read a value of each type in each form. Only code that defines fields needs
// them.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "core/exit_codes.h"
#include "core/forms.h"
#include "core/size.h"
#include "core/text.h"
#include "core/time.h"
#include "core/windows.h"
#include "core/words.h"

namespace wm {

namespace forms {

inline std::unexpected<ValueError> not_a(std::string type) {
  return std::unexpected(ValueError{std::move(type), true});
}

inline std::unexpected<ValueError> bad(std::string sentence) {
  return std::unexpected(ValueError{std::move(sentence), false});
}

template <class T>
Read<> take(Result<T> parsed, T& value) {
  if (!parsed) return bad(std::move(parsed.error().message));
  value = std::move(*parsed);
  return {};
}

// Each of these has out(), which makes a value's JSON; in(), which reads it; parse(), which reads
// one text of the command line; the words of a closed set; and the type in Varlink's description.

struct Text {
  using Value = std::string;
  static boost::json::value out(const Value& value, Form) { return boost::json::value(value); }
  static Read<> in(const boost::json::value& json, Value& value, const Reading&) {
    const boost::json::string* text = json.if_string();
    if (!text) return not_a("a string");
    value.assign(text->data(), text->size());
    return {};
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    value = text;
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "string"; }
};

// Reads a value that is a text in this form.
template <class Item>
Read<> in_as_text(const boost::json::value& json, typename Item::Value& value,
                  const Reading& reading) {
  const boost::json::string* text = json.if_string();
  if (!text) return not_a("a string");
  return Item::parse(std::string(*text), value, reading);
}

struct Flag {
  using Value = bool;
  static boost::json::value out(Value value, Form) { return value; }
  static Read<> in(const boost::json::value& json, Value& value, const Reading&) {
    const bool* flag = json.if_bool();
    if (!flag) return not_a("true or false");
    value = *flag;
    return {};
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    const auto flag = parse_yes_no(text);
    if (!flag) return bad("'" + text + "' is neither yes nor no");
    value = *flag;
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "bool"; }
};

template <class Integer>
struct Number {
  using Value = Integer;
  std::int64_t least = std::numeric_limits<Integer>::min();
  std::int64_t most = std::numeric_limits<Integer>::max();

  static boost::json::value out(Value value, Form) { return std::int64_t{value}; }
  Read<> in(const boost::json::value& json, Value& value, const Reading& reading) const {
    // On the wire the daemon checks the bounds together with the whole request.
    const bool bounded = reading.form == Form::written;
    const std::int64_t* number = json.if_int64();
    if (number && std::in_range<Integer>(*number) && (!bounded || within(*number))) {
      value = static_cast<Value>(*number);
      return {};
    }
    return not_a(bounded ? "a whole number" + range() : "a whole number that fits 32 bits");
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    const auto number = parse_number<Integer>(text);
    if (number) {
      value = *number;
      return {};
    }
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    return bad("'" + text + "' is " + (digits ? "too large" : "not a whole number"));
  }
  Result<> check(std::string_view key, Value value) const {
    if (within(value)) return {};
    return fail(ErrorCode::invalid, std::string(key) + " " + std::to_string(value) +
                                        " is out of bounds: write a whole number" + range());
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "int"; }

 private:
  bool within(std::int64_t value) const { return value >= least && value <= most; }
  std::string range() const {
    if (most == std::numeric_limits<Integer>::max()) return " of at least " + std::to_string(least);
    return " from " + std::to_string(least) + " to " + std::to_string(most);
  }
};

struct Size {
  using Value = std::int64_t;  // Bytes.
  std::int64_t least = 0;

  static boost::json::value out(Value value, Form form) {
    return form == Form::written ? boost::json::value(format_size(value))
                                 : boost::json::value(value);
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    if (reading.form == Form::written) {
      return in_as_text<Size>(json, value, reading);
    }
    const std::int64_t* number = json.if_int64();
    if (!number) return not_a("a whole number");
    value = *number;
    return {};
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    return take(parse_size(text), value);
  }
  Result<> check(std::string_view key, Value value) const {
    if (value >= least) return {};
    return fail(ErrorCode::invalid, std::string(key) + " " + std::to_string(value) +
                                        " is under the minimum of " + format_size(least));
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "int"; }
};

struct Length {
  using Value = Duration;
  static boost::json::value out(Value value, Form form) {
    return form == Form::written ? boost::json::value(format_duration(value))
                                 : boost::json::value(std::int64_t{value.count()});
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    if (reading.form == Form::written) {
      return in_as_text<Length>(json, value, reading);
    }
    const std::int64_t* number = json.if_int64();
    if (!number || *number < 0 || *number > kMaxDuration.count()) {
      return not_a("a whole number of milliseconds from 0 to 10 years");
    }
    value = Duration{*number};
    return {};
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    return take(parse_duration(text), value);
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "int"; }
};

struct Time {
  using Value = TimePoint;
  static boost::json::value out(Value value, Form form) {
    return form == Form::stored ? boost::json::value(std::int64_t{value.time_since_epoch().count()})
                                : boost::json::value(format_time(value));
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    if (reading.form == Form::stored) {
      const std::int64_t* number = json.if_int64();
      if (!number) return not_a("a whole number");
      value = TimePoint{Duration{*number}};
      return {};
    }
    return in_as_text<Time>(json, value, reading);
  }
  static Read<> parse(const std::string& text, Value& value, const Reading& reading) {
    return take(reading.time ? reading.time(text) : parse_time(text), value);
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "string"; }
};

template <class E>
struct Word {
  using Value = E;
  static boost::json::value out(Value value, Form form) {
    return form == Form::stored ? boost::json::value(static_cast<std::int64_t>(value))
                                : boost::json::value(word(value));
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    if (reading.form == Form::stored) {
      const std::int64_t* number = json.if_int64();
      if (!number || *number < 0 || std::cmp_greater_equal(*number, Words<E>::list.size())) {
        return not_a("the number of a " + std::string(Words<E>::noun));
      }
      value = static_cast<Value>(*number);
      return {};
    }
    return in_as_text<Word>(json, value, reading);
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    return take(parse_word<E>(text), value);
  }
  static std::span<const std::string_view> words() { return Words<E>::list; }
  static std::string_view varlink() { return "string"; }
};

struct Codes {
  using Value = ExitCodes;
  static boost::json::value out(const Value& value, Form) {
    return boost::json::value(format_exit_codes(value));
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    std::string text;
    auto read = Text::in(json, text, reading);
    return read && !text.empty() ? parse(text, value, reading) : read;
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    return take(parse_exit_codes(text), value);
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "string"; }
};

// Windows have the same text in every form.
struct LocalWindow {
  using Value = Window;
  static boost::json::value out(const Value& value, Form) {
    return boost::json::value(format_window(value));
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    return in_as_text<LocalWindow>(json, value, reading);
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    return take(parse_window(text), value);
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "string"; }
};

struct Pairs {
  using Value = std::map<std::string, std::string>;
  static boost::json::value out(const Value& value, Form) { return boost::json::value_from(value); }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    const auto wrong = [&] {
      return not_a(reading.form == Form::written ? "a table of strings" : "an object of strings");
    };
    const boost::json::object* object = json.if_object();
    if (!object) return wrong();
    value.clear();
    for (const auto& [name, item] : *object) {
      const boost::json::string* text = item.if_string();
      if (!text) return wrong();
      value.emplace(name, *text);
    }
    return {};
  }
  static Read<> parse(const std::string& text, Value& value, const Reading&) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return bad("'" + text + "': write NAME=VALUE");
    value[text.substr(0, equals)] = text.substr(equals + 1);
    return {};
  }
  static std::span<const std::string_view> words() { return {}; }
  static std::string_view varlink() { return "[string]string"; }
};

template <class Item>
struct Maybe {
  using Value = std::optional<typename Item::Value>;
  Item item;

  boost::json::value out(const Value& value, Form form) const {
    return value ? item.out(*value, form) : boost::json::value(nullptr);
  }
  Read<> in(const boost::json::value& json, Value& value, const Reading& reading) const {
    return item.in(json, value.emplace(), reading);
  }
  Read<> parse(const std::string& text, Value& value, const Reading& reading) const {
    return item.parse(text, value.emplace(), reading);
  }
  Result<> check(std::string_view key, const Value& value) const
    requires requires { item.check(key, *value); }
  {
    return value ? item.check(key, *value) : Result<>();
  }
  std::span<const std::string_view> words() const { return item.words(); }
  std::string_view varlink() const { return item.varlink(); }
};

template <class Item>
struct List {
  using Value = std::vector<typename Item::Value>;
  static boost::json::value out(const Value& value, Form form) {
    boost::json::array list;
    for (const auto& one : value) list.push_back(Item::out(one, form));
    return list;
  }
  static Read<> in(const boost::json::value& json, Value& value, const Reading& reading) {
    const boost::json::array* list = json.if_array();
    if (!list) return not_a("a list of strings");
    value.clear();
    for (const boost::json::value& one : *list) {
      auto read = Item::in(one, value.emplace_back(), reading);
      if (!read) return read.error().of_type ? not_a("a list of strings") : read;
    }
    return {};
  }
  static Read<> parse(const std::string& text, Value& value, const Reading& reading) {
    return Item::parse(text, value.emplace_back(), reading);
  }
  static std::span<const std::string_view> words() { return Item::words(); }
  static std::string_view varlink() { return "[]string"; }
};

template <class T>
struct Of;
template <>
struct Of<std::string> : Text {};
template <>
struct Of<bool> : Flag {};
template <>
struct Of<Duration> : Length {};
template <>
struct Of<TimePoint> : Time {};
template <>
struct Of<ExitCodes> : Codes {};
template <>
struct Of<std::map<std::string, std::string>> : Pairs {};
template <>
struct Of<Window> : LocalWindow {};
template <class E>
  requires std::is_enum_v<E>
struct Of<E> : Word<E> {};
template <class T>
struct Of<std::optional<T>> : Maybe<Of<T>> {};
template <class T>
struct Of<std::vector<T>> : List<Of<T>> {};

}  // namespace forms
}  // namespace wm
