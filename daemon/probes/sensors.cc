#include "daemon/probes/sensors.h"

#include <algorithm>
#include <utility>

#include "core/json_reader.h"
#include "core/suggest.h"

namespace wm {

namespace json = boost::json;

namespace {

// This is longer than a service on the bus may take to answer.
constexpr Duration kTrusted = 6s;

json::value value_to_json(const ConditionValue& value) {
  if (const auto* holds = std::get_if<bool>(&value)) return *holds;
  if (const auto* network = std::get_if<NetworkReading>(&value)) {
    return json::object{{"connected", network->connected},
                        {"metered", network->metered},
                        {"roaming", network->roaming}};
  }
  return nullptr;
}

ConditionValue value_from_json(const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (!value.is_object()) return std::monostate{};
  NetworkReading network;
  JsonReader(value.get_object())
      .read("connected", network.connected)
      .read("metered", network.metered)
      .read("roaming", network.roaming);
  return network;
}

}  // namespace

std::map<std::string, std::int64_t> works_by_condition(const std::map<Constraints, int>& named) {
  std::map<std::string, std::int64_t> works;
  for (const auto& [constraints, count] : named) {
    for (const ConditionId& id : ids_of(constraints)) works[to_string(id)] += count;
  }
  return works;
}

// A wanted condition that is not measured yet does not hold.
ConditionValue Sensors::value_of(const ConditionId& id, const Condition& condition) {
  if (condition.pretended) return *condition.pretended;
  if (condition.measured) return condition.measured->value;
  return id.constraint == Constraint::network ? ConditionValue(NetworkReading{})
                                              : ConditionValue(false);
}

void Sensors::set_wanted(const Constraints& wanted) {
  const std::vector<ConditionId> ids = ids_of(wanted);
  for (const ConditionId& id : ids) conditions_.try_emplace(id);
  for (auto& [id, condition] : conditions_) {
    const bool now = std::ranges::count(ids, id) > 0;
    if (std::exchange(condition.wanted, now) == now) continue;
    condition.measured.reset();
    condition.trusted_until.reset();
    condition.meanwhile.reset();
    note_change(true);
  }
}

void Sensors::take(const Measurement& measurement, TimePoint now) {
  const auto found = conditions_.find(measurement.id);
  if (found == conditions_.end() || !found->second.wanted)
    return;  // A probe may measure more than it was asked for.
  Condition& condition = found->second;
  if (condition.trusted_until) {
    condition.meanwhile = measurement;
    if (!condition.measured || measurement.value != condition.measured->value) return;
    condition.trusted_until.reset();
  }
  measured(condition, measurement, now);
}

void Sensors::measured(Condition& condition, const Measurement& measurement, TimePoint now) {
  const auto& before = condition.measured;
  const bool moved = !before || before->value != measurement.value;
  if (moved) condition.since = now;
  if (moved || before->source != measurement.source || before->detail != measurement.detail) {
    note_change(moved && !condition.pretended);
  }
  condition.measured = measurement;
}

bool Sensors::have_measured(const Constraints& wanted) const {
  return std::ranges::all_of(ids_of(wanted), [&](const ConditionId& id) {
    const auto found = conditions_.find(id);
    if (found == conditions_.end()) return false;
    return found->second.measured || found->second.pretended;
  });
}

Result<ConditionValue> Sensors::parse_value(const ConditionId& id, std::string_view value) {
  if (id.constraint == Constraint::network) {
    if (value == "none") return NetworkReading{};
    if (value == "connected" || value == "unmetered") return NetworkReading{.connected = true};
    if (value == "metered") return NetworkReading{.connected = true, .metered = true};
    if (value == "roaming") {
      return NetworkReading{.connected = true, .metered = true, .roaming = true};
    }
    const std::string meant = did_you_mean(value, kNetworkWords);
    return fail(
        ErrorCode::invalid,
        "unknown network '" + std::string(value) + "'" +
            (meant.empty() ? ": use none, connected, metered, unmetered or roaming" : meant));
  }
  const ConstraintDef& def = def_of(id.constraint);
  if (value == def.yes) return true;
  if (value == def.no) return false;
  if (const auto flag = parse_yes_no(value); flag && def.yes == "yes") return *flag;
  return fail(ErrorCode::invalid, "unknown value '" + std::string(value) + "' for " +
                                      to_string(id) + ": use " + std::string(def.yes) + " or " +
                                      std::string(def.no));
}

void Sensors::override_value(const ConditionId& id, ConditionValue value,
                             std::optional<TimePoint> until, TimePoint now) {
  Condition& condition = conditions_[id];
  condition.pretended = value;
  condition.pretended_since = now;
  condition.pretended_until = until;
  note_change(true);
}

void Sensors::clear_overrides(TimePoint now) {
  for (auto& [id, condition] : conditions_) stop_pretending(id, condition, now);
}

void Sensors::expire(TimePoint now) {
  for (auto& [id, condition] : conditions_) {
    const auto& trusted = condition.trusted_until;
    if (trusted && (*trusted <= now || *trusted > now + kTrusted)) {  // The clock was set back.
      condition.trusted_until.reset();
      if (const auto seen = std::exchange(condition.meanwhile, {})) measured(condition, *seen, now);
    }
    if (condition.pretended_until && *condition.pretended_until <= now) {
      stop_pretending(id, condition, now);
    }
  }
}

std::optional<TimePoint> Sensors::next_expiry() const {
  std::optional<TimePoint> next;
  for (const auto& [id, condition] : conditions_) {
    next = earliest(next, earliest(condition.pretended_until, condition.trusted_until));
  }
  return next;
}

Conditions Sensors::conditions() const {
  Conditions now;
  for (const auto& [id, condition] : conditions_) {
    if (condition.wanted || condition.pretended) put(now, id, value_of(id, condition));
  }
  return now;
}

ConditionReadings Sensors::readings(const Constraints& wanted) const {
  ConditionReadings list;
  const std::vector<ConditionId> ids = ids_of(wanted);
  for (const auto& [id, condition] : conditions_) {
    if (condition.pretended) {
      list.emplace(id, ConditionReading{*condition.pretended, std::string(kOverride), ""});
    } else if (const auto& measured = condition.measured;
               measured && std::ranges::count(ids, id) > 0) {
      list.emplace(id, ConditionReading{measured->value, measured->source, measured->detail});
    }
  }
  return list;
}

json::array Sensors::to_json() const {
  json::array list;
  for (const auto& [id, condition] : conditions_) {
    const bool pretended = condition.pretended.has_value();
    const bool measured = !pretended && condition.measured;
    if (!pretended && !measured) continue;
    json::object object{{"name", to_string(id)}};
    if (const std::string value = value_word(id, value_of(id, condition)); !value.empty()) {
      object["value"] = value;
    }
    object["source"] = pretended ? std::string(kOverride) : condition.measured->source;
    if (measured && !condition.measured->detail.empty()) {
      object["detail"] = condition.measured->detail;
    }
    object["since"] = format_time(pretended ? condition.pretended_since : condition.since);
    object["overridden"] = pretended;
    if (condition.pretended_until) {
      object["overriddenUntil"] = format_time(*condition.pretended_until);
    }
    list.push_back(std::move(object));
  }
  return list;
}

json::object Sensors::hand_over() const {
  json::array list;
  for (const auto& [id, condition] : conditions_) {
    json::object one{{"name", to_string(id)}};
    if (condition.measured) {
      one["value"] = value_to_json(condition.measured->value);
      one["source"] = condition.measured->source;
      one["detail"] = condition.measured->detail;
      one["since"] = format_time(condition.since);
    }
    if (condition.pretended) {
      one["pretended"] = value_to_json(*condition.pretended);
      one["pretendedSince"] = format_time(condition.pretended_since);
    }
    if (condition.pretended_until) one["until"] = format_time(*condition.pretended_until);
    if (condition.wanted || condition.pretended) list.push_back(std::move(one));
  }
  return {{"conditions", std::move(list)}, {"version", version_}};
}

void Sensors::take_over(const json::object& handed, TimePoint now) {
  json::array list;
  JsonReader(handed).read("conditions", list).read("version", version_);
  for (const json::value& value : list) {
    const json::object& one = value.as_object();
    std::string name;
    Measurement measurement;
    Condition condition;
    JsonReader(one)
        .read("name", name)
        .read("source", measurement.source)
        .read("detail", measurement.detail)
        .read("since", condition.since)
        .read("pretendedSince", condition.pretended_since)
        .read("until", condition.pretended_until);
    const auto id = parse_condition(name);
    if (!id) continue;
    measurement.id = *id;
    if (const json::value* measured = one.if_contains("value")) {
      measurement.value = value_from_json(*measured);
      condition.measured = measurement;
      condition.wanted = true;
      condition.trusted_until = now + kTrusted;
    }
    if (const json::value* pretended = one.if_contains("pretended")) {
      condition.pretended = value_from_json(*pretended);
    }
    conditions_[*id] = std::move(condition);
  }
  note_change(true);
}

std::optional<TimePoint> Sensors::since(const ConditionId& id) const {
  const auto found = conditions_.find(id);
  if (found == conditions_.end()) return std::nullopt;
  const Condition& condition = found->second;
  if (condition.pretended) return condition.pretended_since;
  return condition.measured ? std::optional(condition.since) : std::nullopt;
}

std::string Sensors::explain(const ConditionId& id) const {
  const auto found = conditions_.find(id);
  if (found == conditions_.end()) return "";
  if (found->second.pretended) return std::string(kOverride);
  const auto& measured = found->second.measured;
  if (!measured) return "not measured yet";
  return measured->source + (measured->detail.empty() ? "" : ": " + measured->detail);
}

void Sensors::stop_pretending(const ConditionId& id, Condition& condition, TimePoint now) {
  if (!condition.pretended) return;
  const ConditionValue pretended = *condition.pretended;
  condition.pretended.reset();
  condition.pretended_until.reset();
  if (pretended != value_of(id, condition)) condition.since = now;
  note_change(true);
}

void Sensors::note_change(bool of_value) {
  ++version_;
  changed_ = changed_ || of_value;
}

}  // namespace wm
