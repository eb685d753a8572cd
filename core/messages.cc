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

json::object to_json(const Constraints& constraints) {
  Fields fields;
  if (constraints.network != NetworkType::not_required) {
    fields.set("network", word(constraints.network));
  }
  for (const ConstraintDef& one : kConstraints) fields.set(one.json, constraints.flags.has(one.id));
  return fields.set("custom", constraints.custom).take();
}

namespace {

json::object to_json(const Backoff& backoff) {
  return {{"policy", word(backoff.policy)}, {"delayMs", backoff.delay.count()}};
}

json::array to_json(const std::vector<Preference>& preferences) {
  json::array list;
  for (const Preference& preference : preferences) {
    list.push_back(json::object{{"constraints", to_json(preference.constraints)},
                                {"relaxAfterMs", preference.relax_after.count()}});
  }
  return list;
}

Result<> read_constraints(const json::object& object, Constraints& constraints) {
  JsonReader reader(object);
  for (const ConstraintDef& one : kConstraints) {
    if (one.form != ConstraintForm::flag) continue;
    bool needed = false;
    reader.read(one.json, needed);
    constraints.set(one.id, needed);
  }
  return reader.read("network", constraints.network)
      .read("custom", constraints.custom)
      .finish("constraints");
}

Result<> read_backoff(const json::object& object, Backoff& backoff) {
  return JsonReader(object)
      .read("policy", backoff.policy)
      .read("delayMs", backoff.delay)
      .finish("backoff");
}

Result<> read_preference(const json::object& object, Preference& preference) {
  json::object constraints;
  auto read = JsonReader(object)
                  .read("constraints", constraints)
                  .read("relaxAfterMs", preference.relax_after)
                  .finish("a preference");
  return read ? read_constraints(constraints, preference.constraints) : read;
}

Result<> read_codes(const std::string& text, ExitCodes& codes) {
  if (text.empty()) return {};
  auto parsed = parse_exit_codes(text);
  if (!parsed) return std::unexpected(parsed.error());
  codes = *parsed;
  return {};
}

// Reads a policy in two steps: its fields with those around it, then the objects in them.
class PolicyReader {
 public:
  explicit PolicyReader(Policy& policy) : policy_(policy) {}

  void read(JsonReader& reader) {
    reader.read("kind", policy_.kind)
        .read("constraints", constraints_)
        .read("prefer", prefer_)
        .read("initialDelayMs", policy_.initial_delay)
        .read("onPath", policy_.trigger.paths)
        .read("triggerDelayMs", policy_.trigger.delay)
        .read("triggerMaxDelayMs", policy_.trigger.max_delay)
        .read("everyMs", policy_.every)
        .read("flexMs", policy_.flex)
        .read("calendar", policy_.calendar)
        .read("cadence", policy_.cadence)
        .read("deadlineMs", policy_.deadline)
        .read("backoff", backoff_)
        .read("maxAttempts", policy_.max_attempts)
        .read("timeLimitMs", policy_.time_limit)
        .read("priority", policy_.priority)
        .read("group", policy_.group)
        .read("expedited", policy_.expedited)
        .read("outOfQuota", policy_.out_of_quota)
        .read("notify", policy_.notify);
  }

  Result<> finish() {
    if (auto ok = read_constraints(constraints_, policy_.constraints); !ok) return ok;
    if (backoff_) {
      if (auto ok = read_backoff(*backoff_, policy_.backoff.emplace()); !ok) return ok;
    }
    for (const json::value& one : prefer_) {
      if (auto ok = read_preference(one.as_object(), policy_.prefer.emplace_back()); !ok) return ok;
    }
    return {};
  }

 private:
  Policy& policy_;
  json::object constraints_;
  std::optional<json::object> backoff_;
  json::array prefer_;
};

void read_bounds(JsonReader& reader, Bounds& bounds) {
  reader.read("memoryMaxBytes", bounds.memory_max)
      .read("cpuWeight", bounds.cpu_weight)
      .read("tasksMax", bounds.tasks_max);
}

class ExitRulesReader {
 public:
  explicit ExitRulesReader(ExitRules& rules) : rules_(rules) {}

