#include "core/messages.h"

#include "core/request_fields.h"
#include "core/schedule.h"

namespace wm {

namespace json = boost::json;

namespace {

// Sets a field if it has a value; absent values are left out, never invented.
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
  Fields& set(std::string_view key, const std::optional<Duration>& duration) {
    if (duration) object_[key] = duration->count();
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
  template <std::integral Number>
  Fields& set(std::string_view key, const std::optional<Number>& number) {
    if (number) object_[key] = *number;
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
  template <class E>
    requires std::is_enum_v<E>
  Fields& set(std::string_view key, const std::vector<E>& list) {
    json::array words;
    for (const E one : list) words.emplace_back(word(one));
    if (!words.empty()) object_[key] = std::move(words);
    return *this;
  }
  template <class T>
  Fields& always(std::string_view key, T&& value) {
    object_[key] = std::forward<T>(value);
    return *this;
  }
  Fields& merge(json::object&& more) {
    for (auto& field : more) object_[field.key()] = std::move(field.value());
    return *this;
  }
  json::object take() { return std::move(object_); }

 private:
  json::object object_;
};

}  // namespace

json::object to_json(const Policy& policy) {
  WorkRequest request;
  static_cast<Policy&>(request) = policy;
  return part_to_json(request, {Part::policy});
}

Result<Policy> policy_from_json(const json::object& object) {
  WorkRequest request;
  auto read = read_part(object, request);
  return read ? Result<Policy>(std::move(request)) : std::unexpected(read.error());
}

json::object to_json(const Bounds& bounds) {
  WorkRequest request;
  request.terms.bounds = bounds;
  return part_to_json(request, {Part::bounds});
}

Bounds bounds_from_json(const json::object& object) {
  WorkRequest request;
  auto read = read_part(object, request);
  return read ? request.terms.bounds : Bounds{};
}

json::object to_json(const ExitRules& rules) {
  WorkRequest request;
  request.exit_rules = rules;
  return part_to_json(request, {Part::exit_rules});
}

Result<ExitRules> exit_rules_from_json(const json::object& object) {
  WorkRequest request;
  auto read = read_part(object, request);
  return read ? Result<ExitRules>(request.exit_rules) : std::unexpected(read.error());
}

Result<Constraints> constraints_from_json(const json::object& object) {
  auto read = read_constraints(object);
  return read ? Result<Constraints>(std::move(*read)) : invalid(read.error().message);
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
  std::string stop_reason;
  JsonReader(object)
      .read("outcome", result.outcome)
      .read("exitCode", result.exit_code)
      .read("signal", result.signal)
      .read("stopReason", stop_reason)
      .read("reason", result.reason);
  result.stop_reason = parse_stop_reason(stop_reason).value_or(StopReason::none);
  return result;
}

json::object to_json(const WorkInfo& info) {
  const Policy& policy = info.request;
  json::object object;
  object.reserve(32);  // About as many members as a job has.
  object["id"] = info.uuid;
  add_request(info.request, object);
  object["state"] = word(info.work.state);
  object["owner"] = info.work.owner;
  const bool says_backoff = policy.backoff_policy || policy.backoff_delay;
  if (says_backoff || !policy.constraints.has(Constraint::idle)) {
    const Backoff backoff = backoff_of(policy);
    object["backoff"] = {{"policy", word(backoff.policy)}, {"delayMs", backoff.delay.count()}};
  }
  if (!policy.calendar.empty()) {
    object["calendar"] = policy.calendar;
  } else if (policy.kind == WorkKind::periodic) {
    object["cadence"] = word(policy.cadence);
  }
  object["generation"] = info.work.generation;
  object["runAttemptCount"] = info.work.attempts;
  object["enqueuedAt"] = format_time(info.registered_at);
  if (info.work.state == WorkState::enqueued && has_due_time(info.work))
    object["nextRunAt"] = format_time(info.work.due);
  if (info.last_finished_at) object["lastFinishedAt"] = format_time(*info.last_finished_at);
  if (info.last_result) object["lastResult"] = to_json(*info.last_result);
  if (!info.output.empty()) object["output"] = json::parse(info.output);
  if (info.progress) object["progress"] = to_json(*info.progress);
  StopReason stop = info.work.stopping;
  if (stop == StopReason::none && info.last_result) stop = info.last_result->stop_reason;
  if (stop != StopReason::none) object["stopReason"] = word(stop);
  return object;
}

json::object to_json(const RunInfo& run) {
  Fields fields;
  fields.always("uniqueName", run.unique_name)
      .set("id", run.uuid)
      .always("owner", run.owner)
      .always("run", run.run)
      .always("attempt", run.attempt)
      .always("startedAt", format_time(run.started_at))
      .set("finishedAt", run.finished_at);
  if (run.result) fields.merge(to_json(*run.result));
  if (run.finished_at) {
    fields.always("durationMs", run.length.count())
        .always("maxRssKb", run.max_rss_kb)
        .always("userMs", run.user_time.count())
        .always("systemMs", run.system_time.count())
        .always("readKb", run.read_kb)
        .always("writtenKb", run.written_kb);
  }
  if (!run.waited.empty()) fields.always("waited", to_json(run.waited));
  return fields.set("relaxed", run.relaxed)
      .set("missedPeriods", std::int64_t{run.missed_periods})
      .set("logBytes", run.log_bytes)
      .set("logRemoved", run.log_removed)
      .set("expedited", run.expedited)
      .take();
}

RunProgress progress_from_json(const json::object& object) {
  RunProgress progress;
  std::optional<json::object> data;
  JsonReader(object).read("percent", progress.percent).read("data", data);
  if (data) progress.data = json::serialize(*data);
  return progress;
}

json::object to_json(const RunProgress& progress) {
  Fields fields;
  fields.set("percent", progress.percent);
  if (!progress.data.empty()) fields.always("data", json::parse(progress.data));
  return fields.take();
}

namespace {

Fields event_of(std::string_view event, const WorkInfo& info, const Work& work, TimePoint now) {
  Fields fields;
  fields.always("time", format_time(now))
      .always("event", event)
      .always("uniqueName", info.request.unique_name)
      .always("id", info.uuid)
      .set("taskName", info.request.task_name)
      .set("description", info.request.description)
      .set("tags", info.request.tags)
      .always("owner", work.owner)
      .always("state", word(work.state));
  return fields;
}

}  // namespace

json::object to_json(const StatusChange& change, const WorkInfo& info, TimePoint now) {
  const Work& work = change.work;
  Fields fields = event_of(word(change.status), info, work, now);
  if (change.run) {
    fields.always("run", change.run->run)
        .always("attempt", change.run->attempt)
        .merge(to_json(change.run->result))
        .always("durationMs", change.run->length.count());
  } else if (work.state == WorkState::running) {
    fields.always("run", work.runs).always("attempt", work.attempts);
  } else if (work.stopping != StopReason::none) {
    fields.set("stopReason", word(work.stopping));
  }
  if (work.state == WorkState::enqueued && has_due_time(work)) {
    fields.always("nextRunAt", format_time(work.due));
  }
  return fields.set("detail", describe(change, now)).take();
}

json::object suspension_event(bool suspended, const WorkInfo& info, TimePoint now) {
  return event_of(suspended ? "suspended" : "continued", info, info.work, now)
      .always("run", info.work.runs)
      .always("attempt", info.work.attempts)
      .take();
}

json::object to_json(const RunProgress& progress, const WorkInfo& info, TimePoint now) {
  return event_of("progress", info, info.work, now)
      .always("run", info.work.runs)
      .always("attempt", info.work.attempts)
      .always("progress", to_json(progress))
      .set("detail", describe(progress))
      .take();
}

json::object to_json(const RunTotals& totals) {
  return {{"runs", totals.runs},
          {"userMs", totals.user_time.count()},
          {"systemMs", totals.system_time.count()},
          {"maxRssKb", totals.max_rss_kb},
          {"readKb", totals.read_kb},
          {"writtenKb", totals.written_kb}};
}

json::array to_json(const std::vector<Waited>& waited) {
  json::array list;
  for (const Waited& one : waited) {
    Fields fields;
    fields.always("kind", word(one.kind)).set("name", one.name).always("ms", one.time.count());
    list.push_back(fields.take());
  }
  return list;
}

json::array to_json(const std::vector<Wait>& waits) {
  json::array list;
  for (const Wait& wait : waits) {
    Fields fields;
    fields.always("kind", word(wait.kind))
        .set("name", wait.name)
        .set("required", wait.required)
        .set("actual", wait.actual)
        .set("detail", wait.detail)
        .set("since", wait.since)
        .set("until", wait.until);
    list.push_back(fields.take());
  }
  return list;
}

json::array to_json(const Pauses& pauses) {
  json::array list;
  for (const auto& [group, until] : pauses) {
    json::object pause;
    if (!group.empty()) pause["group"] = group;
    if (until) pause["until"] = format_time(*until);
    list.push_back(std::move(pause));
  }
  return list;
}

json::object to_json(const PauseChange& change, TimePoint now) {
  return Fields()
      .always("time", format_time(now))
      .always("event", change.paused ? "paused" : "resumed")
      .set("group", change.group)
      .set("until", change.until)
      .take();
}

json::object to_json(const ConditionChange& change) {
  Fields fields;
  fields.always("time", format_time(change.at)).always("event", word(change.event));
  if (change.condition) {
    fields.always("name", to_string(*change.condition))
        .set("value", value_word(*change.condition, change.value));
  }
  return fields.set("source", change.source).set("detail", change.detail).take();
}

}  // namespace wm
