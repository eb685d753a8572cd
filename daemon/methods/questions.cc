// The questions: answered from what the turn has left.
#include <algorithm>
#include <limits>
#include <set>

#include <date/tz.h>
#include <unistd.h>

#include "core/forecast.h"
#include "core/messages.h"
#include "core/version.h"
#include "daemon/methods/calls.h"
#include "daemon/methods/methods.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr int kMostShown = 100;  // Of a chain, and of prerequisites.
constexpr int kLookedAt = 5000;  // Works or runs, for a page of those that a filter leaves.

}  // namespace

std::vector<Wait> Methods::waits_of(const Work& work, TimePoint now) const {
  std::vector<Wait> waits = waiting_for(manager_.scheduler(), work, now);
  explain(waits);
  for (Wait& wait : waits) {
    if (wait.kind == WaitKind::trigger) wait.detail = paths_.problem(work.id);
  }
  if (work.state != WorkState::blocked) return waits;
  for (const ChainLink& link : store_.prerequisites(work.id)) {
    if (link.state == WorkState::succeeded) continue;
    waits.push_back(prerequisite_wait(link.unique_name, link.state, link.since));
    if (std::cmp_greater_equal(waits.size(), kMostShown)) break;
  }
  return waits;
}

// Constraints that do not hold, with where that is known from.
void Methods::explain(std::vector<Wait>& waits) const {
  for (Wait& wait : waits) {
    if (wait.kind == WaitKind::constraint) wait.detail = sensors_.explain(condition_of(wait.name));
  }
}

json::object Methods::show_work(const WorkInfo& info, TimePoint now) const {
  json::object work = to_json(info);
  const Work* scheduled = manager_.scheduler().find(info.work.id);
  const auto waits = waits_of(scheduled ? *scheduled : info.work, now);
  if (!waits.empty()) work["waitingFor"] = to_json(waits);
  if (const RunProgress* progress = manager_.progress_of(info.work.id)) {
    work["progress"] = to_json(*progress);
  }
  if (manager_.is_suspended(info.work.id)) work["suspended"] = true;
  return work;
}

json::object Methods::work_reply(WorkId id, TimePoint now) const {
  return {{"work", show_work(store_.recorded(id), now)}};
}

// The works that depend on each other around `id`, each with the names that it comes after.
json::array Methods::chain_of(WorkId id) const {
  std::set<WorkId> known{id};
  std::vector<WorkId> found{id};
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::vector<ChainLink> links = store_.prerequisites(found[i]);
    const std::vector<ChainLink> after = store_.dependents(found[i], kMostShown);
    links.insert(links.end(), after.begin(), after.end());
    for (const ChainLink& link : links) {
      if (std::cmp_less(found.size(), kMostShown) && known.insert(link.id).second) {
        found.push_back(link.id);
      }
    }
  }
  json::array chain;
  if (found.size() < 2) return chain;
  std::ranges::sort(found);
  for (const WorkId one : found) {
    const WorkInfo info = store_.recorded(one);
    json::array after;
    for (const ChainLink& link : store_.prerequisites(one)) after.emplace_back(link.id);
    chain.push_back({{"key", one},
                     {"uniqueName", info.request.unique_name},
                     {"state", word(info.work.state)},
                     {"after", std::move(after)}});
  }
  return chain;
}

// What has held due work back until now.
json::array Methods::waited_so_far(WorkId id, TimePoint now) const {
  const Work* work = manager_.scheduler().find(id);
  if (!work || work->state != WorkState::enqueued || work->due > now) return {};
  return to_json(manager_.scheduler().ledger().waited(*work, now));
}

void Methods::show(const ExchangePtr& exchange) {
  std::string name;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("uniqueName", name); })) {
    return;
  }
  ask(exchange, [this, exchange, name](TimePoint now) {
    const auto id = store_.find(exchange->peer().uid, name);
    if (!id) return no_such_work(*exchange, name);
    json::object work = show_work(store_.recorded(*id), now);
    if (json::array waited = waited_so_far(*id, now); !waited.empty()) {
      work["waited"] = std::move(waited);
    }
    if (const RunTotals totals = store_.totals(*id); totals.runs > 0) {
      work["totals"] = to_json(totals);
    }
    if (json::array chain = chain_of(*id); !chain.empty()) work["chain"] = std::move(chain);
    exchange->reply({{"work", std::move(work)}});
  });
}

