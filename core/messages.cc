#include "core/messages.h"

namespace wm {

namespace json = boost::json;

namespace {

// Sets the field unless it says nothing; what is absent is left out, never invented.
class Fields {
 public:
  Fields& set(std::string_view key, const std::string& text) {
    if (!text.empty()) object_[key] = text;
    return *this;
  }
  Fields& set(std::string_view key, std::string_view text) {
    if (!text.empty()) object_[key] = text;
    return *this;
  }
  Fields& set(std::string_view key, bool flag) {
    if (flag) object_[key] = true;
    return *this;
  }
  Fields& set(std::string_view key, Duration duration) {
    if (duration != Duration::zero()) object_[key] = duration.count();
    return *this;
  }
  Fields& set(std::string_view key, std::int64_t number) {
    if (number != 0) object_[key] = number;
    return *this;
  }
  Fields& set(std::string_view key, const std::optional<TimePoint>& time) {
    if (time) object_[key] = format_time(*time);
    return *this;
  }
  Fields& set(std::string_view key, const std::vector<std::string>& list) {
    if (!list.empty()) object_[key] = json::value_from(list);
    return *this;
  }
  template <class T>
  Fields& always(std::string_view key, T&& value) {
    object_[key] = std::forward<T>(value);
    return *this;
  }
  json::object take() { return std::move(object_); }

