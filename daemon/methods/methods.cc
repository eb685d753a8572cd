#include "daemon/methods/methods.h"

#include <algorithm>
#include <array>

#include "core/messages.h"
#include "daemon/methods/calls.h"
#include "daemon/wire/interface.h"

namespace wm {
namespace {

// A question may wait for long, with all that was said in it.
constexpr std::size_t kLargestQuestion = std::size_t{32} << 10;
constexpr std::size_t kLargestWait = std::size_t{256} << 10;  // It names many works.

std::size_t largest(std::string_view method) {
  return method == "Wait" ? kLargestWait : kLargestQuestion;
}

bool is_large(const varlink::Call& call, std::size_t most) {
  return call.size > most && boost::json::serialize(call.parameters).size() > most;
}

bool may_be_large(std::string_view method) {
  constexpr std::array<std::string_view, 6> kChanges{"Register", "Update",      "Apply",
                                                     "Cancel",   "SetProgress", "SetOutput"};
  return std::ranges::count(kChanges, method) > 0;
}

}  // namespace

Methods::Methods(WorkManager& manager, Store& store, Sensors& sensors, PathWatches& paths,
                 RunLog& log, const Settings& settings, DaemonIdentity identity)
    : manager_(manager),
      store_(store),
      sensors_(sensors),
      paths_(paths),
      log_(log),
      settings_(settings),
      identity_(std::move(identity)) {}

const std::unordered_map<std::string_view, Methods::Handler>& Methods::handlers() {
  static const std::unordered_map<std::string_view, Handler> kHandlers{
      {"Register", &Methods::register_work},
      {"Cancel", &Methods::cancel},
      {"List", &Methods::list},
      {"Show", &Methods::show},
      {"Wait", &Methods::wait},
      {"Watch", &Methods::watch},
      {"History", &Methods::history},
      {"Logs", &Methods::logs},
      {"Conditions", &Methods::conditions},
      {"Check", &Methods::check},
      {"OverrideConditions", &Methods::override_conditions},
      {"ClearOverrides", &Methods::clear_overrides},
      {"Status", &Methods::status},
      {"Diagnose", &Methods::diagnose},
      {"Metrics", &Methods::metrics},
      {"Tasks", &Methods::tasks},
      {"Reexec", &Methods::reexec},
      {"Why", &Methods::why},
      {"Forecast", &Methods::forecast_runs},
      {"Update", &Methods::update},
      {"Apply", &Methods::apply},
      {"Retry", &Methods::retry},
      {"Run", &Methods::run},
      {"Pause", &Methods::pause},
      {"Resume", &Methods::resume},
      {"Prune", &Methods::prune},
      {"SetProgress", &Methods::set_progress},
      {"SetOutput", &Methods::set_output},
  };
  return kHandlers;
}

void Methods::take(const ExchangePtr& exchange) {
  const std::string_view method = exchange->call().method;
  const std::size_t dot = method.rfind('.');
  const std::string_view interface = method.substr(0, dot);
  if (dot == std::string_view::npos || interface != varlink::kInterfaceName) {
    exchange->error("org.varlink.service.InterfaceNotFound", {{"interface", interface}});
    return;
  }
  const auto handler = handlers().find(method.substr(dot + 1));
  if (handler == handlers().end()) {
    exchange->error("org.varlink.service.MethodNotFound", {{"method", method}});
    return;
  }
  const std::size_t most = largest(handler->first);
  if (!may_be_large(handler->first) && is_large(exchange->call(), most)) {
    exchange->error(Error{ErrorCode::invalid, "the call is too large: the parameters of " +
                                                  std::string(method) + " may have " +
                                                  std::to_string(most) + " bytes"});
    return;
  }
  answer_alone(*exchange, [&] { (this->*handler->second)(exchange); });
}

void Methods::take(const std::vector<ExchangePtr>& calls) {
  if (calls.size() == 1) return take(calls.front());
  register_works(calls);
}

// Whatever is looked at for them is seen at once, or in their order.
bool Methods::may_be_together(const varlink::Call& call) {
  if (call.more || call.method != std::string(varlink::kInterfaceName) + ".Register") return false;
  const boost::json::value* const work = call.parameters.if_contains("work");
  return work && work->is_object() && !work->get_object().contains("onPath");
}

void Methods::answer_questions(TimePoint now) {
  for (const auto& [exchange, question] : std::exchange(questions_, {})) {
    answer_alone(*exchange, [&] { question(now); });
  }
  answer_sensor_questions(now);
}

void Methods::tell(const TurnReport& report, TimePoint now) {
  notify_followers(report);
  notify_waiters(report, now);
  notify_watchers(report, now);
}

void Methods::ask(const ExchangePtr& exchange, std::function<void(TimePoint)> question) {
  questions_.emplace_back(exchange, std::move(question));
}

}  // namespace wm
