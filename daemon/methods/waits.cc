#include "daemon/methods/waits.h"

#include <algorithm>

#include "core/check.h"
#include "core/messages.h"
#include "daemon/methods/calls.h"
#include "daemon/methods/methods.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostKept = std::size_t{1} << 20;  // Bytes of ends that nobody has read.
constexpr std::size_t kMostAwaited = 1000;
constexpr std::size_t kMostNames = std::size_t{128} << 10;  // Their bytes.

Result<Awaited> awaited_from_json(const json::object& object) {
  Awaited work;
  const auto read = JsonReader(object)
                        .read("uniqueName", work.unique_name)
                        .read("key", work.key)
                        .read("run", work.run)
                        .finish("what is waited for");
  return read ? Result<Awaited>(std::move(work)) : std::unexpected(read.error());
}

// The works that a call of Wait names, by their names or by what an earlier answer said.
struct Asked {
  std::vector<std::string> names;
  std::vector<Awaited> awaited;
  std::optional<WorkState> state;
  bool any = false;
};

Result<> check_asked(const Asked& asked, bool more) {
  const std::size_t count = asked.names.size() + asked.awaited.size();
  if (count == 0) return fail(ErrorCode::invalid, "nothing to wait for: name a work");
  if (count > 1 && !more) {
    return fail(ErrorCode::invalid, "several works are waited for only with more");
  }
  std::size_t bytes = 0;
  for (const std::string& name : asked.names) bytes += name.size();
  for (const Awaited& one : asked.awaited) bytes += one.unique_name.size();
  if (count <= kMostAwaited && bytes <= kMostNames) return {};
  return fail(ErrorCode::invalid, "one call waits for at most " + std::to_string(kMostAwaited) +
                                      " works, whose names have " + std::to_string(kMostNames) +
                                      " bytes together");
}

std::optional<Asked> read_asked(Exchange& exchange) {
  Asked asked;
  std::optional<std::string> name;
  json::array awaited;
  const bool more = exchange.call().more;
  if (!read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name)
            .read("uniqueNames", asked.names)
            .read("state", asked.state)
            .read("any", asked.any)
            .read("awaited", awaited);
      })) {
    return std::nullopt;
  }
  if (name) asked.names.push_back(std::move(*name));
  for (const json::value& one : awaited) {
    auto work = awaited_from_json(one.as_object());
    if (!work) return exchange.error(work.error()), std::nullopt;
    asked.awaited.push_back(std::move(*work));
  }
  // They say all that the names do.
  if (!asked.awaited.empty()) asked.names.clear();
  if (const auto good = check_asked(asked, more); !good) {
    return exchange.error(good.error()), std::nullopt;
  }
  return asked;
}

// The run begins again: that is no end of it.
bool is_interruption(const RunResult& result) { return result.outcome == RunOutcome::interrupted; }

}  // namespace

void WaitCall::end(WorkId key, json::object work, std::size_t weight, TimePoint now) {
  const auto found = awaited_.find(key);
  if (found == awaited_.end() || over()) return;
  End end{key, std::move(found->second.unique_name), std::move(work), weight, now};
  if (!ends_.empty() && weight_ + weight > kMostKept) {
    end.work.reset();
    end.weight = 0;
  }
  weight_ += end.weight;
  ends_.push_back(std::move(end));
  awaited_.erase(found);
  progressed_.erase(key);
  ended_ = moved_ = true;
}

void WaitCall::forget(const std::string& unique_name) {
  ends_.push_back({0, unique_name, {}, 0, {}});
}

json::array WaitCall::awaited_json() const {
  json::array list;
  for (const auto& [key, work] : awaited_) {
    list.push_back({{"uniqueName", work.unique_name}, {"key", key}, {"run", work.run}});
  }
  return list;
}

void WaitCall::keep_place() {
  const auto exchange = exchange_.lock();
  if (exchange && std::exchange(moved_, false)) {
    exchange->set_parameter("awaited", awaited_json());
  }
}

json::object WaitCall::page_of(End end, const Sources& sources) const {
  if (!end.work) end.work = sources.work(end.key, end.time);
  if (!end.work) return {{"forgotten", end.unique_name}};
  return {{"work", std::move(*end.work)}};
}

std::optional<Exchange::Page> WaitCall::next_page(const Sources& sources) {
  if (!std::exchange(begun_, true) && !over()) {
    return Exchange::Page{{{"awaited", awaited_json()}}, true};
  }
  if (!ends_.empty()) {
    End end = std::move(ends_.front());
    ends_.pop_front();
    weight_ -= end.weight;
    return Exchange::Page{page_of(std::move(end), sources), !over() || !ends_.empty()};
  }
  while (!progressed_.empty()) {
    const WorkId key = progressed_.extract(progressed_.begin()).value();
    const auto progress = sources.progress(key);
    if (!progress || !awaited_.contains(key)) continue;
    return Exchange::Page{{{"uniqueName", awaited_.at(key).unique_name}, {"progress", *progress}},
                          true};
  }
  keep_place();
  return std::nullopt;
}