 private:
  json::object object_;
};

json::object to_json(const Constraints& constraints) {
  Fields fields;
  if (constraints.network != NetworkType::not_required) {
    fields.set("network", word(constraints.network));
  }
  return fields.set("charging", constraints.charging)
      .set("batteryNotLow", constraints.battery_not_low)
      .set("storageNotLow", constraints.storage_not_low)
      .set("idle", constraints.idle)
      .take();
}

json::object to_json(const Backoff& backoff) {
  return {{"policy", word(backoff.policy)}, {"delayMs", backoff.delay.count()}};
}

Result<> read_constraints(const json::object& object, Constraints& constraints) {
  return JsonReader(object)
      .read("network", constraints.network)
      .read("charging", constraints.charging)
      .read("batteryNotLow", constraints.battery_not_low)
      .read("storageNotLow", constraints.storage_not_low)
      .read("idle", constraints.idle)
      .finish("constraints");
}

Result<> read_backoff(const json::object& object, Backoff& backoff) {
  return JsonReader(object)
      .read("policy", backoff.policy)
      .read("delayMs", backoff.delay)
      .finish("backoff");
}

Result<> read_codes(const std::string& text, ExitCodes& codes) {
  if (text.empty()) return {};
  auto parsed = parse_exit_codes(text);
  if (!parsed) return std::unexpected(parsed.error());
  codes = *parsed;
  return {};
}

}  // namespace

json::object to_json(const WorkRequest& request) {
  Fields fields;
  fields.always("uniqueName", request.unique_name)
      .set("taskName", request.task_name)
      .always("kind", word(request.kind))
      .set("command", request.command)
      .set("cwd", request.cwd)
      .set("description", request.description)
      .set("tags", request.tags)
      .always("input", json::parse(request.input))
      .always("constraints", to_json(request.constraints))
      .set("initialDelayMs", request.initial_delay)
      .set("everyMs", request.every)
      .set("flexMs", request.flex)
      .set("maxAttempts", std::int64_t{request.max_attempts})
      .set("failOn", format_exit_codes(request.exit_rules.fail_on))
      .set("retryOn", format_exit_codes(request.exit_rules.retry_on))
      .set("successOn", format_exit_codes(request.exit_rules.success_on))
      .set("retryOnCrash", request.exit_rules.retry_on_crash);
  if (!request.env.empty()) fields.always("env", json::value_from(request.env));
  if (request.backoff) fields.always("backoff", to_json(*request.backoff));
  if (request.stop_grace) fields.always("stopGraceMs", request.stop_grace->count());
  return fields.take();
}

Result<WorkRequest> request_from_json(const json::object& object) {
  WorkRequest request;
  json::object input;
  json::object constraints;
  std::optional<json::object> backoff;
  std::string fail_on;
  std::string retry_on;
  std::string success_on;
  const auto read = JsonReader(object)
                        .read("uniqueName", request.unique_name)
                        .read("taskName", request.task_name)
                        .read("kind", request.kind)
                        .read("command", request.command)
                        .read("cwd", request.cwd)
                        .read("env", request.env)
                        .read("input", input)
                        .read("description", request.description)
                        .read("tags", request.tags)
                        .read("constraints", constraints)
                        .read("initialDelayMs", request.initial_delay)
                        .read("everyMs", request.every)
                        .read("flexMs", request.flex)
                        .read("backoff", backoff)
                        .read("maxAttempts", request.max_attempts)
                        .read("failOn", fail_on)
                        .read("retryOn", retry_on)
                        .read("successOn", success_on)
                        .read("retryOnCrash", request.exit_rules.retry_on_crash)
                        .read("stopGraceMs", request.stop_grace)
                        .finish("the work");
  if (!read) return std::unexpected(read.error());
  request.input = json::serialize(input);
  if (auto ok = read_constraints(constraints, request.constraints); !ok) {
    return std::unexpected(ok.error());
  }
  if (backoff) {
    if (auto ok = read_backoff(*backoff, request.backoff.emplace()); !ok) {
      return std::unexpected(ok.error());
    }
  }
  ExitRules& rules = request.exit_rules;
  for (const auto& [text, codes] :
       {std::pair{&fail_on, &rules.fail_on}, std::pair{&retry_on, &rules.retry_on},
        std::pair{&success_on, &rules.success_on}}) {
    if (auto ok = read_codes(*text, *codes); !ok) return std::unexpected(ok.error());
  }
  return request;
}

json::object to_json(const RunResult& result) {
  Fields fields;
  fields.always("outcome", word(result.outcome));
  if (result.exit_code) fields.always("exitCode", *result.exit_code);
  if (result.signal) fields.always("signal", *result.signal);
  return fields.set("stopReason", word(result.stop_reason)).set("reason", result.reason).take();
}

RunResult result_from_json(const json::object& object) {
  RunResult result;
  JsonReader(object)
      .read("outcome", result.outcome)
      .read("exitCode", result.exit_code)
      .read("signal", result.signal)
      .read("stopReason", result.stop_reason)
      .read("reason", result.reason);
  return result;
}

json::object to_json(const WorkInfo& info) {
  json::object object{{"id", info.uuid}};
  json::object request = to_json(info.request);
  for (auto& field : request) object[field.key()] = std::move(field.value());
  object["state"] = word(info.work.state);
  object["owner"] = info.owner;
  if (!info.request.backoff && !info.request.constraints.idle) {
    object["backoff"] = to_json(Backoff{});
  }
  if (info.work.kind == WorkKind::periodic) object["cadence"] = "interval";
  object["runAttemptCount"] = info.work.attempts;
  object["enqueuedAt"] = format_time(info.enqueued_at);
  if (info.work.state == WorkState::enqueued) object["nextRunAt"] = format_time(info.work.due);
  if (info.last_finished_at) object["lastFinishedAt"] = format_time(*info.last_finished_at);
  if (info.last_result) object["lastResult"] = to_json(*info.last_result);
  StopReason stop = info.work.stopping;
  if (stop == StopReason::none && info.last_result) stop = info.last_result->stop_reason;
  if (stop != StopReason::none) object["stopReason"] = word(stop);
  return object;
}

json::object to_json(const RunInfo& run) {
  Fields fields;
  fields.always("uniqueName", run.unique_name)
      .always("run", run.run)
      .always("attempt", run.attempt)
      .always("startedAt", format_time(run.started_at))
      .set("finishedAt", run.finished_at);
  json::object object = fields.take();
  if (run.result) {
    for (auto& field : to_json(*run.result)) object[field.key()] = field.value();
  }
  if (run.finished_at) {
    object["durationMs"] = (*run.finished_at - run.started_at).count();
    object["maxRssKb"] = run.max_rss_kb;
    object["userMs"] = run.user_time.count();
    object["systemMs"] = run.system_time.count();
  }
  return object;
}

json::array to_json(const std::vector<Wait>& waits) {
  json::array list;
  for (const Wait& wait : waits) {
    Fields fields;
    fields.always("kind", word(wait.kind)).set("name", wait.name).set("until", wait.until);
    list.push_back(fields.take());
  }
  return list;
}

}  // namespace wm
