#include "daemon/methods/waits.h"

#include <algorithm>

#include "core/check.h"
#include "core/messages.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostAwaited = 1000;
constexpr std::size_t kMostNames = std::size_t{128} << 10;  // Their total size in bytes.

Result<Awaited> awaited_from_json(const json::object& object) {
  Awaited work;
  const auto read = JsonReader(object)
                        .read("uniqueName", work.unique_name)
                        .read("key", work.key)
                        .read("run", work.run)
                        .finish("an entry of awaited");
  return read ? Result<Awaited>(std::move(work)) : std::unexpected(read.error());
}

// The jobs that a call of Wait names, by their names or as an earlier answer gave them.
struct Asked {
  std::vector<std::string> names;
  std::vector<Awaited> awaited;
  std::optional<WorkState> state;
  bool any = false;
};

Result<> check_asked(const Asked& asked, bool more) {
  const std::size_t count = asked.names.size() + asked.awaited.size();
  if (count == 0) return fail(ErrorCode::invalid, "nothing to wait for: name a job");
  if (count > 1 && !more) {
    return fail(ErrorCode::invalid, "a wait for several jobs needs `more`");
  }
  std::size_t bytes = 0;
  for (const std::string& name : asked.names) bytes += name.size();
  for (const Awaited& one : asked.awaited) bytes += one.unique_name.size();
  if (count <= kMostAwaited && bytes <= kMostNames) return {};
  return fail(ErrorCode::invalid, "one call waits for at most " + std::to_string(kMostAwaited) +
                                      " jobs, whose names have at most " +
                                      std::to_string(kMostNames) + " bytes in total");
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
  // They replace the names.
  if (!asked.awaited.empty()) asked.names.clear();
  if (const auto good = check_asked(asked, more); !good) {
    return exchange.error(good.error()), std::nullopt;
  }
  return asked;
}

// The run begins again, so this is not its end.
bool is_interruption(const RunResult& result) { return result.outcome == RunOutcome::interrupted; }

}  // namespace

void Waits::wait(const ExchangePtr& exchange) {
  auto asked = read_asked(*exchange);
  if (!asked) return;
  pending_.ask(exchange, [this, exchange, asked = std::move(*asked)](TimePoint now) {
    const auto call = std::make_shared<WaitCall>(exchange, asked.state, asked.any);
    for (const std::string& name : asked.names) {
      const auto id = store_.find(exchange->peer().uid, name);
      if (!id) return no_such_work(*exchange, store_, name);
      const Work* work = manager_.scheduler().find(*id);
      const int run = !work ? 0 : work->state == WorkState::running ? work->runs : work->runs + 1;
      call->wait_for({name, *id, run});
    }
    for (const Awaited& one : asked.awaited) {
      const auto info = store_.info(one.key);
      const bool same = info && info->work.owner == exchange->peer().uid &&
                        info->request.unique_name == one.unique_name;
      if (same) call->wait_for(one);
      if (!same && !exchange->call().more) return no_such_work(*exchange, store_, one.unique_name);
      if (!same) call->forget(one.unique_name);
    }
    begin(exchange, call, now);
  });
}

void Waits::begin(const ExchangePtr& exchange, const CallPtr& call, TimePoint now) {
  const auto awaited = call->awaited();
  for (const auto& [key, work] : awaited) {
    if (manager_.progress_of(key)) call->has_progressed(key);
    if (auto shown = end_on_record(*call, work, now)) {
      call->end(key, std::move(*shown), weight_of(store_.recorded(key).request), now);
    }
  }
  if (exchange->call().more) {
    exchange->stream([call, sources = sources()] { return call->next_page(sources); });
  } else {
    call->keep_place();
    go_on(*call);
  }
  if (call->over()) return;
  calls_.push_back(call);
  for (const auto& [key, work] : call->awaited()) waiters_.emplace(key, call);
}

WaitCall::Sources Waits::sources() const {
  return {[this](WorkId id, TimePoint now) {
            const auto info = store_.info(id);
            return info ? std::optional(views_.show(*info, now)) : std::nullopt;
          },
          [this](WorkId id) {
            const RunProgress* progress = manager_.progress_of(id);
            return progress ? std::optional(to_json(*progress)) : std::nullopt;
          }};
}

// A caller who did not ask for more gets only the end.
void Waits::go_on(WaitCall& call) const {
  const auto exchange = call.exchange();
  if (!exchange) return;
  if (exchange->call().more) return exchange->go_on();
  if (!call.over()) return;
  exchange->reply(
      checked(call.next_page(sources()), "a wait that is over has an answer").parameters);
}

// The present form of a job that ended, or reached that state, before this call. For a periodic
// job, that run.
std::optional<json::object> Waits::end_on_record(const WaitCall& call, const Awaited& awaited,
                                                 TimePoint now) const {
  const Work* work = manager_.scheduler().find(awaited.key);
  if (const auto state = call.state()) {
    if (work && work->state != *state) return std::nullopt;
    return views_.show(store_.recorded(awaited.key), now);
  }
  if (work && work->runs < awaited.run) return std::nullopt;
  const WorkInfo info = store_.recorded(awaited.key);
  if (info.request.kind == WorkKind::periodic && awaited.run > 0) {
    const uid_t owner = info.work.owner;
    const std::string& name = info.request.unique_name;
    for (auto run = store_.next_run(owner, name, awaited.run - 1); run && run->result;
         run = store_.next_run(owner, name, run->run)) {
      if (run->work != awaited.key || is_interruption(*run->result)) continue;
      json::object shown = views_.show(info, now);
      shown["lastResult"] = to_json(*run->result);
      shown["lastFinishedAt"] = format_time(run->finished_at.value_or(now));
      if (!work) shown["state"] = word(WorkState::enqueued);  // It ended after that run.
      return shown;
    }
  }
  return work ? std::nullopt : std::optional(views_.show(info, now));
}

void Waits::has_progressed(WorkId id) {
  const auto [first, last] = waiters_.equal_range(id);
  for (auto entry = first; entry != last; ++entry) {
    WaitCall& call = *entry->second;
    const auto exchange = call.exchange();
    if (!exchange || !exchange->call().more) continue;
    call.has_progressed(id);
    exchange->go_on();
  }
}

void Waits::tell(const TurnReport& report, TimePoint now) {
  drop_over();
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
          call.end(work.id, views_.show(info, now), weight_of(info.request), now);
          go_on(call);
        });
      }
      waiter = waiters_.erase(waiter);
    }
  }
}

// Drops calls whose client is gone or has its answer.
void Waits::drop_over() {
  std::erase_if(calls_, [&](const CallPtr& call) {
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