void Methods::why(const ExchangePtr& exchange) {
  std::string name;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("uniqueName", name); })) {
    return;
  }
  ask(exchange, [this, exchange, name](TimePoint now) {
    const auto id = store_.find(exchange->peer().uid, name);
    if (!id) return no_such_work(*exchange, name);
    const Work* scheduled = manager_.scheduler().find(*id);
    const Work work = scheduled ? *scheduled : store_.recorded(*id).work;
    const std::vector<Wait> waits = waits_of(work, now);
    const bool enqueued = work.state == WorkState::enqueued;
    json::object answer{{"uniqueName", name},
                        {"state", word(work.state)},
                        {"runnable", enqueued && waits.empty()},
                        {"waitingFor", to_json(waits)}};
    if (json::array waited = waited_so_far(*id, now); !waited.empty()) {
      answer["waited"] = std::move(waited);
    }
    if (is_finished(work.state)) {
      for (const ChainLink& link : store_.prerequisites(*id)) {
        if (link.state == WorkState::failed || link.state == WorkState::cancelled) {
          answer["failedPrerequisite"] = link.unique_name;
        }
      }
    }
    exchange->reply({{"why", std::move(answer)}});
  });
}

void Methods::forecast_runs(const ExchangePtr& exchange) {
  Duration ahead = 24h;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("forMs", ahead); })) {
    return;
  }
  if (ahead > kMaxDuration) {
    return exchange->error(
        Error{ErrorCode::invalid, "a forecast reaches at most " + format_duration(kMaxDuration)});
  }
  ask(exchange, [this, exchange, ahead](TimePoint now) {
    std::unordered_map<WorkId, WorkInfo> known;
    const auto info_of = [&](WorkId id) -> const WorkInfo& {
      const auto found = known.find(id);
      return found != known.end() ? found->second
                                  : known.emplace(id, store_.recorded(id)).first->second;
    };
    std::unordered_map<WorkId, Duration> lengths;
    const auto length_of = [&](const Work& work) {
      const auto [length, fresh] = lengths.try_emplace(work.id, 0);
      if (!fresh) return length->second;
      const auto last = store_.run(work.owner, info_of(work.id).request.unique_name, 0);
      if (last && last->finished_at) length->second = last->length;
      return length->second;
    };
    json::array runs;
    const auto visible = visible_to(exchange->peer());
    const auto shown = [visible](const Work& work) { return !visible || *visible == work.owner; };
    const Forecast expected = forecast(manager_.scheduler(), now, now + ahead, length_of, shown);
    for (const ForecastRun& run : expected.runs) {
      runs.push_back({{"uniqueName", info_of(run.id).request.unique_name},
                      {"startsAt", format_time(run.starts)},
                      {"attempt", run.attempt}});
    }
    json::object answer{{"runs", std::move(runs)}};
    if (expected.cut_at) answer["cutAt"] = format_time(*expected.cut_at);
    exchange->reply(std::move(answer));
  });
}

void Methods::list(const ExchangePtr& exchange) {
  WorkFilter filter;
  std::vector<std::string> states;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("states", states)
            .read("tags", filter.tags)
            .read("taskName", filter.task_name)
            .read("finished", filter.finished);
      })) {
    return;
  }
  filter.owner = visible_to(exchange->peer());
  if (exchange->call().more) filter.limit = kPageLength;
  for (const std::string& name : states) {
    const auto state = parse_word<WorkState>(name);
    if (!state) return exchange->error(state.error());
    filter.states.push_back(*state);
  }
  ask(exchange, [this, exchange, filter](TimePoint now) mutable {
    exchange->stream([this, filter, now,
                      more = exchange->call().more]() mutable -> std::optional<Exchange::Page> {
      json::array works;
      std::size_t weight = 0;
      filter.up_to = more ? store_.reach(filter, kLookedAt) : std::nullopt;
      const std::vector<WorkInfo> found = store_.list(filter);
      for (const WorkInfo& info : found) {
        weight += weight_of(info.request);
        if (weight > kPageWeight && !works.empty()) break;
        works.push_back(show_work(info, now));
        filter.after = info.work.id;
      }
      const bool all = works.size() == found.size() && std::cmp_less(found.size(), filter.limit);
      if (all) filter.after = filter.up_to.value_or(filter.after);
      return Exchange::Page{{{"works", std::move(works)}}, !all || filter.up_to};
    });
  });
}

