#include "core/outcome.h"

#include <array>
#include <cstring>

#include "core/text.h"

namespace wm {
namespace {

// sysexits.h: 64 (EX_USAGE) to 78 (EX_CONFIG) say that trying again cannot help, except 75
// (EX_TEMPFAIL).
constexpr int kFirstPermanent = 64;
constexpr int kLastPermanent = 78;
constexpr int kTemporary = 75;

RunOutcome meaning(int status, const ExitRules& rules) {
  const auto code = static_cast<std::size_t>(status & 0xff);
  if (rules.success_on[code]) return RunOutcome::succeeded;
  if (rules.retry_on[code]) return RunOutcome::retry;
  if (rules.fail_on[code]) return RunOutcome::failed;
  if (status == 0) return RunOutcome::succeeded;
  if (status == kTemporary) return RunOutcome::retry;
  const bool permanent = status >= kFirstPermanent && status <= kLastPermanent;
  return permanent ? RunOutcome::failed : RunOutcome::retry;
}

}  // namespace

RunResult result_of(const ChildEnd& end, const ExitRules& rules) {
  RunResult result;
  result.reason = end.reason;
  switch (end.how) {
    case ChildEnd::How::exited:
      result.exit_code = end.code;
      result.outcome = meaning(end.code, rules);
      break;
    case ChildEnd::How::signalled:
      result.signal = end.code;
      result.outcome = rules.retry_on_crash ? RunOutcome::retry : RunOutcome::failed;
      break;
    case ChildEnd::How::not_started:
      result.outcome = RunOutcome::failed;
      break;
    case ChildEnd::How::no_room:
      result.outcome = RunOutcome::retry;
      break;
    case ChildEnd::How::lost:
      result.outcome = RunOutcome::interrupted;
      result.stop_reason = StopReason::daemon_lost;
      break;
  }
  return result;
}

RunResult stopped_result(const ChildEnd& end, const ExitRules& rules, StopReason reason) {
  RunResult result = result_of(end, rules);
  result.stop_reason = reason;
  const bool own_fault = reason == StopReason::timeout || reason == StopReason::watchdog;
  result.outcome = own_fault ? RunOutcome::retry : RunOutcome::interrupted;
  return result;
}

RunResult result_of_attempt(RunResult result, std::int32_t attempt, std::int32_t most) {
  if (result.outcome != RunOutcome::retry || most <= 0 || attempt < most) return result;
  result.outcome = RunOutcome::failed;
  if (result.reason.empty()) {
    result.reason =
        "attempt " + std::to_string(attempt) + " of " + std::to_string(most) + " was the last";
  }
  return result;
}

std::string cause_of(const RunResult& result) {
  std::string ending;
  if (result.signal) {
    const char* name = ::sigabbrev_np(*result.signal);
    ending = name ? std::string("SIG") + name : "signal " + std::to_string(*result.signal);
  } else if (result.exit_code.value_or(0) != 0) {
    ending = "exit " + std::to_string(*result.exit_code);
  }
  return join(std::array<std::string_view, 3>{word(result.stop_reason), ending, result.reason});
}

}  // namespace wm
