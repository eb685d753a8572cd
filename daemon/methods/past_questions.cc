#include "daemon/methods/past_questions.h"

#include <algorithm>
#include <limits>

#include "core/messages.h"
#include "core/past.h"
#include "daemon/methods/pages.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr int kAround = 200;  // The changes of one condition that are looked at in one direction.

Constraints needs_of(const Policy& policy) {
  Constraints all = policy.constraints;
  for (const Preference& one : policy.prefer) all = either(all, one.constraints);
  return all;
}

}  // namespace

void PastQuestions::condition_changes(const ExchangePtr& exchange) {
  std::optional<TimePoint> since;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("since", since); })) return;
  if (settings_.history.conditions == Duration::zero()) {
    return exchange->error(Error{ErrorCode::refused,
                                 "changes of conditions are not kept: history.conditions says so "
                                 "in the daemon's configuration"});
  }
  pending_.ask(exchange, [this, exchange, since](TimePoint now) {
    const TimePoint kept = now - settings_.history.conditions;
    const TimePoint first = std::max(since.value_or(kept), kept);
    exchange->stream([this, first, last = std::optional<KeptChange>(),
                      begun = false]() mutable -> std::optional<Exchange::Page> {
      Exchange::Page page = page_of_changes(first, last);
      if (!std::exchange(begun, true)) page.parameters["before"] = changes_before(first);
      return page;
    });
  });
}

json::array PastQuestions::changes_before(TimePoint since) const {
  json::array list;
  for (const ConditionChange& one : store_.condition_changes_before(since)) {
    list.push_back(to_json(one));
  }
  return list;
}

// Those that are not on disk yet come at the end.
Exchange::Page PastQuestions::page_of_changes(TimePoint since,
                                              std::optional<KeptChange>& last) const {
  json::array changes;
  std::size_t weight = 0;
  const std::vector<KeptChange> found = store_.condition_changes(since, last, kPageLength);
  for (const KeptChange& one : found) {
    weight += one.change.source.size() + one.change.detail.size();
    if (weight > kPageWeight && !changes.empty()) break;
    changes.push_back(to_json(one.change));
    last = one;
  }
  const bool all = changes.size() == found.size() && std::cmp_less(found.size(), kPageLength);
  if (!all) return {{{"changes", std::move(changes)}}, true};
  for (const ConditionChange& one : manager_.condition_log().unsaved()) {
    if (one.at >= since) changes.push_back(to_json(one));
  }
  return {{{"changes", std::move(changes)}}, false};
}

// The changes of what it needs, and of the daemon. Beyond the daemon's that are looked at, nobody
// knows whether there was one: what a condition was there is left out.
std::vector<ConditionChange> PastQuestions::changes_around(const Constraints& needed,
                                                           TimePoint at) const {
  std::vector<KeptChange> kept = store_.condition_changes_around(std::nullopt, at, kAround);
  const auto later =
      std::ranges::find_if(kept, [&](const KeptChange& one) { return one.change.at > at; });
  const bool cut_before = later - kept.begin() >= kAround;
  const bool cut_after = kept.end() - later >= kAround;
  const TimePoint first = cut_before ? kept.front().change.at : TimePoint::min();
  const TimePoint last = cut_after ? kept.back().change.at : TimePoint::max();
  for (const ConditionId& id : ids_of(needed)) {
    for (KeptChange& one : store_.condition_changes_around(id, at, kAround)) {
      if (one.change.at >= first && one.change.at <= last) kept.push_back(std::move(one));
    }
  }
  for (ConditionChange& one : manager_.condition_log().unsaved()) {
    kept.push_back({std::move(one), std::numeric_limits<std::int64_t>::max()});
  }
  std::ranges::stable_sort(kept, {},
                           [](const KeptChange& one) { return std::pair(one.change.at, one.id); });
  std::vector<ConditionChange> changes;
  for (KeptChange& one : kept) changes.push_back(std::move(one.change));
  return changes;
}

std::vector<Wait> PastQuestions::prerequisites_of(WorkId id) const {
  std::vector<Wait> waits;
  for (const ChainLink& link : store_.prerequisites(id)) {
    Wait& wait = waits.emplace_back(prerequisite_wait(link.unique_name, link.state, link.since));
    if (link.state == WorkState::succeeded) wait.actual = "unfinished";
  }
  return waits;
}

Result<json::object> PastQuestions::explain(WorkId id, TimePoint at, TimePoint now) const {
  if (at > now) {
    return fail(ErrorCode::invalid,
                "at: " + format_time(at) + " is in the future; Forecast tells what is to come");
  }
  const WorkInfo info = store_.recorded(id);
  const Scheduler& scheduler = manager_.scheduler();
  const Work* scheduled = scheduler.find(id);
  const std::string& name = info.request.unique_name;
  PastRecord record{.work = scheduled ? *scheduled : info.work,
                    .registered_at = info.registered_at};
  record.at = info.request.at;
  const auto before =
      store_.history({.owner = info.work.owner, .unique_name = name, .until = at, .limit = 1});
  if (!before.runs.empty()) record.before = before.runs.front();
  record.after = store_.next_run(info.work.owner, name, record.before ? record.before->run : 0);
  record.prerequisites = prerequisites_of(id);
  record.changes = changes_around(needs_of(info.request), at);
  record.pauses = scheduler.ledger().pauses_at(at);
  const PastExplanation past = explain_past(record, {scheduler.rules(), settings_.unknown}, at);
  const bool enqueued = past.registered && past.state == WorkState::enqueued;
  json::object answer{{"uniqueName", name},
                      {"state", past.registered ? word(past.state) : "unregistered"},
                      {"runnable", enqueued && past.waits.empty() && past.unknown.empty()},
                      {"waitingFor", to_json(past.waits)},
                      {"at", format_time(at)},
                      {"registeredAt", format_time(info.registered_at)},
                      {"generation", info.work.generation}};
  if (!past.met.empty()) answer["met"] = to_json(past.met);
  if (!past.unknown.empty()) answer["notKnown"] = to_json(past.unknown);
  if (past.run) answer["run"] = to_json(*past.run);
  if (record.before && !past.run) answer["last"] = to_json(*record.before);
  if (past.next) answer["next"] = to_json(*past.next);
  return answer;
}

}  // namespace wm
