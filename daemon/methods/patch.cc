#include "daemon/methods/patch.h"

#include <string_view>
#include <utility>

namespace wm {

namespace json = boost::json;

namespace {

constexpr std::pair<std::string_view, std::string_view> kAlternatives[]{
    {"calendar", "everyMs"}, {"calendar", "flexMs"},   {"calendar", "cadence"},
    {"everyMs", "calendar"}, {"at", "initialDelayMs"}, {"initialDelayMs", "at"},
    {"taskName", "command"}, {"command", "taskName"},
};

void merge_patch(json::object& target, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      target.erase(key);
    } else if (value.is_object()) {
      json::value& member = target[key];
      merge_patch(member.is_object() ? member.get_object() : member.emplace_object(),
                  value.get_object());
    } else {
      target[key] = value;
    }
  }
}

}  // namespace

void patch_request(json::object& request, const json::object& patch) {
  merge_patch(request, patch);
  for (const auto& [set, dropped] : kAlternatives) {
    const json::value* value = patch.if_contains(set);
    if (value && !value->is_null() && !patch.contains(dropped)) request.erase(dropped);
  }
}

}  // namespace wm
