// The answers that go on as things happen: until work has ended, what is printed, what becomes of
// works.
#include <algorithm>

#include "core/base64.h"
#include "core/messages.h"
#include "daemon/calls.h"
#include "daemon/event_queue.h"
#include "daemon/methods.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr std::size_t kLogPart = std::size_t{256} << 10;

}  // namespace

// One stream of a run's log, in pages.
class LogPages {
 public:
  LogPages(RunLog& log, LogStream stream, const RunInfo& run)
      : log_(log), stream_(stream), reader_(log.read(run.work, run.run)) {
    begin(run);
  }

  WorkId work() const { return work_; }
  int run() const { return run_; }
  bool has_news() const { return has_news_; }

  void begin(const RunInfo& run) {
    work_ = run.work;
    run_ = run.run;
    removed_ = run.log_removed;
    reader_ = log_.read(run.work, run.run);
    dropped_ = 0;
  }

  void skip_to(std::int64_t position) { reader_.skip_to(position); }
  std::int64_t position() const { return reader_.position(); }

  // A gap is told at the beginning of a page: what stands in one has none between.
  Exchange::Page next(bool more) {
    json::array parts;
    std::size_t size = 0;
    std::int64_t missing = 0;
    bool ended = false;
    while (!ended && size < kLogPart) {
      auto part = reader_.next();
      ended = !part;
      if (!part) break;
      const bool gap = part->dropped > 0 || (part->missing > 0 && part->stream == stream_);
      if (gap && !parts.empty()) {
        reader_.put_back(std::move(*part));
        break;
      }
      dropped_ += part->dropped;
      if (part->stream != stream_) continue;
      missing += part->missing;
      if (part->bytes.empty()) continue;
      size += part->bytes.size();
      parts.push_back({{"time", format_time(part->time)}, {"data", encode_base64(part->bytes)}});
    }
    has_news_ = !parts.empty() || missing > 0;
    json::object page{{"run", run_}, {"parts", std::move(parts)}};
    if (removed_) page["removed"] = true;
    if (dropped_ > 0) page["dropped"] = dropped_;
    if (missing > 0) page["missing"] = missing;
    return {std::move(page), more || !ended};
  }

 private:
  RunLog& log_;
  LogStream stream_;
  LogReader reader_;
  WorkId work_ = 0;
  int run_ = 0;
  std::int64_t dropped_ = 0;
  bool removed_ = false;  // To make room for others.
  bool has_news_ = false;
};

// What somebody who waits has not been told yet.
struct WaitNews {
  std::optional<json::object> progress;
  std::optional<json::object> end;
};

void Methods::wait(const ExchangePtr& exchange) {
  std::string name;
  std::optional<WorkState> state;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name).read("state", state);
      })) {
    return;
  }
  ask(exchange, [this, exchange, name, state](TimePoint now) {
    const auto id = store_.find(exchange->peer().uid, name);
    if (!id) return no_such_work(*exchange, name);
    const Work* work = manager_.scheduler().find(*id);
    // What has ended is an answer, whatever was asked for.
    if (!work || (state && work->state == *state)) return exchange->reply(work_reply(*id, now));
    Waiter waiter{exchange, state, nullptr};
    if (exchange->call().more) {
      waiter.news = std::make_shared<WaitNews>();
      if (const RunProgress* progress = manager_.progress_of(*id)) {
        waiter.news->progress = to_json(*progress);
      }
      exchange->stream([news = waiter.news,
                        first = true]() mutable -> std::optional<Exchange::Page> {
        if (news->end) return Exchange::Page{std::move(*news->end), false};
        const auto progress = std::exchange(news->progress, std::nullopt);
        if (progress) return Exchange::Page{{{"progress", *progress}}, true};
        return std::exchange(first, false) ? std::optional(Exchange::Page{{}, true}) : std::nullopt;
      });
    }
    waiters_.emplace(*id, std::move(waiter));
  });
}

void Methods::end_wait(const Waiter& waiter, WorkId id, TimePoint now) {
  json::object end = work_reply(id, now);
  if (!waiter.news) return waiter.exchange->reply(std::move(end));
  waiter.news->end = std::move(end);
  waiter.exchange->go_on();
}

void Methods::notify_followers(const TurnReport& report) {
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

void Methods::notify_waiters(const TurnReport& report, TimePoint now) {
  std::erase_if(waiters_, [](const auto& waiter) { return waiter.second.exchange->abandoned(); });
  if (waiters_.empty()) return;
  for (const Work& work : report.changed) {
    const bool run_ended = work.policy.get().kind == WorkKind::periodic &&
                           std::ranges::count(report.ended, work.id, &EndedRun::work) > 0;
    const auto [first, last] = waiters_.equal_range(work.id);
    for (auto waiter = first; waiter != last;) {
      const auto& state = waiter->second.state;
      const bool reached = state ? *state == work.state : run_ended;
      if (!reached && !is_finished(work.state)) {
        ++waiter;
        continue;
      }
      answer_alone(*waiter->second.exchange, [&] { end_wait(waiter->second, work.id, now); });
      waiter = waiters_.erase(waiter);
    }
  }
}

void Methods::watch(const ExchangePtr& exchange) {
  std::vector<std::string> names;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("uniqueNames", names); })) {
    return;
  }
  ask(exchange, [this, exchange, names](TimePoint) {
    const auto queue = std::make_shared<EventQueue>();
    exchange->stream([queue, first = true]() mutable {
      const bool page = std::exchange(first, false) || !queue->empty();
      return page ? std::optional(queue->take()) : std::nullopt;
    });
    if (exchange->call().more) watchers_.push_back({exchange, {names.begin(), names.end()}, queue});
  });
}

