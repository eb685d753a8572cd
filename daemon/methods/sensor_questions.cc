#include "daemon/methods/sensor_questions.h"

#include <map>

#include "core/explain.h"
#include "core/limits.h"
#include "core/messages.h"
#include "daemon/methods/work_views.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

// The conditions, each with the number of jobs that name it.
json::object SensorQuestions::show_conditions() const {
  auto works = works_by_condition(manager_.scheduler().agenda().named());
  json::array conditions = sensors_.to_json();
  for (json::value& value : conditions) {
    json::object& condition = value.as_object();
    condition["works"] = works[std::string(condition.at("name").as_string())];
  }
  json::array declared;
  for (const auto& [name, condition] : settings_.conditions) declared.emplace_back(name);
  return {{"conditions", std::move(conditions)},
          {"declared", std::move(declared)},
          {"version", sensors_.version()}};
}

void SensorQuestions::conditions(const ExchangePtr& exchange) {
  std::int32_t after = 0;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("after", after); })) return;
  const Constraints all = all_constraints(manager_.scheduler().wanted().custom);
  open_.push_back(
      {exchange, all, after, [this, exchange](TimePoint) { exchange->reply(show_conditions()); }});
}

void SensorQuestions::check(const ExchangePtr& exchange) {
  json::object object;
  std::string zone;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("constraints", object).read("timeZone", zone);
      })) {
    return;
  }
  auto wanted = constraints_from_json(object);
  if (!wanted) return exchange->error(wanted.error());
  WorkRequest request;
  request.constraints = std::move(*wanted);
  request.time_zone = zone;
  if (const auto valid = validate_constraints(request); !valid) {
    return exchange->error(valid.error());
  }
  if (const auto declared = check_declared(request.constraints.custom, settings_); !declared) {
    return exchange->error(declared.error());
  }
  const Policy& policy = request;
  ask(exchange, request.constraints, [this, exchange, policy](TimePoint now) {
    std::vector<Wait> waits = unmet_constraints(manager_.scheduler(), policy, now);
    explain_constraints(waits, sensors_);
    exchange->reply({{"holds", waits.empty()}, {"waitingFor", to_json(waits)}});
  });
}

void SensorQuestions::override_conditions(const ExchangePtr& exchange) {
  std::map<std::string, std::string> values;
  std::optional<Duration> time;
  if (!may_rule(*exchange, "override conditions") ||
      !read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("values", values).read("forMs", time);
      })) {
    return;
  }
  std::vector<std::pair<ConditionId, ConditionValue>> pretended;
  for (const auto& [name, value] : values) {
    const auto condition = parse_condition(name);
    if (!condition) return exchange->error(condition.error());
    const auto parsed = Sensors::parse_value(*condition, value);
    if (!parsed) return exchange->error(parsed.error());
    pretended.emplace_back(*condition, *parsed);
  }
  pending_.ask(exchange, [this, exchange, pretended, time](TimePoint now) {
    const auto until = time ? std::optional(now + *time) : std::nullopt;
    for (const auto& [name, value] : pretended) sensors_.override_value(name, value, until, now);
    exchange->reply(show_conditions());
  });
}

void SensorQuestions::clear_overrides(const ExchangePtr& exchange) {
  if (!may_rule(*exchange, "override conditions") || !read_no_parameters(*exchange)) return;
  pending_.ask(exchange, [this, exchange](TimePoint now) {
    sensors_.clear_overrides(now);
    exchange->reply(show_conditions());
  });
}

Constraints SensorQuestions::wanted() const {
  Constraints all;
  for (const Open& question : open_) all = either(all, question.wanted);
  return all;
}

void SensorQuestions::answer(TimePoint now) {
  std::erase_if(open_, [&](const Open& question) {
    if (question.exchange->abandoned()) return true;
    if (!sensors_.have_measured(question.wanted) || sensors_.version() <= question.after)
      return false;
    answer_alone(*question.exchange, [&] { question.answer(now); });
    return true;
  });
}

}  // namespace wm
