// Reads fields of JSON that a program of ours wrote: an absent field, or one of another type, is
// empty. For JSON from outside, json_reader is strict.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "core/time.h"

namespace wm {

std::string text_of(const boost::json::object& object, std::string_view key);
std::int64_t number_of(const boost::json::object& object, std::string_view key);  // 0: none.
const boost::json::object& object_of(const boost::json::object& object, std::string_view key);
const boost::json::array& array_of(const boost::json::object& object, std::string_view key);
std::vector<std::string> texts_of(const boost::json::object& object, std::string_view key);
std::optional<TimePoint> time_of(const boost::json::object& object, std::string_view key);

/// The strings of a list; other elements are left out.
std::vector<std::string> texts_of(const boost::json::array& list);

}  // namespace wm