void Methods::tell_watchers(const WorkInfo& info, const json::object& event) {
  for (const Watcher& watcher : watchers_) {
    const auto visible = visible_to(watcher.exchange->peer());
    if (visible && *visible != info.work.owner) continue;
    if (!watcher.names.empty() && !watcher.names.contains(info.request.unique_name)) continue;
    watcher.queue->add(event, weight_of(info.request));
    watcher.exchange->go_on();
  }
}

void Methods::notify_watchers(const TurnReport& report, TimePoint now) {
  std::erase_if(watchers_, [](const Watcher& watcher) { return watcher.exchange->abandoned(); });
  if (watchers_.empty()) return;
  try {
    for (const auto& [id, suspended] : report.suspended) {
      const WorkInfo info = store_.recorded(id);
      tell_watchers(info, suspension_event(suspended, info, now));
    }
    for (const StatusChange& change : report.statuses) {
      const WorkInfo info = store_.recorded(change.work.id);
      tell_watchers(info, to_json(change, info, now));
    }
  } catch (const std::exception& e) {
    // They must not believe that nothing was missed.
    const Error problem = error_of(e);
    for (const Watcher& watcher : std::exchange(watchers_, {})) watcher.exchange->fail(problem);
  }
}

// To those who wait for the work, and to those who watch.
void Methods::tell_progress(WorkId id, const RunProgress& progress, TimePoint now) {
  const auto [first, last] = waiters_.equal_range(id);
  for (auto entry = first; entry != last; ++entry) {
    const Waiter& waiter = entry->second;
    if (!waiter.news) continue;
    waiter.news->progress = to_json(progress);
    waiter.exchange->go_on();
  }
  if (watchers_.empty()) return;
  const auto info = store_.info(id);
  if (info) tell_watchers(*info, to_json(progress, *info, now));
}

void Methods::logs(const ExchangePtr& exchange) {
  std::string name;
  std::int32_t number = 0;
  bool errors = false;
  bool follow = false;
  std::int64_t after = 0;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name)
            .read("run", number)
            .read("stderr", errors)
            .read("follow", follow)
            .read("after", after);
      })) {
    return;
  }
  ask(exchange, [=, this](TimePoint) {
    const uid_t owner = exchange->peer().uid;
    const auto id = store_.find(owner, name);
    if (!id) return no_such_work(*exchange, name);
    const auto run = store_.run(owner, name, number);
    if (!run && (number > 0 || !follow)) {
      return exchange->error("io.wm.Scheduler.NoSuchRun", {{"uniqueName", name}, {"run", number}});
    }
    const auto pages = std::make_shared<LogPages>(
        log_, errors ? LogStream::errors : LogStream::output, run.value_or(RunInfo{}));
    pages->skip_to(after);
    if (!follow) {
      return exchange->stream([pages] { return std::optional(pages->next(false)); });
    }
    exchange->stream([this, weak = std::weak_ptr(exchange), name, pages, first = true]() mutable {
      const ExchangePtr follower = weak.lock();
      const auto page = std::exchange(first, false) ? std::optional(pages->next(true))
                                                    : follow_log(follower, name, *pages);
      follower->set_parameter("run", pages->run());
      follower->set_parameter("after", pages->position());
      return page;
    });
  });
}

// What there is more to read; nothing: not yet.
std::optional<Exchange::Page> Methods::follow_log(const ExchangePtr& exchange,
                                                  const std::string& name, LogPages& pages) {
  const auto go_on = [waiting = std::weak_ptr(exchange)] {
    if (const auto follower = waiting.lock()) follower->go_on();
  };
  for (;;) {
    // Asked first: what is printed after that is announced.
    const bool printing = log_.on_more(pages.work(), pages.run(), go_on);
    if (Exchange::Page page = pages.next(true); pages.has_news()) return page;
    if (printing) return std::nullopt;
    const auto newest = store_.run(exchange->peer().uid, name, 0);
    if (newest && (newest->work != pages.work() || newest->run > pages.run())) {
      pages.begin(*newest);
      continue;
    }
    const auto id = store_.find(exchange->peer().uid, name);
    if (!id || is_finished(store_.recorded(*id).work.state)) return pages.next(false);
    followers_.emplace(*id, exchange);
    return std::nullopt;
  }
}

}  // namespace wm
