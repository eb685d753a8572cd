// What the agent says of runs, and of `each` work: from the daemon's own history, so that nothing
// is lost while there is no database, and nothing is kept twice.
#include <algorithm>

#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "cli/render/local_time.h"
#include "core/json_fields.h"
#include "core/messages.h"
#include "fleet/agent/agent.h"
#include "fleet/agent/boot_clock.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::int64_t kLogTail = std::int64_t{64} << 10;
constexpr std::size_t kMostInReport = 200;
constexpr Duration kBetweenLooks = 10s;

// What a job waits for, without what changes by itself.
json::array waits_of(const json::object& work) {
  json::array waits;
  for (const json::value& value : array_of(work, "waitingFor")) {
    json::object& wait = waits.emplace_back(value.as_object()).get_object();
    for (const char* const key : {"detail", "since"}) wait.erase(key);
  }
  return waits;
}

}  // namespace

asio::awaitable<json::array> Agent::log_of(std::string name, json::object run) {
  json::array parts;
  const std::int64_t printed = number_of(run, "logBytes");
  if (printed == 0 || !daemon_) co_return parts;
  json::object asked{{"uniqueName", local_name(name)},
                     {"run", number_of(run, "run")},
                     {"both", true},
                     {"after", std::max<std::int64_t>(printed - kLogTail, 0)}};
  auto read = co_await daemon_->collect("Logs", std::move(asked), "parts");
  if (!read) co_return parts;  // It has made room for others.
  std::int64_t size = 0;
  for (auto part = read->rbegin(); part != read->rend(); ++part) {
    json::object& one = part->as_object();
    size += static_cast<std::int64_t>(text_of(one, "data").size()) * 3 / 4;
    if (size > kLogTail && !parts.empty()) break;
    one.erase("time");
    parts.insert(parts.begin(), std::move(one));
  }
  co_return parts;
}

// Fetches the runs that have ended since the last report.
asio::awaitable<bool> Agent::gather() {
  while (!dirty_.empty() && unreported_runs_.size() < kMostInReport) {
    const auto [name, since] = *dirty_.begin();
    json::object asked{{"uniqueName", local_name(name)}, {"since", format_time(since)}};
    auto runs = co_await daemon_->collect("History", std::move(asked), "runs");
    if (!runs && runs.error().code == ErrorCode::unreachable) {
      lose_daemon(runs.error().message);
      co_return false;
    }
    dirty_.erase(name);
    if (!runs) continue;  // It is forgotten.
    for (auto run = runs->rbegin(); run != runs->rend(); ++run) {
      json::object& record = run->as_object();
      const std::string outcome = text_of(record, "outcome");
      if (outcome.empty()) continue;
      json::object one{{"name", name},
                       {"run", number_of(record, "run")},
                       {"attempt", number_of(record, "attempt")},
                       {"startedAt", text_of(record, "startedAt")},
                       {"finishedAt", text_of(record, "finishedAt")},
                       {"outcome", outcome}};
      // Jobs of one name come one after the other, and each has runs of its own.
      const std::string job = text_of(record, "id");
      if (const Origin* const origin = origins_.find(name, job)) {
        one["piece"] = *origin->piece;
        one["fence"] = origin->fence;
      }
      one["log"] = co_await log_of(name, record);
      const HeldClaim* const held = held_.find(name);
      if (held && !held->unknown && held->id == job) {
        const RunResult result = result_of(held->claim, result_from_json(record));
        for (const auto& [key, part] : to_json(result)) record[key] = part;
        one["outcome"] = word(result.outcome);
        one["attempt"] = attempt_of(held->claim);
        if (result.outcome != RunOutcome::interrupted && ended_.insert(name).second) {
          const auto finished = time_of(record, "finishedAt").value_or(cli::now());
          unreported_ends_.push_back(end_of(held->claim, result, finished));
        }
      }
      one["record"] = std::move(record);
      unreported_runs_.push_back(std::move(one));
    }
  }
  co_return true;
}

// Reports everything since the last time in one statement. It is sent again until it is taken.
asio::awaitable<void> Agent::report() {
  if (!database_ || !daemon_ || !recovered_) co_return;
  if (!co_await gather()) co_return;
  json::array each = unreported_refusals_;
  for (const auto& [name, one] : each_) {
    if (one.told) continue;
    each.push_back({{"name", name},
                    {"generation", one.generation},
                    {"state", one.state},
                    {"missing", one.missing},
                    {"waits", one.waits}});
  }
  if (!unreported_runs_.empty() || !unreported_ends_.empty() || !each.empty()) {
    std::optional<TimePoint> cursor = cursor_;
    for (const json::value& run : unreported_runs_) {
      const auto started = time_of(run.as_object(), "startedAt");
      if (started && (!cursor || *started > *cursor)) cursor = started;
    }
    for (const auto& [name, started] : runs_) cursor = std::min(cursor.value_or(started), started);
    for (const auto& [name, since] : dirty_) cursor = std::min(cursor.value_or(since), since);
    json::object said{{"runs", unreported_runs_}, {"ends", unreported_ends_}, {"each", each}};
    if (cursor) said["cursor"] = format_time(*cursor);
    const auto taken = co_await ask("report", std::move(said));
    if (!taken) co_return;
    cursor_ = cursor;
    unreported_refusals_.clear();
    for (const json::value& value : each) {
      const json::object& told = value.as_object();
      const auto one = each_.find(text_of(told, "name"));
      // It may have changed while this was on its way.
      if (one != each_.end() && one->second.state == text_of(told, "state") &&
          one->second.missing == text_of(told, "missing") &&
          one->second.waits == array_of(told, "waits")) {
        one->second.told = true;
      }
    }
    if (!unreported_runs_.empty()) status_.last_report = format_time(cli::now());
    unreported_runs_.clear();
    unreported_ends_.clear();
    for (const std::string& name : std::exchange(ended_, {})) {
      const HeldClaim* const held = held_.find(name);
      const bool waits = held && held->state == "enqueued";
      held_.drop(name);
      if (waits) co_await cancel(name);
      ask_at_ = Duration::zero();
    }
  }
  co_await drop_what_ended();
  if (!dirty_.empty() || ask_at_ == Duration::zero()) wake();
}

// What `each` work waits for, as the daemon says it.
asio::awaitable<void> Agent::look_at_each() {
  if (!each_changed_ || since_boot() < each_at_ || each_.empty() || !daemon_) co_return;
  each_changed_ = false;
  each_at_ = since_boot() + kBetweenLooks;
  json::object asked{{"tags", json::array{kFleetTag}}};
  const auto works = co_await daemon_->collect("List", std::move(asked), "works");
  if (!works) co_return;
  for (const json::value& value : *works) {
    const json::object& work = value.as_object();
    const auto name = fleet_name(text_of(work, "uniqueName"));
    const auto found = name ? each_.find(*name) : each_.end();
    if (found == each_.end()) continue;
    Each& one = found->second;
    // Its state is what the events say: this answer may be older than they are.
    json::array waits = waits_of(work);
    if (one.state != text_of(work, "state") || one.waits == waits) continue;
    one.waits = std::move(waits);
    one.told = false;
  }
}

}  // namespace wm::fleet