  void read(JsonReader& reader) {
    reader.read("failOn", fail_on_)
        .read("retryOn", retry_on_)
        .read("successOn", success_on_)
        .read("retryOnCrash", rules_.retry_on_crash);
  }

  Result<> finish() {
    for (const auto& ok :
         {read_codes(fail_on_, rules_.fail_on), read_codes(retry_on_, rules_.retry_on),
          read_codes(success_on_, rules_.success_on)}) {
      if (!ok) return ok;
    }
    return {};
  }

 private:
  ExitRules& rules_;
  std::string fail_on_;
  std::string retry_on_;
  std::string success_on_;
};

}  // namespace

json::object to_json(const Policy& policy) {
  Fields fields;
  fields.always("kind", word(policy.kind))
      .always("constraints", to_json(policy.constraints))
      .set("initialDelayMs", policy.initial_delay)
      .set("onPath", policy.trigger.paths)
      .set("triggerDelayMs", policy.trigger.delay)
      .set("triggerMaxDelayMs", policy.trigger.max_delay)
      .set("everyMs", policy.every)
      .set("flexMs", policy.flex)
      .set("calendar", policy.calendar)
      .set("deadlineMs", policy.deadline)
      .set("maxAttempts", policy.max_attempts)
      .set("timeLimitMs", policy.time_limit)
      .set("priority", std::int64_t{policy.priority})
      .set("group", policy.group)
      .set("expedited", policy.expedited)
      .set("notify", policy.notify);
  if (policy.cadence != Cadence::interval) fields.set("cadence", word(policy.cadence));
  if (!policy.prefer.empty()) fields.always("prefer", to_json(policy.prefer));
  if (policy.backoff) fields.always("backoff", to_json(*policy.backoff));
  if (policy.out_of_quota != OutOfQuota::run_as_non_expedited) {
    fields.set("outOfQuota", word(policy.out_of_quota));
  }
  return fields.take();
}

Result<Policy> policy_from_json(const json::object& object) {
  Policy policy;
  PolicyReader policy_reader(policy);
  JsonReader reader(object);
  policy_reader.read(reader);
  for (const auto& ok : {reader.finish("the policy"), policy_reader.finish()}) {
    if (!ok) return std::unexpected(ok.error());
  }
  return policy;
}

json::object to_json(const Bounds& bounds) {
  return Fields()
      .set("memoryMaxBytes", bounds.memory_max)
      .set("cpuWeight", bounds.cpu_weight)
      .set("tasksMax", bounds.tasks_max)
      .take();
}

Bounds bounds_from_json(const json::object& object) {
  Bounds bounds;
  JsonReader reader(object);
  read_bounds(reader, bounds);
  return bounds;
}

json::object to_json(const ExitRules& rules) {
  return Fields()
      .set("failOn", format_exit_codes(rules.fail_on))
      .set("retryOn", format_exit_codes(rules.retry_on))
      .set("successOn", format_exit_codes(rules.success_on))
      .set("retryOnCrash", rules.retry_on_crash)
      .take();
}

Result<ExitRules> exit_rules_from_json(const json::object& object) {
  ExitRules rules;
  ExitRulesReader rules_reader(rules);
  JsonReader reader(object);
  rules_reader.read(reader);
  for (const auto& ok : {reader.finish("the exit rules"), rules_reader.finish()}) {
    if (!ok) return std::unexpected(ok.error());
  }
  return rules;
}

json::object rest_to_json(const WorkRequest& request) {
  Fields fields;
  fields.always("uniqueName", request.unique_name)
      .set("taskName", request.task_name)
      .set("command", request.command)
      .set("cwd", request.cwd)
      .set("description", request.description)
      .set("tags", request.tags)
      .always("input", json::parse(request.input))
      .set("at", request.at)
      .set("prerequisites", request.prerequisites)
      .merge(to_json(request.exit_rules))
      .set("as", request.terms.as)
      .set("nice", request.terms.nice)
      .set("ioClass", word(request.terms.io_class))
      .merge(to_json(request.terms.bounds))
      .set("stopGraceMs", request.stop_grace)
      .set("keepResultsMs", request.keep_results);
  if (!request.env.empty()) fields.always("env", json::value_from(request.env));
  if (request.merge != Merge::overwrite) fields.set("merge", word(request.merge));
  return fields.take();
}

