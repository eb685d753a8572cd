#include "core/merge.h"

#include <boost/json.hpp>

#include "core/json_reader.h"

namespace wm {

namespace json = boost::json;

namespace {

void append(json::value& list, const json::value& value) {
  json::array& elements = list.is_array() ? list.get_array() : list.emplace_array();
  if (const json::array* several = value.if_array()) {
    elements.insert(elements.end(), several->begin(), several->end());
  } else {
    elements.push_back(value);
  }
}

}  // namespace

Result<std::string> merge_inputs(Merge how, const std::string& input,
                                 const std::vector<std::string>& outputs) {
  if (outputs.empty()) return input;
  json::object merged;
  const auto add = [&](std::string_view what, const std::string& text) -> Result<> {
    const auto object = parse_object(what, text);
    if (!object) return std::unexpected(object.error());
    for (const auto& [key, value] : *object) {
      switch (how) {
        case Merge::overwrite:
          merged[key] = value;
          break;
        case Merge::arrays:
          append(merged[key], value);
          break;
      }
    }
    return {};
  };
  if (auto ok = add("the input", input); !ok) return std::unexpected(ok.error());
  for (const std::string& output : outputs) {
    if (auto ok = add("a prerequisite's output", output); !ok) return std::unexpected(ok.error());
  }
  return json::serialize(merged);
}

}  // namespace wm
