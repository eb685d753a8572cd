// Reads a JSON object from outside strictly: every key must be known and have its type; errors name
// it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "core/time.h"
#include "core/words.h"

namespace wm {

/// Parses UTF-8 text of at most 32 levels, which must be one object. `what` is its name in the
/// error.
Result<boost::json::object> parse_object(std::string_view what, std::string_view text,
                                         boost::json::storage_ptr storage = {});

/// Reads the fields of one object; the first error stops the reading. Absent and null fields leave
/// their target unchanged.
class JsonReader {
 public:
  explicit JsonReader(const boost::json::object& object) : object_(object) {}

  JsonReader& read(std::string_view key, std::string& value);
  JsonReader& read(std::string_view key, bool& value);
  JsonReader& read(std::string_view key, std::int32_t& value);
  JsonReader& read(std::string_view key, std::int64_t& value);
  JsonReader& read(std::string_view key, Duration& value);  // Whole milliseconds, not negative.
  JsonReader& read(std::string_view key, TimePoint& value);
  JsonReader& read(std::string_view key, std::vector<std::string>& value);
  JsonReader& read(std::string_view key, std::map<std::string, std::string>& value);
  JsonReader& read(std::string_view key, std::map<std::string, bool>& value);
  JsonReader& read(std::string_view key, boost::json::object& value);
  /// Does not copy it: the pointer is into the object that is read.
  JsonReader& read(std::string_view key, const boost::json::object*& value);
  JsonReader& read(std::string_view key, boost::json::array& value);  // A list of objects.
  JsonReader& read(std::string_view key, const boost::json::array*& value);

  template <class T>
  JsonReader& read(std::string_view key, std::optional<T>& value) {
    if (T present{}; find(key)) {
      read(key, present);
      value = std::move(present);
    }
    return *this;
  }

  /// Reads a word of a closed set.
  template <class E>
    requires std::is_enum_v<E>
  JsonReader& read(std::string_view key, E& value) {
    std::string text;
    read(key, text);
    if (error_ || !find(key)) return *this;
    auto parsed = parse_word<E>(text);
    if (parsed) {
      value = *parsed;
    } else {
      error_ = std::move(parsed.error());
    }
    return *this;
  }

  /// Reads several of them.
  template <class E>
    requires std::is_enum_v<E>
  JsonReader& read(std::string_view key, std::vector<E>& value) {
    std::vector<std::string> list;
    read(key, list);
    for (const std::string& text : list) {
      auto parsed = parse_word<E>(text);
      if (!parsed) error_ = std::move(parsed.error());
      if (error_) break;
      value.push_back(*parsed);
    }
    return *this;
  }

  /// Returns the first error, or one about an unread key. `what` is the object's name in it.
  Result<> finish(std::string_view what) const;

 private:
  const boost::json::value* find(std::string_view key);
  void expect(std::string_view key, std::string_view type);

  const boost::json::object& object_;
  std::vector<std::string_view> known_;
  std::optional<Error> error_;
};

}  // namespace wm
