#include "core/json_reader.h"

#include <algorithm>

#include "core/suggest.h"
#include "core/text.h"

namespace wm {

namespace json = boost::json;

Result<json::object> parse_object(std::string_view what, std::string_view text,
                                  json::storage_ptr storage) {
  json::error_code problem;
  json::value value = json::parse(text, problem, std::move(storage));
  if (problem) {
    return fail(ErrorCode::invalid, std::string(what) + " is not valid JSON: " + problem.message());
  }
  if (!value.is_object()) {
    return fail(ErrorCode::invalid, std::string(what) + " is not a JSON object: write {…}");
  }
  return std::move(value.as_object());
}

const json::value* JsonReader::find(std::string_view key) {
  known_.push_back(key);
  const json::value* value = object_.if_contains(key);
  return value && !value->is_null() && !error_ ? value : nullptr;
}

void JsonReader::expect(std::string_view key, std::string_view type) {
  error_ = Error{ErrorCode::invalid, std::string(key) + " must be " + std::string(type)};
}

JsonReader& JsonReader::read(std::string_view key, std::string& value) {
  if (const json::value* found = find(key)) {
    if (const json::string* text = found->if_string()) {
      value.assign(text->data(), text->size());
    } else {
      expect(key, "a string");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, bool& value) {
  if (const json::value* found = find(key)) {
    if (const bool* flag = found->if_bool()) {
      value = *flag;
    } else {
      expect(key, "true or false");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, std::int32_t& value) {
  if (const json::value* found = find(key)) {
    const std::int64_t* number = found->if_int64();
    if (number && *number >= std::numeric_limits<std::int32_t>::min() &&
        *number <= std::numeric_limits<std::int32_t>::max()) {
      value = static_cast<std::int32_t>(*number);
    } else {
      expect(key, "a whole number that fits 32 bits");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, std::int64_t& value) {
  if (const json::value* found = find(key)) {
    if (const std::int64_t* number = found->if_int64()) {
      value = *number;
    } else {
      expect(key, "a whole number");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, Duration& value) {
  if (const json::value* found = find(key)) {
    const std::int64_t* number = found->if_int64();
    if (number && *number >= 0 && *number <= kMaxDuration.count()) {
      value = Duration{*number};
    } else {
      expect(key, "a whole number of milliseconds from 0 to 10 years");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, TimePoint& value) {
  std::string text;
  if (read(key, text); error_ || !find(key)) return *this;
  if (auto time = parse_time(text)) {
    value = *time;
  } else {
    error_ = std::move(time.error());
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, std::vector<std::string>& value) {
  if (const json::value* found = find(key)) {
    const json::array* list = found->if_array();
    if (!list || !std::ranges::all_of(*list, &json::value::is_string)) {
      expect(key, "a list of strings");
      return *this;
    }
    value.clear();
    for (const json::value& item : *list) value.emplace_back(item.get_string());
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, std::map<std::string, std::string>& value) {
  if (const json::value* found = find(key)) {
    const json::object* object = found->if_object();
    if (!object) {
      expect(key, "an object of strings");
      return *this;
    }
    value.clear();
    for (const auto& [name, item] : *object) {
      if (!item.is_string()) {
        expect(key, "an object of strings");
        return *this;
      }
      value.emplace(name, item.get_string());
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, std::map<std::string, bool>& value) {
  if (const json::value* found = find(key)) {
    if (auto flags = json::try_value_to<std::map<std::string, bool>>(*found)) {
      value = std::move(*flags);
    } else {
      expect(key, "an object of booleans");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, const json::object*& value) {
  if (const json::value* found = find(key)) {
    if (const json::object* object = found->if_object()) {
      value = object;
    } else {
      expect(key, "a JSON object");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, json::object& value) {
  const json::object* object = nullptr;
  if (read(key, object); object) value = *object;
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, const json::array*& value) {
  if (const json::value* found = find(key)) {
    const json::array* list = found->if_array();
    if (list && std::ranges::all_of(*list, &json::value::is_object)) {
      value = list;
    } else {
      expect(key, "a list of objects");
    }
  }
  return *this;
}

JsonReader& JsonReader::read(std::string_view key, json::array& value) {
  const json::array* list = nullptr;
  if (read(key, list); list) value = *list;
  return *this;
}

Result<> JsonReader::finish(std::string_view what) const {
  if (error_) return std::unexpected(*error_);
  for (const auto& field : object_) {
    if (std::ranges::find(known_, std::string_view(field.key())) == known_.end()) {
      return fail(ErrorCode::invalid, "unknown key '" + printable(field.key()) + "' in " +
                                          std::string(what) +
                                          did_you_mean_of(std::string_view(field.key()), known_));
    }
  }
  return {};
}

}  // namespace wm