void Methods::history(const ExchangePtr& exchange) {
  RunFilter filter;
  std::int32_t limit = std::numeric_limits<std::int32_t>::max();
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", filter.unique_name)
            .read("failed", filter.failed)
            .read("since", filter.since)
            .read("limit", limit);
      })) {
    return;
  }
  if (limit < 1) return exchange->error(Error{ErrorCode::invalid, "limit must be 1 or more"});
  filter.owner = visible_to(exchange->peer());
  if (exchange->call().more) {
    filter.limit = kPageLength;
    filter.looked_at = kLookedAt;
  }
  ask(exchange, [this, exchange, filter, limit](TimePoint) mutable {
    if (!filter.unique_name.empty()) {
      filter.owner = exchange->peer().uid;
      if (!store_.find(*filter.owner, filter.unique_name)) {
        return no_such_work(*exchange, filter.unique_name);
      }
    }
    exchange->stream([this, filter, limit]() mutable -> std::optional<Exchange::Page> {
      filter.limit = std::min(filter.limit, limit);
      RunPage page = store_.history(filter);
      filter.before = page.last;
      limit -= static_cast<std::int32_t>(page.runs.size());
      json::array runs;
      for (const RunInfo& run : page.runs) runs.push_back(to_json(run));
      return Exchange::Page{{{"runs", std::move(runs)}}, page.last != 0 && limit > 0};
    });
  });
}

// The conditions, with how many works name each of them.
json::object Methods::show_conditions() const {
  auto works = works_by_condition(manager_.scheduler().agenda().named());
  json::array conditions = sensors_.to_json();
  for (json::value& value : conditions) {
    json::object& condition = value.as_object();
    condition["works"] = works[std::string(condition.at("name").as_string())];
  }
  return {{"conditions", std::move(conditions)}, {"version", sensors_.version()}};
}

void Methods::conditions(const ExchangePtr& exchange) {
  std::int32_t after = 0;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("after", after); })) return;
  const Constraints all = all_constraints(manager_.scheduler().wanted().custom);
  sensor_questions_.push_back(
      {exchange, all, after, [this, exchange](TimePoint) { exchange->reply(show_conditions()); }});
}

void Methods::check(const ExchangePtr& exchange) {
  json::object object;
  if (!read_parameters(*exchange,
                       [&](JsonReader& reader) { reader.read("constraints", object); })) {
    return;
  }
  const auto wanted = constraints_from_json(object);
  if (!wanted) return exchange->error(wanted.error());
  if (const auto declared = check_declared(wanted->custom, settings_); !declared) {
    return exchange->error(declared.error());
  }
  sensor_questions_.push_back(
      {exchange, *wanted, 0, [this, exchange, wanted = *wanted](TimePoint) {
         std::vector<Wait> waits;
         for (const Unmet& one : unmet(wanted, manager_.scheduler().conditions())) {
           waits.push_back(constraint_wait(one));
         }
         explain(waits);
         exchange->reply({{"holds", waits.empty()}, {"waitingFor", to_json(waits)}});
       }});
}

Constraints Methods::wanted() const {
  Constraints all;
  for (const SensorQuestion& question : sensor_questions_) all = either(all, question.wanted);
  return all;
}

void Methods::answer_sensor_questions(TimePoint now) {
  std::erase_if(sensor_questions_, [&](const SensorQuestion& question) {
    if (question.exchange->abandoned()) return true;
    if (!sensors_.settled(question.wanted) || sensors_.version() <= question.after) return false;
    answer_alone(*question.exchange, [&] { question.answer(now); });
    return true;
  });
}