void Methods::wait(const ExchangePtr& exchange) {
  auto asked = read_asked(*exchange);
  if (!asked) return;
  ask(exchange, [this, exchange, asked = std::move(*asked)](TimePoint now) {
    const auto call = std::make_shared<WaitCall>(exchange, asked.state, asked.any);
    for (const std::string& name : asked.names) {
      const auto id = store_.find(exchange->peer().uid, name);
      if (!id) return no_such_work(*exchange, name);
      const Work* work = manager_.scheduler().find(*id);
      const int run = !work ? 0 : work->state == WorkState::running ? work->runs : work->runs + 1;
      call->wait_for({name, *id, run});
    }
    for (const Awaited& one : asked.awaited) {
      const auto info = store_.info(one.key);
      const bool same = info && info->work.owner == exchange->peer().uid &&
                        info->request.unique_name == one.unique_name;
      if (same) call->wait_for(one);
      if (!same && !exchange->call().more) return no_such_work(*exchange, one.unique_name);
      if (!same) call->forget(one.unique_name);
    }
    begin_wait(exchange, call, now);
  });
}

void Methods::begin_wait(const ExchangePtr& exchange, const WaitCallPtr& call, TimePoint now) {
  const auto awaited = call->awaited();
  for (const auto& [key, work] : awaited) {
    if (manager_.progress_of(key)) call->has_progressed(key);
    if (auto shown = end_on_record(*call, work, now)) {
      call->end(key, std::move(*shown), weight_of(store_.recorded(key).request), now);
    }
  }
  if (exchange->call().more) {
    exchange->stream([call, sources = wait_sources()] { return call->next_page(sources); });
  } else {
    call->keep_place();
    go_on(*call);
  }
  if (call->over()) return;
  wait_calls_.push_back(call);
  for (const auto& [key, work] : call->awaited()) waiters_.emplace(key, call);
}

WaitCall::Sources Methods::wait_sources() const {
  return {[this](WorkId id, TimePoint now) {
            const auto info = store_.info(id);
            return info ? std::optional(show_work(*info, now)) : std::nullopt;
          },
          [this](WorkId id) {
            const RunProgress* progress = manager_.progress_of(id);
            return progress ? std::optional(to_json(*progress)) : std::nullopt;
          }};
}

// One that did not ask for more hears of the end alone.
void Methods::go_on(WaitCall& call) const {
  const auto exchange = call.exchange();
  if (!exchange) return;
  if (exchange->call().more) return exchange->go_on();
  if (!call.over()) return;
  exchange->reply(
      checked(call.next_page(wait_sources()), "a wait that is over has an answer").parameters);
}

// Work that ended, or came to that state, before this call: as it is shown now. Of periodic work,
// that run.
std::optional<json::object> Methods::end_on_record(const WaitCall& call, const Awaited& awaited,
                                                   TimePoint now) const {
  const Work* work = manager_.scheduler().find(awaited.key);
  if (const auto state = call.state()) {
    if (work && work->state != *state) return std::nullopt;
    return show_work(store_.recorded(awaited.key), now);
  }
  if (work && work->runs < awaited.run) return std::nullopt;
  const WorkInfo info = store_.recorded(awaited.key);
  if (info.request.kind == WorkKind::periodic && awaited.run > 0) {
    const uid_t owner = info.work.owner;
    const std::string& name = info.request.unique_name;
    for (auto run = store_.next_run(owner, name, awaited.run - 1); run && run->result;
         run = store_.next_run(owner, name, run->run)) {
      if (run->work != awaited.key || is_interruption(*run->result)) continue;
      json::object shown = show_work(info, now);
      shown["lastResult"] = to_json(*run->result);
      shown["lastFinishedAt"] = format_time(run->finished_at.value_or(now));
      if (!work) shown["state"] = word(WorkState::enqueued);  // It ended after that run.
      return shown;
    }
  }
  return work ? std::nullopt : std::optional(show_work(info, now));
}

void Methods::notify_waiters(const TurnReport& report, TimePoint now) {
  drop_waits();
  if (waiters_.empty()) return;
  for (const Work& work : report.changed) {
    const auto [first, last] = waiters_.equal_range(work.id);
    if (first == last) continue;
    const auto run = std::ranges::find(report.ended, work.id, &EndedRun::work);
    const bool run_ended = work.policy.get().kind == WorkKind::periodic &&
                           run != report.ended.end() && !is_interruption(run->result);
    const auto has_ended = [&](const WaitCall& call) {
      if (is_finished(work.state) || !call.awaited().contains(work.id)) return true;
      if (call.state()) return *call.state() == work.state;
      return run_ended && run->run >= call.awaited().at(work.id).run;
    };
    for (auto waiter = first; waiter != last;) {
      WaitCall& call = *waiter->second;
      if (!has_ended(call)) {
        ++waiter;
        continue;
      }
      if (const auto exchange = call.exchange()) {
        answer_alone(*exchange, [&] {
          const WorkInfo info = store_.recorded(work.id);
          call.end(work.id, show_work(info, now), weight_of(info.request), now);
          go_on(call);
        });
      }
      waiter = waiters_.erase(waiter);
    }
  }
}

// Those whose client is gone, or has its answer.
void Methods::drop_waits() {
  std::erase_if(wait_calls_, [&](const WaitCallPtr& call) {
    const auto exchange = call->exchange();
    if (exchange && !exchange->abandoned() && !call->over()) return false;
    for (const auto& [key, work] : call->awaited()) {
      const auto [first, last] = waiters_.equal_range(key);
      const auto place =
          std::find_if(first, last, [&](const auto& one) { return one.second == call; });
      if (place != last) waiters_.erase(place);
    }
    return true;
  });
}

}  // namespace wm
