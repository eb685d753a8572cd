#include "daemon/methods/questions.h"

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include "core/forecast.h"
#include "core/messages.h"
#include "daemon/methods/pages.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr int kMostLinked = 100;  // Jobs of one chain.
constexpr int kLookedAt = 5000;   // The most jobs or runs examined for one page of a filtered list.

}  // namespace

// The jobs that depend on each other around `id`, each with its prerequisites' names.
json::array Questions::chain_of(WorkId id) const {
  std::set<WorkId> known{id};
  std::vector<WorkId> found{id};
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::vector<ChainLink> links = store_.prerequisites(found[i]);
    const std::vector<ChainLink> after = store_.dependents(found[i], kMostLinked);
    links.insert(links.end(), after.begin(), after.end());
    for (const ChainLink& link : links) {
      if (std::cmp_less(found.size(), kMostLinked) && known.insert(link.id).second) {
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

// The waits that have held a due job back until now.
json::array Questions::waited_so_far(WorkId id, TimePoint now) const {
  const Work* work = manager_.scheduler().find(id);
  if (!work || work->state != WorkState::enqueued || work->due > now) return {};
  return to_json(manager_.scheduler().waited(*work, now));
}

// Answers a question about the job of that name, with one member.
void Questions::ask_about_work(const ExchangePtr& exchange, const std::string& name,
                               std::string_view member, const AnswerAboutWork& answer) {
  pending_.ask(exchange, [this, exchange, name, member, answer](TimePoint now) {
    const auto id = store_.find(exchange->peer().uid, name);
    if (!id) return no_such_work(*exchange, store_, name);
    Result<json::object> told = answer(*id, now);
    if (!told) return exchange->error(told.error());
    exchange->reply({{member, std::move(*told)}});
  });
}

void Questions::show(const ExchangePtr& exchange) {
  std::string name;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("uniqueName", name); })) {
    return;
  }
  ask_about_work(exchange, name, "work",
                 [this](WorkId id, TimePoint now) { return show_work(id, now); });
}

void Questions::why(const ExchangePtr& exchange) {
  std::string name;
  std::optional<TimePoint> at;
  if (!read_parameters(
          *exchange, [&](JsonReader& reader) { reader.read("uniqueName", name).read("at", at); })) {
    return;
  }
  ask_about_work(exchange, name, "why", [this, at](WorkId id, TimePoint now) {
    return at ? past_.explain(id, *at, now) : Result<json::object>(explain_work(id, now));
  });
}

json::object Questions::show_work(WorkId id, TimePoint now) const {
  json::object work = views_.show(store_.recorded(id), now);
  if (json::array waited = waited_so_far(id, now); !waited.empty()) {
    work["waited"] = std::move(waited);
  }
  if (const RunTotals totals = store_.totals(id); totals.runs > 0) {
    work["totals"] = to_json(totals);
  }
  if (json::array chain = chain_of(id); !chain.empty()) work["chain"] = std::move(chain);
  return work;
}

json::object Questions::explain_work(WorkId id, TimePoint now) const {
  const WorkInfo info = store_.recorded(id);
  const Work* scheduled = manager_.scheduler().find(id);
  const Work& work = scheduled ? *scheduled : info.work;
  std::vector<Wait> waits = views_.waits_of(work, now);
  if (work.state == WorkState::blocked) {
    const std::vector<Wait> unmet = views_.unmet_by(work, now);
    waits.insert(waits.end(), unmet.begin(), unmet.end());
  }
  const bool enqueued = work.state == WorkState::enqueued;
  json::object answer{{"uniqueName", info.request.unique_name},
                      {"state", word(work.state)},
                      {"runnable", enqueued && waits.empty()},
                      {"waitingFor", to_json(waits)}};
  if (const auto met = views_.met_by(work, now); !met.empty()) answer["met"] = to_json(met);
  if (json::array waited = waited_so_far(id, now); !waited.empty()) {
    answer["waited"] = std::move(waited);
  }
  if (info.last_result) answer["lastResult"] = to_json(*info.last_result);
  if (info.last_finished_at) answer["lastFinishedAt"] = format_time(*info.last_finished_at);
  if (!is_finished(work.state)) return answer;
  for (const ChainLink& link : store_.prerequisites(id)) {
    if (link.state == WorkState::failed || link.state == WorkState::cancelled) {
      answer["failedPrerequisite"] = link.unique_name;
    }
  }
  return answer;
}

