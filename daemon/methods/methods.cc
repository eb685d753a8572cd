#include "daemon/methods/methods.h"

#include <algorithm>
#include <array>

#include "daemon/wire/interface.h"

namespace wm {
namespace {

// A question may wait for long, and is kept meanwhile.
constexpr std::size_t kLargestQuestion = std::size_t{32} << 10;
constexpr std::size_t kLargestWait = std::size_t{256} << 10;  // It names many jobs.

std::size_t largest(std::string_view method) {
  return method == "Wait" ? kLargestWait : kLargestQuestion;
}

bool is_large(const varlink::Call& call, std::size_t most) {
  return call.size > most && boost::json::serialize(call.parameters).size() > most;
}

bool may_be_large(std::string_view method) {
  constexpr std::array<std::string_view, 7> kChanges{
      "Register", "Update", "Apply", "Cancel", "Retry", "SetProgress", "SetOutput"};
  return std::ranges::count(kChanges, method) > 0;
}

}  // namespace

Methods::Methods(MethodsContext context)
    : views_(context.manager, context.store, context.sensors, context.paths),
      inspector_(context.settings, context.paths, std::move(context.look_at_programs)),
      room_for_parts_(context.settings, std::move(context.room_to_keep)),
      registrations_(context.manager, context.store, context.settings, views_, inspector_,
                     room_for_parts_, pending_changes_, pending_questions_),
      changes_(context.manager, context.store, context.settings, views_, inspector_,
               room_for_parts_, pending_changes_),
      past_questions_(context.manager, context.store, context.settings, pending_questions_),
      questions_(context.manager, context.store, views_, past_questions_, pending_questions_),
      sensor_questions_(context.manager, context.sensors, context.settings, pending_questions_),
      daemon_methods_(context.manager, context.settings, std::move(context.identity),
                      std::move(context.operations), inspector_, sensor_questions_,
                      pending_questions_),
      waits_(context.manager, context.store, views_, pending_questions_),
      watchers_(context.manager, context.store, pending_questions_),
      logs_(context.store, context.log, pending_questions_),
      run_side_(context.manager, context.store, context.settings, waits_, watchers_,
                pending_questions_),
      handlers_(handlers()) {}

Methods::Handlers Methods::handlers() {
  const auto to = [](auto& object, auto method) {
    return [&object, method](const ExchangePtr& exchange) { (object.*method)(exchange); };
  };
  return {
      {"Register", [this](const ExchangePtr& call) { registrations_.register_works({call}); }},
      {"Apply", to(registrations_, &Registrations::apply)},
      {"Update", to(changes_, &Changes::update)},
      {"Cancel", to(changes_, &Changes::cancel)},
      {"Retry", to(changes_, &Changes::retry)},
      {"Run", to(changes_, &Changes::run)},
      {"Pause", to(changes_, &Changes::pause)},
      {"Resume", to(changes_, &Changes::resume)},
      {"Prune", to(changes_, &Changes::prune)},
      {"List", to(questions_, &Questions::list)},
      {"Show", to(questions_, &Questions::show)},
      {"Why", to(questions_, &Questions::why)},
      {"History", to(questions_, &Questions::history)},
      {"Forecast", to(questions_, &Questions::forecast_runs)},
      {"Conditions", to(sensor_questions_, &SensorQuestions::conditions)},
      {"ConditionChanges", to(past_questions_, &PastQuestions::condition_changes)},
      {"Check", to(sensor_questions_, &SensorQuestions::check)},
      {"OverrideConditions", to(sensor_questions_, &SensorQuestions::override_conditions)},
      {"ClearOverrides", to(sensor_questions_, &SensorQuestions::clear_overrides)},
      {"Status", to(daemon_methods_, &DaemonMethods::status)},
      {"Diagnose", to(daemon_methods_, &DaemonMethods::diagnose)},
      {"Metrics", to(daemon_methods_, &DaemonMethods::metrics)},
      {"Tasks", to(daemon_methods_, &DaemonMethods::tasks)},
      {"Reexec", to(daemon_methods_, &DaemonMethods::reexec)},
      {"Wait", to(waits_, &Waits::wait)},
      {"Watch", to(watchers_, &Watchers::watch)},
      {"Logs", to(logs_, &Logs::read)},
      {"SetProgress", to(run_side_, &RunSide::set_progress)},
      {"SetOutput", to(run_side_, &RunSide::set_output)},
      {"SayAlive", to(run_side_, &RunSide::say_alive)},
      {"KeepAlive", to(run_side_, &RunSide::keep_alive)},
  };
}

void Methods::take(const ExchangePtr& exchange) {
  const std::string_view method = exchange->call().method;
  const std::size_t dot = method.rfind('.');
  const std::string_view interface = method.substr(0, dot);
  if (dot == std::string_view::npos || interface != varlink::kInterfaceName) {
    exchange->error("org.varlink.service.InterfaceNotFound", {{"interface", interface}});
    return;
  }
  const auto handler = handlers_.find(method.substr(dot + 1));
  if (handler == handlers_.end()) {
    exchange->error("org.varlink.service.MethodNotFound", {{"method", method}});
    return;
  }
  const std::size_t most = largest(handler->first);
  if (!may_be_large(handler->first) && is_large(exchange->call(), most)) {
    exchange->error(Error{ErrorCode::invalid, "the call is too large: the parameters of " +
                                                  std::string(method) + " may have at most " +
                                                  std::to_string(most) + " bytes"});
    return;
  }
  answer_alone(*exchange, [&] { handler->second(exchange); });
}

void Methods::take(const std::vector<ExchangePtr>& calls) {
  if (calls.size() == 1) return take(calls.front());
  registrations_.register_works(calls);
}

// The programs and paths of such calls are looked at together, or in their order.
bool Methods::may_be_together(const varlink::Call& call) {
  if (call.more || call.method != std::string(varlink::kInterfaceName) + ".Register") return false;
  const boost::json::value* const work = call.parameters.if_contains("work");
  return work && work->is_object() && !work->get_object().contains("onPath");
}

void Methods::answer_questions(TimePoint now) {
  pending_questions_.answer(now);
  sensor_questions_.answer(now);
}

void Methods::tell(const TurnReport& report, TimePoint now) {
  logs_.tell(report);
  waits_.tell(report, now);
  watchers_.tell(report, now);
}

}  // namespace wm
