#include "tests/support/description.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>

namespace wm {

namespace json = boost::json;

namespace {

using Kind = DescribedType::Kind;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_word(char c) { return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9'); }

// Names that the generators of Rust and Go use themselves.
const std::set<std::string> kTaken{"Result",        "Error",       "ErrorKind",
                                   "VarlinkClient", "VarlinkCall", "VarlinkInterface",
                                   "VarlinkNew",    "AsyncCall"};

}  // namespace

class DescriptionReader {
 public:
  DescriptionReader(std::string_view text, Description& description)
      : text_(text), description_(description) {}

  void read() {
    skip();
    expect("interface");
    blank();
    description_.interface_ =
        take([](char c) { return is_word(c) || c == '.' || c == '-'; }, "the interface's name");
    if (peek() != '\n') wrong("the interface's name ends its line");
    for (skip(); position_ < text_.size(); skip()) read_member();
    for (const auto& [name, line] : used_) {
      if (!description_.types_.contains(name)) wrong("there is no type " + name, line);
    }
    for (const auto& [name, type] : description_.types_) {
      if (!used_.contains(name)) wrong("nothing uses the type " + name);
    }
  }

 private:
  void read_member() {
    const std::string keyword = take(is_lower, "type, method or error");
    blank();
    const std::string name = member_name();
    if (!names_.insert(name).second) wrong("the name " + name + " is used twice");
    if (kTaken.contains(name)) wrong("generated programs have a " + name + " already");
    blank();
    if (keyword == "type") {
      description_.types_[name] = record();
    } else if (keyword == "error") {
      description_.errors_[name] = record();
    } else if (keyword == "method") {
      DescribedMethod& method = description_.methods_[name];
      method.in = record();
      skip();
      expect("->");
      blank();
      method.out = record();
    } else {
      wrong("expected type, method or error");
    }
    if (peek() != '\n') wrong("a member ends its line");
  }

  DescribedType record() {
    DescribedType type;
    expect("(");
    if (peek() == ')') return ++position_, type;
    std::set<std::string> known;
    do {
      skip();
      const std::string name = field_name();
      if (!known.insert(name).second) wrong("the field " + name + " is there twice");
      expect(":");
      blank();
      type.fields.push_back({name, read_type()});
    } while (accept(','));
    skip();
    expect(")");
    return type;
  }

  DescribedType read_type() {
    if (accept('?')) return around(Kind::maybe);
    if (accept('[')) {
      const bool map = peek() != ']';
      if (map) expect("string");
      expect("]");
      return around(map ? Kind::map : Kind::array);
    }
    if (peek() == '(') wrong("a struct inside another needs a name: systemd takes no other");
    if (is_upper(peek())) {
      const std::string name = member_name();
      used_.emplace(name, line());
      return {Kind::named, name, {}, {}};
    }
    static const std::map<std::string, Kind> kKinds{{"bool", Kind::boolean},
                                                    {"int", Kind::integer},
                                                    {"float", Kind::number},
                                                    {"string", Kind::string},
                                                    {"object", Kind::object}};
    const auto kind = kKinds.find(take(is_lower, "a type"));
    if (kind == kKinds.end()) wrong("that is no type");
    return {kind->second, {}, {}, {}};
  }

  DescribedType around(Kind kind) {
    DescribedType element = read_type();
    if (kind == Kind::maybe && element.kind == kind) wrong("?? says nothing more than ?");
    return {kind, {}, {}, {std::move(element)}};
  }

  std::string member_name() {
    if (!is_upper(peek())) wrong("a type, method or error begins with a capital");
    return take(is_word, "a name");
  }

  // Go's generator accepts no capital at the beginning, others no two underscores.
  std::string field_name() {
    if (!is_lower(peek())) wrong("a field begins with a small letter");
    const std::string name = take([](char c) { return is_word(c) || c == '_'; }, "a field");
    if (name.ends_with('_') || name.find("__") != std::string::npos) wrong("no field: " + name);
    return name;
  }

