#include "daemon/methods/daemon_methods.h"

#include <date/tz.h>
#include <unistd.h>

#include "core/messages.h"
#include "core/version.h"

namespace wm {

namespace json = boost::json;

void DaemonMethods::status(const ExchangePtr& exchange) {
  if (!read_no_parameters(*exchange)) return;
  pending_.ask(exchange, [this, exchange](TimePoint now) {
    const Scheduler& scheduler = manager_.scheduler();
    const date::time_zone* zone = scheduler.rules().zone;
    json::object status{{"version", kVersion},
                        {"pid", ::getpid()},
                        {"startedAt", format_time(identity_.started_at)},
                        {"uptimeMs", (now - identity_.started_at).count()},
                        {"socket", identity_.socket},
                        {"stateDirectory", identity_.state_directory},
                        {"unfinished", scheduler.unfinished_count()},
                        {"running", scheduler.running_count()},
                        {"timeZone", zone ? zone->name() : "UTC"},
                        {"maxParallel", scheduler.rules().max_parallel},
                        {"maxParallelTotal", scheduler.rules().max_parallel_total},
                        {"connections", operations_.connection_count()}};
    if (const auto owner = visible_to(exchange->peer())) {
      status["ownUnfinished"] = scheduler.unfinished_count(*owner);
      status["ownRunning"] = scheduler.agenda().running_of(*owner);
    }
    if (const auto next = manager_.next_wakeup()) status["nextWakeupAt"] = format_time(*next);
    if (!scheduler.pauses().empty()) status["paused"] = to_json(scheduler.pauses());
    exchange->reply(std::move(status));
  });
}

// Waits until every condition has been measured, including those that no job names.
void DaemonMethods::diagnose(const ExchangePtr& exchange) {
  if (!read_no_parameters(*exchange)) return;
  Constraints all = all_constraints({});
  for (const auto& [name, condition] : settings_.conditions) all.custom.push_back(name);
  auto commands = std::make_shared<std::vector<DeclaredCommand>>(declared_commands(settings_));
  std::vector<UsersCommand> list;
  for (const DeclaredCommand& one : *commands) list.push_back({one.words, ::geteuid()});
  inspector_.see_programs(
      exchange, std::move(list), [=, this](const std::vector<Result<>>& results) {
        for (std::size_t i = 0; i < results.size(); ++i) (*commands)[i].executable = results[i];
        sensor_questions_.ask(exchange, all, [this, exchange, commands](TimePoint) {
          const auto findings = operations_.diagnose(*commands, exchange->peer().uid);
          exchange->reply({{"findings", to_json(findings)}});
        });
      });
}

void DaemonMethods::metrics(const ExchangePtr& exchange) {
  if (!may_rule(*exchange, "read the metrics, which count everybody's jobs") ||
      !read_no_parameters(*exchange)) {
    return;
  }
  pending_.ask(exchange,
               [this, exchange](TimePoint) { exchange->reply({{"text", operations_.metrics()}}); });
}

void DaemonMethods::tasks(const ExchangePtr& exchange) {
  if (!read_no_parameters(*exchange)) return;
  json::array list;
  for (const auto& [name, task] : settings_.tasks) {
    list.push_back({{"name", name},
                    {"command", json::value_from(task.command)},
                    {"dispatcher", task.dispatcher}});
  }
  exchange->reply({{"tasks", std::move(list)}});
}

void DaemonMethods::reexec(const ExchangePtr& exchange) {
  if (!may_rule(*exchange, "replace the daemon's program") || !read_no_parameters(*exchange)) {
    return;
  }
  if (!exchange->handed_over()) return operations_.reexec(exchange);
  exchange->reply({{"version", kVersion}, {"pid", ::getpid()}});
}

}  // namespace wm
