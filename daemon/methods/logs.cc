#include "daemon/methods/logs.h"

#include <algorithm>

#include "daemon/methods/log_pages.h"

namespace wm {

void Logs::tell(const TurnReport& report) {
  std::erase_if(followers_, [](const auto& follower) { return follower.second.expired(); });
  if (followers_.empty()) return;
  for (const Work& work : report.changed) {
    const auto [first, last] = followers_.equal_range(work.id);
    for (auto follower = first; follower != last; ++follower) {
      if (const auto exchange = follower->second.lock()) exchange->go_on();
    }
    followers_.erase(first, last);
  }
}

void Logs::read(const ExchangePtr& exchange) {
  std::string name;
  std::int32_t number = 0;
  bool errors = false;
  bool both = false;
  bool follow = false;
  bool alone = false;
  std::optional<std::int64_t> after;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name)
            .read("run", number)
            .read("stderr", errors)
            .read("both", both)
            .read("follow", follow)
            .read("alone", alone)
            .read("after", after);
      })) {
    return;
  }
  std::optional<LogStream> stream;
  if (!both) stream = errors ? LogStream::errors : LogStream::output;
  pending_.ask(exchange, [=, this](TimePoint) {
    const uid_t owner = exchange->peer().uid;
    const auto id = store_.find(owner, name);
    if (!id) return no_such_work(*exchange, store_, name);
    auto run = store_.run(owner, name, number);
    std::int64_t printed = after.value_or(0);
    // If that run has been forgotten since, the one after it comes next.
    if (!run && follow && after && number > 0 && !alone) {
      run = run_after(owner, name, {.run = number - 1});
      printed = 0;
    }
    if (!run && (number > 0 || !follow) && (alone || !(follow && after))) {
      return exchange->error("io.wm.Scheduler.NoSuchRun", {{"uniqueName", name}, {"run", number}});
    }
    const auto pages =
        std::make_shared<LogPages>(log_, stream, run.value_or(RunInfo{}), std::max(number - 1, 0));
    pages->skip_to(printed);
    if (!follow) {
      return exchange->stream([pages] { return std::optional(pages->next(false)); });
    }
    exchange->stream(
        [this, weak = std::weak_ptr(exchange), name, pages, alone, first = true]() mutable {
          const ExchangePtr follower = weak.lock();
          const auto page = std::exchange(first, false) ? std::optional(pages->next(true))
                                                        : follow_log(follower, name, *pages, alone);
          follower->set_parameter("run", pages->run());
          follower->set_parameter("after", pages->position());
          return page;
        });
  });
}

// The run of that name after this one. Numbers begin again once a name was forgotten.
std::optional<RunInfo> Logs::run_after(uid_t owner, const std::string& name,
                                       const RunInfo& run) const {
  if (auto next = store_.next_run(owner, name, run.run)) return next;
  const auto newest = store_.run(owner, name, 0);
  if (!newest || newest->work == run.work || newest->run >= run.run) return std::nullopt;
  return store_.next_run(owner, name, 0);
}

// The next page, if there is more to read; nothing: not yet. `alone`: of this run only.
std::optional<Exchange::Page> Logs::follow_log(const ExchangePtr& exchange, const std::string& name,
                                               LogPages& pages, bool alone) {
  const uid_t owner = exchange->peer().uid;
  const auto go_on = [waiting = std::weak_ptr(exchange)] {
    if (const auto follower = waiting.lock()) follower->go_on();
  };
  for (;;) {
    // Ask first: later output is then announced.
    const bool printing = log_.on_more(pages.work(), pages.run(), go_on);
    if (Exchange::Page page = pages.next(true); pages.has_news()) return page;
    if (printing) return std::nullopt;
    const auto ended = store_.run(owner, name, pages.run());
    if (ended && pages.is_silent_failure(*ended)) return pages.tell_end(*ended);
    if (alone && pages.run() > 0) return pages.next(false);
    if (const auto next = run_after(owner, name, {.work = pages.work(), .run = pages.last()})) {
      pages.begin(*next);
      continue;
    }
    const auto id = store_.find(owner, name);
    if (!id || is_finished(store_.recorded(*id).work.state)) return pages.next(false);
    followers_.emplace(*id, exchange);
    return std::nullopt;
  }
}

}  // namespace wm