json::object to_json(const WorkRequest& request) {
  return Fields()
      .merge(rest_to_json(request))
      .merge(to_json(static_cast<const Policy&>(request)))
      .take();
}

Result<WorkRequest> request_from_json(const json::object& object) {
  WorkRequest request;
  json::object input;
  PolicyReader policy(request);
  ExitRulesReader rules(request.exit_rules);
  JsonReader reader(object);
  policy.read(reader);
  rules.read(reader);
  read_bounds(reader, request.terms.bounds);
  const auto read = reader.read("uniqueName", request.unique_name)
                        .read("taskName", request.task_name)
                        .read("command", request.command)
                        .read("cwd", request.cwd)
                        .read("env", request.env)
                        .read("input", input)
                        .read("description", request.description)
                        .read("tags", request.tags)
                        .read("at", request.at)
                        .read("prerequisites", request.prerequisites)
                        .read("merge", request.merge)
                        .read("as", request.terms.as)
                        .read("nice", request.terms.nice)
                        .read("ioClass", request.terms.io_class)
                        .read("stopGraceMs", request.stop_grace)
                        .read("keepResultsMs", request.keep_results)
                        .finish("the work");
  request.input = json::serialize(input);
  for (const auto& ok : {read, policy.finish(), rules.finish()}) {
    if (!ok) return std::unexpected(ok.error());
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
  json::object object = Fields().always("id", info.uuid).merge(to_json(info.request)).take();
  object["state"] = word(info.work.state);
  object["owner"] = info.work.owner;
  if (!policy.backoff && !policy.constraints.has(Constraint::idle))
    object["backoff"] = to_json(Backoff{});
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

std::vector<Waited> waited_from_json(const json::array& list) {
  std::vector<Waited> waited;
  for (const json::value& value : list) {
    if (!value.is_object()) continue;
    Waited& one = waited.emplace_back();
    JsonReader(value.get_object())
        .read("kind", one.kind)
        .read("name", one.name)
        .read("ms", one.time);
  }
  return waited;
}

json::object to_json(const LedgerEntry& entry) {
  const Conditions& now = entry.conditions;
  Fields fields;
  fields.always("from", format_time(entry.from));
  if (now.network) {
    fields.always("network", json::object{{"connected", now.network->connected},
                                          {"metered", now.network->metered},
                                          {"roaming", now.network->roaming}});
  }
  for (const ConstraintDef& one : kConstraints) {
    if (const auto& holds = now.holds[one.id]) fields.always(one.json, *holds);
  }
  if (!now.custom.empty()) fields.always("custom", json::value_from(now.custom));
  if (!entry.paused.empty()) fields.always("paused", json::value_from(entry.paused));
  return fields.set("shuttingDown", entry.shutting_down).set("unattended", entry.unattended).take();
}

Result<LedgerEntry> ledger_entry_from_json(const json::object& object) {
  LedgerEntry entry;
  Conditions& then = entry.conditions;
  std::optional<json::object> network;
  std::vector<std::string> paused;
  JsonReader reader(object);
  reader.read("from", entry.from)
      .read("network", network)
      .read("custom", then.custom)
      .read("paused", paused)
      .read("shuttingDown", entry.shutting_down)
      .read("unattended", entry.unattended);
  for (const ConstraintDef& one : kConstraints) {
    if (one.form == ConstraintForm::flag) reader.read(one.json, then.holds[one.id]);
  }
  if (auto read = reader.finish("a ledger entry"); !read) return std::unexpected(read.error());
  entry.paused = {paused.begin(), paused.end()};
  if (!network) return entry;
  NetworkReading& reading = then.network.emplace();
  JsonReader network_reader(*network);
  network_reader.read("connected", reading.connected)
      .read("metered", reading.metered)
      .read("roaming", reading.roaming);
  auto read = network_reader.finish("a ledger entry's network");
  return read ? Result<LedgerEntry>(entry) : std::unexpected(read.error());
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

Result<Constraints> constraints_from_json(const json::object& object) {
  Constraints constraints;
  auto read = read_constraints(object, constraints);
  return read ? Result<Constraints>(constraints) : std::unexpected(read.error());
}

}  // namespace wm
