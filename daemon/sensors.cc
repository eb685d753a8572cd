#include "daemon/sensors.h"

#include <utility>

namespace wm {

namespace json = boost::json;

namespace {

struct YesNo {
  std::string_view yes;
  std::string_view no;
};

YesNo words_of(ConditionName name) {
  const bool plain = name == ConditionName::charging || name == ConditionName::idle;
  return plain ? YesNo{"yes", "no"} : YesNo{"ok", "low"};
}

std::string show(ConditionName name, const ConditionValue& value) {
  if (const auto* network = std::get_if<NetworkReading>(&value)) {
    if (!network->connected) return "none";
    if (network->roaming) return "roaming";
    return network->metered ? "metered" : "unmetered";
  }
  if (const auto* holds = std::get_if<bool>(&value)) {
    return std::string(*holds ? words_of(name).yes : words_of(name).no);
  }
  return "";
}

std::optional<bool> as_bool(const ConditionValue& value) {
  const auto* holds = std::get_if<bool>(&value);
  return holds ? std::optional(*holds) : std::nullopt;
}

}  // namespace

void Sensors::take(const Measurement& measurement, TimePoint now) {
  const auto [found, first] = conditions_.try_emplace(measurement.name);
  Condition& condition = found->second;
  if (first || condition.measured.value != measurement.value) {
    condition.since = now;
    if (!condition.pretended) changed_ = true;
  }
  condition.measured = measurement;
}

Result<ConditionValue> Sensors::parse_value(ConditionName name, std::string_view value) {
  if (name == ConditionName::network) {
    if (value == "none") return NetworkReading{};
    if (value == "connected" || value == "unmetered") return NetworkReading{.connected = true};
    if (value == "metered") return NetworkReading{.connected = true, .metered = true};
    if (value == "roaming") {
      return NetworkReading{.connected = true, .metered = true, .roaming = true};
    }
    return fail(ErrorCode::invalid, "unknown network '" + std::string(value) +
                                        "': use none, connected, metered, unmetered or roaming");
  }
  const auto [yes, no] = words_of(name);
  if (value == yes) return true;
  if (value == no) return false;
  return fail(ErrorCode::invalid, "unknown value '" + std::string(value) + "' for " +
                                      std::string(word(name)) + ": use " + std::string(yes) +
                                      " or " + std::string(no));
}

void Sensors::override_value(ConditionName name, ConditionValue value,
                             std::optional<TimePoint> until, TimePoint now) {
  Condition& condition = conditions_[name];
  condition.measured.name = name;
  condition.pretended = value;
  condition.pretended_since = now;
  condition.pretended_until = until;
  changed_ = true;
}

void Sensors::clear_overrides(TimePoint now) {
  for (auto& [name, condition] : conditions_) stop_pretending(condition, now);
}

void Sensors::expire(TimePoint now) {
  for (auto& [name, condition] : conditions_) {
    if (condition.pretended_until && *condition.pretended_until <= now)
      stop_pretending(condition, now);
  }
}

std::optional<TimePoint> Sensors::next_expiry() const {
  std::optional<TimePoint> next;
  for (const auto& [name, condition] : conditions_) {
    if (condition.pretended_until && (!next || *condition.pretended_until < *next)) {
      next = condition.pretended_until;
    }
  }
  return next;
}

Conditions Sensors::conditions() const {
  Conditions now;
  for (const auto& [name, condition] : conditions_) {
    const ConditionValue& value = condition.value();
    switch (name) {
      case ConditionName::network:
        if (const auto* network = std::get_if<NetworkReading>(&value)) now.network = *network;
        break;
      case ConditionName::charging:
        now.charging = as_bool(value);
        break;
      case ConditionName::battery:
        now.battery_not_low = as_bool(value);
        break;
      case ConditionName::storage:
        now.storage_not_low = as_bool(value);
        break;
      case ConditionName::idle:
        now.idle = as_bool(value);
        break;
    }
  }
  return now;
}

json::array Sensors::to_json() const {
  json::array list;
  for (const auto& [name, condition] : conditions_) {
    const bool pretended = condition.pretended.has_value();
    json::object object{{"name", word(name)}};
    if (const std::string value = show(name, condition.value()); !value.empty())
      object["value"] = value;
    object["source"] = pretended ? "override" : condition.measured.source;
    if (!pretended && !condition.measured.detail.empty())
      object["detail"] = condition.measured.detail;
    object["since"] = format_time(pretended ? condition.pretended_since : condition.since);
    object["overridden"] = pretended;
    if (condition.pretended_until)
      object["overriddenUntil"] = format_time(*condition.pretended_until);
    list.push_back(std::move(object));
  }
  return list;
}

void Sensors::stop_pretending(Condition& condition, TimePoint now) {
  if (!condition.pretended) return;
  if (*condition.pretended != condition.measured.value) condition.since = now;
  condition.pretended.reset();
  condition.pretended_until.reset();
  changed_ = true;
}

}  // namespace wm
