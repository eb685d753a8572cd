// The answers that go on as things happen: what is printed, what becomes of works. waits.cc has
// those that wait for an end.
#include <algorithm>

#include "core/base64.h"
#include "core/messages.h"
#include "daemon/methods/calls.h"
#include "daemon/methods/catch_up.h"
#include "daemon/methods/event_queue.h"
#include "daemon/methods/methods.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr std::size_t kLogPart = std::size_t{256} << 10;

}  // namespace

// One stream of a run's log, in pages.
class LogPages {
 public:
  /// `before`: the run that the first is to come after, while there is none yet.
  LogPages(RunLog& log, LogStream stream, const RunInfo& run, int before)
      : log_(log), stream_(stream), reader_(log.read(run.work, run.run)), before_(before) {
    begin(run);
  }

  WorkId work() const { return work_; }
  int run() const { return run_; }
  int last() const { return run_ > 0 ? run_ : before_; }
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
    page["printed"] = position();
    return {std::move(page), more || !ended};
  }

 private:
  RunLog& log_;
  LogStream stream_;
  LogReader reader_;
  WorkId work_ = 0;
  int before_ = 0;
  int run_ = 0;
  std::int64_t dropped_ = 0;
  bool removed_ = false;  // To make room for others.
  bool has_news_ = false;
};

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

void Methods::watch(const ExchangePtr& exchange) {
  Resumption asked{exchange, {}, {}};
  std::vector<std::string> names;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueNames", names).read("since", asked.since);
      })) {
    return;
  }
  asked.names = {names.begin(), names.end()};
  ask(exchange, [this, asked = std::move(asked)](TimePoint now) {
    if (asked.since) return resuming_.push_back(asked);
    begin_watch(asked, nullptr, now);
  });
}

void Methods::resume_watchers(TimePoint now) {
  for (const Resumption& asked : std::exchange(resuming_, {})) {
    answer_alone(*asked.exchange, [&] {
      const RecordFilter filter{.owner = visible_to(asked.exchange->peer()),
                                .names = asked.names,
                                .since = asked.since.value_or(now)};
      begin_watch(asked, std::make_shared<CatchUp>(store_, manager_.scheduler(), filter), now);
      // Another program that takes this over goes on where this one stops.
      asked.exchange->set_parameter("since", nullptr);
    });
  }
}

// `past` comes first, where there is any.
void Methods::begin_watch(const Resumption& asked, const std::shared_ptr<CatchUp>& past,
                          TimePoint now) {
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
    WaitCall& call = *entry->second;
    const auto exchange = call.exchange();
    if (!exchange || !exchange->call().more) continue;
    call.has_progressed(id);
    exchange->go_on();
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
  std::optional<std::int64_t> after;
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
    auto run = store_.run(owner, name, number);
    std::int64_t printed = after.value_or(0);
    if (!run && follow && after && number > 0) {  // Forgotten since then: the one after it.
      run = run_after(owner, name, {.run = number - 1});
      printed = 0;
    }
    if (!run && (number > 0 || !follow) && !(follow && after)) {
      return exchange->error("io.wm.Scheduler.NoSuchRun", {{"uniqueName", name}, {"run", number}});
    }
    const auto pages =
        std::make_shared<LogPages>(log_, errors ? LogStream::errors : LogStream::output,
                                   run.value_or(RunInfo{}), std::max(number - 1, 0));
    pages->skip_to(printed);
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

// The run of that name that came after this one. Numbers begin anew once a name was forgotten.
std::optional<RunInfo> Methods::run_after(uid_t owner, const std::string& name,
                                          const RunInfo& run) const {
  if (auto next = store_.next_run(owner, name, run.run)) return next;
  const auto newest = store_.run(owner, name, 0);
  if (!newest || newest->work == run.work || newest->run >= run.run) return std::nullopt;
  return store_.next_run(owner, name, 0);
}

// What there is more to read; nothing: not yet.
std::optional<Exchange::Page> Methods::follow_log(const ExchangePtr& exchange,
                                                  const std::string& name, LogPages& pages) {
  const uid_t owner = exchange->peer().uid;
  const auto go_on = [waiting = std::weak_ptr(exchange)] {
    if (const auto follower = waiting.lock()) follower->go_on();
  };
  for (;;) {
    // Asked first: what is printed after that is announced.
    const bool printing = log_.on_more(pages.work(), pages.run(), go_on);
    if (Exchange::Page page = pages.next(true); pages.has_news()) return page;
    if (printing) return std::nullopt;
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
