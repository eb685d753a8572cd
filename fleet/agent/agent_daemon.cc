// The agent's side towards the node's own wmd.
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "fleet/agent/agent.h"
#include "fleet/agent/boot_clock.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// A job of the daemon may have been started a little before the event says so.
constexpr Duration kMargin = 1s;

// The user for whom root acts; nothing: the agent's own.
Result<std::optional<uid_t>> owner_of(const AgentSettings& settings) {
  if (settings.run_as.empty()) return std::nullopt;
  const passwd* const user = ::getpwnam(settings.run_as.c_str());
  if (!user) return invalid("run_as: there is no user '" + settings.run_as + "'");
  if (user->pw_uid == ::geteuid()) return std::nullopt;
  return user->pw_uid;
}

}  // namespace

void Agent::lose_daemon(const std::string& why) {
  if (status_.daemon_problem != why) {
    spdlog::warn("wmd: {}", why);
    status_.since = format_time(cli::now());
  }
  status_.daemon = "unreachable";
  status_.daemon_problem = why;
  if (events_) events_->close();
  if (conditions_) conditions_->close();
  daemon_.reset();
  recovered_ = false;
  daemon_retry_.begin(since_boot(), random_);
}

asio::awaitable<bool> Agent::meet_daemon() {
  if (daemon_ && (!daemon_->alive() || !events_->alive() || !conditions_->alive())) {
    lose_daemon("the connection is gone");
  }
  if (daemon_) co_return true;
  // The followers of the last connections must have ended before they get new ones.
  if (since_boot() < daemon_retry_.end() || following_ > 0) co_return false;
  const auto owner = owner_of(settings_);
  if (!owner) {
    lose_daemon(owner.error().message);
    co_return false;
  }
  const std::string socket = socket_of(settings_);
  std::array<std::unique_ptr<NodeDaemon>, 3> met;
  for (auto& one : met) {
    auto connected = co_await NodeDaemon::connect(socket, *owner);
    if (!connected) {
      lose_daemon(connected.error().message);
      co_return false;
    }
    one = std::move(*connected);
  }
  json::object nothing;
  const auto status = co_await met[0]->call("Status", std::move(nothing));
  if (!status) {
    lose_daemon(status.error().message);
    co_return false;
  }
  daemon_ = std::move(met[0]);
  events_ = std::move(met[1]);
  conditions_ = std::move(met[2]);
  slots_ =
      settings_.slots > 0 ? settings_.slots : static_cast<int>(number_of(*status, "maxParallel"));
  asio::co_spawn(loop_, follow_events(), asio::detached);
  asio::co_spawn(loop_, follow_conditions(), asio::detached);
  if (!co_await recover()) co_return false;
  daemon_retry_.succeeded();
  status_.daemon = "connected";
  status_.daemon_problem.clear();
  status_.since = format_time(cli::now());
  conditions_changed_ = true;
  co_return true;
}

// Learns what there is in the daemon: an agent that was killed goes on here.
asio::awaitable<bool> Agent::recover() {
  json::object asked{{"tags", json::array{kFleetTag}}, {"finished", true}};
  // The list may be older than events that come before it.
  early_events_.emplace();
  const auto works = co_await daemon_->collect("List", std::move(asked), "works");
  const json::array early = *std::exchange(early_events_, std::nullopt);
  if (!works) {
    lose_daemon(works.error().message);
    co_return false;
  }
  std::set<std::string> names;
  held_.forget_former();
  for (const json::value& value : *works) {
    const json::object& work = value.as_object();
    const auto origin = origin_of(work);
    if (!origin) continue;
    const std::string name = *fleet_name(text_of(work, "uniqueName"));
    const std::string state = text_of(work, "state");
    names.insert(name);
    if (!origin->piece) {
      each_[name] = {origin->generation, state, "", false};
      continue;
    }
    const std::string id = text_of(work, "id");
    origins_.add(name, id, *origin);
    held_.recover(name, *origin, state, id, since_boot());
  }
  // What the daemon has lost, it cannot run.
  held_.keep_only(names);
  for (const json::value& event : early) take_event(event.as_object());
  if (database_) co_return co_await recover_runs();
  co_return true;
}

