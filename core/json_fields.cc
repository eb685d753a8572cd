#include "core/json_fields.h"

namespace wm {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_int64() ? value->get_int64() : 0;
}

const json::object& object_of(const json::object& object, std::string_view key) {
  static const json::object kEmpty;
  const json::value* value = object.if_contains(key);
  return value && value->is_object() ? value->get_object() : kEmpty;
}

const json::array& array_of(const json::object& object, std::string_view key) {
  static const json::array kEmpty;
  const json::value* value = object.if_contains(key);
  return value && value->is_array() ? value->get_array() : kEmpty;
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  return texts_of(array_of(object, key));
}

std::optional<TimePoint> time_of(const json::object& object, std::string_view key) {
  const auto time = parse_time(text_of(object, key));
  return time ? std::optional(*time) : std::nullopt;
}

std::vector<std::string> texts_of(const json::array& list) {
  std::vector<std::string> texts;
  for (const json::value& one : list) {
    if (const json::string* text = one.if_string()) texts.emplace_back(*text);
  }
  return texts;
}

}  // namespace wm