void Questions::forecast_runs(const ExchangePtr& exchange) {
  Duration ahead = 24h;
  std::vector<std::string> names;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("forMs", ahead).read("uniqueNames", names);
      })) {
    return;
  }
  if (ahead > kMaxDuration) {
    return exchange->error(
        Error{ErrorCode::invalid, "a forecast reaches at most " + format_duration(kMaxDuration)});
  }
  pending_.ask(exchange, [this, exchange, ahead, names](TimePoint now) {
    std::unordered_set<WorkId> named;
    for (const std::string& name : names) {
      const auto [holder, unfinished] = store_.record_of(exchange->peer().uid, name);
      if (!holder) return no_such_work(*exchange, store_, name);
      named.insert(unfinished.begin(), unfinished.end());
    }
    const auto visible = visible_to(exchange->peer());
    const auto shown = [&](const Work& work) {
      return names.empty() ? !visible || *visible == work.owner : named.contains(work.id);
    };
    exchange->reply(expected_runs(shown, ahead, now));
  });
}

// Assumes that every run takes as long as the one before it.
json::object Questions::expected_runs(const std::function<bool(const Work&)>& shown, Duration ahead,
                                      TimePoint now) const {
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
  const Forecast expected = forecast(manager_.scheduler(), now, now + ahead, length_of, shown);
  json::array runs;
  for (const ForecastRun& run : expected.runs) {
    runs.push_back({{"uniqueName", info_of(run.id).request.unique_name},
                    {"owner", info_of(run.id).work.owner},
                    {"startsAt", format_time(run.starts)},
                    {"attempt", run.attempt}});
  }
  json::object answer{{"runs", std::move(runs)}};
  json::array more;
  for (const ForecastRest& rest : expected.more) {
    more.push_back({{"uniqueName", info_of(rest.id).request.unique_name},
                    {"owner", info_of(rest.id).work.owner},
                    {"runs", rest.runs},
                    {"lastStartsAt", format_time(rest.last)}});
  }
  if (!more.empty()) answer["more"] = std::move(more);
  if (expected.cut_at) answer["cutAt"] = format_time(*expected.cut_at);
  return answer;
}

void Questions::list(const ExchangePtr& exchange) {
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
  pending_.ask(exchange, [this, exchange, filter](TimePoint now) mutable {
    exchange->stream([this, filter, now,
                      more = exchange->call().more]() mutable -> std::optional<Exchange::Page> {
      return page_of_works(filter, more, now);
    });
  });
}

// Moves the filter past the jobs of the page.
Exchange::Page Questions::page_of_works(WorkFilter& filter, bool more, TimePoint now) const {
  json::array works;
  std::size_t weight = 0;
  filter.up_to = more ? store_.reach(filter, kLookedAt) : std::nullopt;
  const std::vector<WorkInfo> found = store_.list(filter);
  for (const WorkInfo& info : found) {
    weight += weight_of(info.request);
    if (weight > kPageWeight && !works.empty()) break;
    works.push_back(views_.show(info, now));
    filter.after = info.work.id;
  }
  const bool all = works.size() == found.size() && std::cmp_less(found.size(), filter.limit);
  if (all) filter.after = filter.up_to.value_or(filter.after);
  return {{{"works", std::move(works)}}, !all || filter.up_to};
}

void Questions::history(const ExchangePtr& exchange) {
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
  pending_.ask(exchange, [this, exchange, filter, limit](TimePoint) mutable {
    if (!filter.unique_name.empty()) {
      filter.owner = exchange->peer().uid;
      if (!store_.find(*filter.owner, filter.unique_name)) {
        return no_such_work(*exchange, store_, filter.unique_name);
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

}  // namespace wm