void Methods::override_conditions(const ExchangePtr& exchange) {
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
  ask(exchange, [this, exchange, pretended, time](TimePoint now) {
    const auto until = time ? std::optional(now + *time) : std::nullopt;
    for (const auto& [name, value] : pretended) sensors_.override_value(name, value, until, now);
    exchange->reply(show_conditions());
  });
}

void Methods::clear_overrides(const ExchangePtr& exchange) {
  if (!may_rule(*exchange, "override conditions") ||
      !read_parameters(*exchange, [](JsonReader&) {}))
    return;
  ask(exchange, [this, exchange](TimePoint now) {
    sensors_.clear_overrides(now);
    exchange->reply(show_conditions());
  });
}

void Methods::status(const ExchangePtr& exchange) {
  if (!read_parameters(*exchange, [](JsonReader&) {})) return;
  ask(exchange, [this, exchange](TimePoint now) {
    const Scheduler& scheduler = manager_.scheduler();
    const date::time_zone* zone = scheduler.rules().zone;
    json::object status{{"version", kVersion},
                        {"pid", ::getpid()},
                        {"startedAt", format_time(identity_.started_at)},
                        {"uptimeMs", (now - identity_.started_at).count()},
                        {"socket", identity_.socket},
                        {"stateDirectory", identity_.state_directory},
                        {"unfinished", scheduler.unfinished_count()},
                        {"running", scheduler.running_count()},
                        {"timeZone", zone ? zone->name() : "UTC"},
                        {"maxParallel", scheduler.rules().max_parallel},
                        {"maxParallelTotal", scheduler.rules().max_parallel_total},
                        {"connections", operations_.connection_count()}};
    if (const auto next = manager_.next_wakeup()) status["nextWakeupAt"] = format_time(*next);
    if (!scheduler.pauses().empty()) status["paused"] = to_json(scheduler.pauses());
    exchange->reply(std::move(status));
  });
}

// Once every condition has been measured, also those that no work names.
void Methods::diagnose(const ExchangePtr& exchange) {
  if (!read_parameters(*exchange, [](JsonReader&) {})) return;
  Constraints all = all_constraints({});
  for (const auto& [name, condition] : settings_.conditions) all.custom.push_back(name);
  auto commands = std::make_shared<std::vector<DeclaredCommand>>(declared_commands(settings_));
  std::vector<UsersCommand> list;
  for (const DeclaredCommand& one : *commands) list.push_back({one.words, ::geteuid()});
  see_programs(exchange, std::move(list), [=, this](const std::vector<Result<>>& results) {
    for (std::size_t i = 0; i < results.size(); ++i) (*commands)[i].executable = results[i];
    sensor_questions_.push_back({exchange, all, 0, [this, exchange, commands](TimePoint) {
                                   const auto findings =
                                       operations_.diagnose(*commands, exchange->peer().uid);
                                   exchange->reply({{"findings", to_json(findings)}});
                                 }});
  });
}

void Methods::metrics(const ExchangePtr& exchange) {
  if (!may_rule(*exchange, "read the metrics, which count everybody's work") ||
      !read_parameters(*exchange, [](JsonReader&) {})) {
    return;
  }
  ask(exchange,
      [this, exchange](TimePoint) { exchange->reply({{"text", operations_.metrics()}}); });
}

void Methods::tasks(const ExchangePtr& exchange) {
  if (!read_parameters(*exchange, [](JsonReader&) {})) return;
  json::array list;
  for (const auto& [name, task] : settings_.tasks) {
    list.push_back({{"name", name},
                    {"command", json::value_from(task.command)},
                    {"dispatcher", task.dispatcher}});
  }
  exchange->reply({{"tasks", std::move(list)}});
}

void Methods::reexec(const ExchangePtr& exchange) {
  if (!may_rule(*exchange, "replace the daemon's program") ||
      !read_parameters(*exchange, [](JsonReader&) {})) {
    return;
  }
  if (!exchange->handed_over()) return operations_.reexec(exchange);
  exchange->reply({{"version", kVersion}, {"pid", ::getpid()}});
}

}  // namespace wm
