#include "daemon/methods/watchers.h"

#include "core/messages.h"
#include "daemon/methods/catch_up.h"
#include "daemon/methods/event_queue.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

void Watchers::watch(const ExchangePtr& exchange) {
  Beginning asked{exchange, {}, {}};
  std::vector<std::string> names;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueNames", names).read("since", asked.since);
      })) {
    return;
  }
  asked.names = {names.begin(), names.end()};
  pending_.ask(exchange, [this, asked = std::move(asked)](TimePoint now) {
    if (asked.since) return resuming_.push_back(asked);
    begin(asked, nullptr, now);
  });
}

void Watchers::resume(TimePoint now) {
  for (const Beginning& asked : std::exchange(resuming_, {})) {
    answer_alone(*asked.exchange, [&] {
      const RecordFilter filter{.owner = visible_to(asked.exchange->peer()),
                                .names = asked.names,
                                .since = asked.since.value_or(now)};
      begin(asked, std::make_shared<CatchUp>(store_, manager_.scheduler(), filter), now);
      // A program that takes this over goes on where this one stops.
      asked.exchange->set_parameter("since", nullptr);
    });
  }
}

// `past` comes first, if there is any.
void Watchers::begin(const Beginning& asked, const std::shared_ptr<CatchUp>& past, TimePoint now) {
  const auto queue = std::make_shared<EventQueue>();
  asked.exchange->stream(
      [queue, past, now, first = true]() mutable -> std::optional<Exchange::Page> {
        const bool has_past = past && !past->empty();
        if (!std::exchange(first, false)) {
          if (has_past) return Exchange::Page{{{"events", past->next()}}, true};
          return queue->empty() ? std::nullopt : std::optional(queue->take());
        }
        json::object page{{"time", format_time(now)}};
        if (past && past->cut_at()) page["cutAt"] = format_time(*past->cut_at());
        page["events"] = has_past ? past->next() : json::array();
        return Exchange::Page{std::move(page), true};
      });
  if (asked.exchange->call().more) watchers_.push_back({asked.exchange, asked.names, queue});
}

void Watchers::tell(const WorkInfo& info, const json::object& event) {
  for (const Watcher& watcher : watchers_) {
    const auto visible = visible_to(watcher.exchange->peer());
    if (visible && *visible != info.work.owner) continue;
    if (!watcher.names.empty() && !watcher.names.contains(info.request.unique_name)) continue;
    watcher.queue->add(event, weight_of(info.request));
    watcher.exchange->go_on();
  }
}

// Pauses concern everybody, except those who watch some jobs only.
void Watchers::tell(const PauseChange& change, TimePoint now) {
  const json::object event = to_json(change, now);
  for (const Watcher& watcher : watchers_) {
    if (!watcher.names.empty()) continue;
    constexpr std::size_t kWeight = 512;
    watcher.queue->add(event, kWeight, EventQueue::About::pause);
    watcher.exchange->go_on();
  }
}

void Watchers::tell(const TurnReport& report, TimePoint now) {
  std::erase_if(watchers_, [](const Watcher& watcher) { return watcher.exchange->abandoned(); });
  if (watchers_.empty()) return;
  try {
    for (const auto& [id, suspended] : report.suspended) {
      const WorkInfo info = store_.recorded(id);
      tell(info, suspension_event(suspended, info, now));
    }
    for (const PauseChange& change : report.pauses) tell(change, now);
    for (const StatusChange& change : report.statuses) {
      const WorkInfo info = store_.recorded(change.work.id);
      tell(info, to_json(change, info, now));
    }
  } catch (const std::exception& e) {
    // They must not believe that they have missed nothing.
    const Error problem = error_of(e);
    for (const Watcher& watcher : std::exchange(watchers_, {})) watcher.exchange->fail(problem);
  }
}

void Watchers::tell_progress(WorkId id, const RunProgress& progress, TimePoint now) {
  if (watchers_.empty()) return;
  const auto info = store_.info(id);
  if (info) tell(*info, to_json(progress, *info, now));
}

}  // namespace wm