  std::string take(const std::function<bool(char)>& fits, const std::string& what) {
    const std::size_t begin = position_;
    while (position_ < text_.size() && fits(text_[position_])) ++position_;
    if (position_ == begin) wrong("expected " + what);
    return std::string(text_.substr(begin, position_ - begin));
  }

  // Skips white space and comments.
  void skip() {
    while (position_ < text_.size()) {
      if (peek() == '#') position_ = std::min(text_.find('\n', position_), text_.size());
      if (peek() != ' ' && peek() != '\n' && peek() != '#') return;
      if (peek() != '#') ++position_;
    }
  }

  // Go's generator wants the next token on the same line.
  void blank() {
    while (peek() == ' ') ++position_;
  }

  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  bool accept(char c) {
    if (peek() != c) return false;
    ++position_;
    return true;
  }

  void expect(std::string_view word) {
    if (!text_.substr(position_).starts_with(word)) wrong("expected " + std::string(word));
    position_ += word.size();
  }

  long line() const {
    return 1 + std::count(text_.begin(), text_.begin() + static_cast<long>(position_), '\n');
  }

  [[noreturn]] void wrong(const std::string& what, std::optional<long> at = {}) const {
    throw std::runtime_error("line " + std::to_string(at.value_or(line())) + ": " + what);
  }

  std::string_view text_;
  Description& description_;
  std::size_t position_ = 0;
  std::set<std::string> names_;
  std::map<std::string, long> used_;  // Types, and the line of the first use.
};

Description::Description(std::string_view text) { DescriptionReader(text, *this).read(); }

std::string Description::check_call(const std::string& method,
                                    const json::object& parameters) const {
  return check_record(methods_.at(method).in, parameters, method);
}

std::string Description::check_reply(const std::string& method,
                                     const json::object& parameters) const {
  return check_record(methods_.at(method).out, parameters, method);
}

std::string Description::check_error(const std::string& error,
                                     const json::object& parameters) const {
  const auto found = errors_.find(error);
  return found == errors_.end() ? "there is no error " + error
                                : check_record(found->second, parameters, error);
}

std::string Description::check_record(const DescribedType& type, const json::object& value,
                                      const std::string& where) const {
  std::set<std::string_view> known;
  for (const auto& [name, field] : type.fields) {
    known.insert(name);
    const json::value* found = value.if_contains(name);
    if (!found && field.kind == Kind::maybe) continue;
    const std::string place = where + '.' + name;
    if (!found) return place + " is absent";
    if (std::string problem = check(field, *found, place); !problem.empty()) return problem;
  }
  for (const auto& field : value) {
    if (!known.contains(field.key())) return where + '.' + std::string(field.key()) + " is new";
  }
  return {};
}

std::string Description::check(const DescribedType& type, const json::value& value,
                               const std::string& where) const {
  const auto fits = [&](bool good) {
    return good ? std::string() : where + " is " + json::serialize(value);
  };
  switch (type.kind) {
    case Kind::boolean:
      return fits(value.is_bool());
    case Kind::integer:
      return fits(value.is_int64());
    case Kind::number:
      return fits(value.is_number());
    case Kind::string:
      return fits(value.is_string());
    case Kind::object:
      return fits(value.is_object());
    case Kind::named:
      return check(types_.at(type.name), value, where);
    case Kind::maybe:
      return value.is_null() ? std::string() : check(type.element.front(), value, where);
    case Kind::record:
      return value.is_object() ? check_record(type, value.get_object(), where) : fits(false);
    case Kind::array:
      if (!value.is_array()) return fits(false);
      for (const json::value& one : value.get_array()) {
        if (std::string problem = check(type.element.front(), one, where + "[]"); !problem.empty())
          return problem;
      }
      return {};
    case Kind::map:
      if (!value.is_object()) return fits(false);
      for (const auto& field : value.get_object()) {
        const std::string place = where + '[' + std::string(field.key()) + ']';
        if (std::string problem = check(type.element.front(), field.value(), place);
            !problem.empty())
          return problem;
      }
      return {};
  }
  return fits(false);
}

}  // namespace wm