// Finds the runs that are not reported yet.
asio::awaitable<bool> Agent::recover_runs() {
  json::object asked;
  if (cursor_) asked["since"] = format_time(*cursor_ - kMargin);
  const auto runs = co_await daemon_->collect("History", std::move(asked), "runs");
  if (!runs) {
    lose_daemon(runs.error().message);
    co_return false;
  }
  for (const json::value& value : *runs) {
    const json::object& run = value.as_object();
    const auto name = fleet_name(text_of(run, "uniqueName"));
    const auto started = time_of(run, "startedAt");
    if (!name || !started) continue;
    if (text_of(run, "outcome").empty()) {
      runs_[*name] = *started;
    } else {
      const auto entry = dirty_.try_emplace(*name, *started).first;
      entry->second = std::min(entry->second, *started);
    }
  }
  recovered_ = true;
  co_return true;
}

asio::awaitable<void> Agent::follow_events() {
  ++following_;
  json::object nothing;
  bool first = true;
  static_cast<void>(
      co_await events_->stream("Watch", std::move(nothing), [&](const json::object& answer) {
        if (number_of(answer, "missed") > 0) return false;  // Begin anew.
        for (const json::value& event : array_of(answer, "events")) take_event(event.as_object());
        if (!std::exchange(first, false) && !array_of(answer, "events").empty()) wake();
        return true;
      }));
  events_->close();
  --following_;
  wake();
}

void Agent::take_event(const json::object& event) {
  if (early_events_) return early_events_->push_back(event);
  const auto name = fleet_name(text_of(event, "uniqueName"));
  const auto time = time_of(event, "time");
  if (!name || !time) return;
  const std::string state = text_of(event, "state");
  const bool ended = event.contains("outcome");
  if (text_of(event, "event") == "started") runs_[*name] = *time - kMargin;
  if (ended) {
    const auto run = runs_.find(*name);
    const Duration took{number_of(event, "durationMs")};
    const TimePoint began = run == runs_.end() ? *time - took - kMargin : run->second;
    const auto entry = dirty_.try_emplace(*name, began).first;
    entry->second = std::min(entry->second, began);
    if (run != runs_.end()) runs_.erase(run);
  }
  if (held_.is_former(*name, text_of(event, "id"))) return;
  if (HeldClaim* const held = held_.find(*name)) {
    held->set_state(state, since_boot());
  } else if (const auto each = each_.find(*name); each != each_.end()) {
    each->second.state = state;
    each->second.waits.clear();
    each->second.told = false;
    each_changed_ = true;
  }
}

asio::awaitable<void> Agent::follow_conditions() {
  ++following_;
  std::int64_t version = 0;
  while (conditions_->alive()) {
    json::object asked{{"after", version}};
    const auto answer = co_await conditions_->call("Conditions", std::move(asked));
    if (!answer) break;
    version = number_of(*answer, "version");
    json::object values;
    for (const json::value& value : array_of(*answer, "conditions")) {
      const json::object& one = value.as_object();
      if (const std::string known = text_of(one, "value"); !known.empty()) {
        values[text_of(one, "name")] = known;
      }
    }
    if (values == values_ && !conditions_changed_) continue;
    values_ = std::move(values);
    conditions_changed_ = true;
    wake();
  }
  conditions_->close();
  --following_;
  wake();
}

asio::awaitable<bool> Agent::holds(json::object constraints, std::string time_zone) {
  if (!daemon_) co_return false;
  json::object asked{{"constraints", std::move(constraints)}};
  if (!time_zone.empty()) asked["timeZone"] = time_zone;
  const auto answer = co_await daemon_->call("Check", std::move(asked));
  if (!answer) {
    if (answer.error().code == ErrorCode::unreachable) lose_daemon(answer.error().message);
    co_return false;
  }
  const json::value* const held = answer->if_contains("holds");
  co_return held && held->is_bool() && held->get_bool();
}

// The daemon says which constraints hold: it knows what an unknown condition means here.
asio::awaitable<void> Agent::look_at_conditions() {
  if (!std::exchange(conditions_changed_, false) || !daemon_) co_return;
  Needs now = 0;
  for (std::size_t i = 0; i < simple_constraints().size(); ++i) {
    WorkRequest probe;
    probe.constraints = simple_constraints()[i];
    const json::object asked = to_json(probe);
    if (co_await holds(object_of(asked, "constraints"), "")) now |= Needs{1} << i;
  }
  std::vector<std::string> custom;
  for (const std::string& name : wanted_custom_) {
    json::object asked{{"custom", json::array{name}}};
    if (co_await holds(std::move(asked), "")) custom.push_back(name);
  }
  if (now == holds_ && custom == custom_) co_return;
  holds_ = now;
  custom_ = std::move(custom);
  each_changed_ = true;
  ask_at_ = Duration::zero();
}

}  // namespace wm::fleet
