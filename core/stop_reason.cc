#include "core/stop_reason.h"

#include <array>
#include <utility>

namespace wm {
namespace {

constexpr std::array kCauses{
    std::pair{StopReason::none, std::string_view("")},
    std::pair{StopReason::cancelled, std::string_view("cancelled")},
    std::pair{StopReason::replaced, std::string_view("replaced")},
    std::pair{StopReason::timeout, std::string_view("timeout")},
    std::pair{StopReason::quota, std::string_view("quota")},
    std::pair{StopReason::shutdown, std::string_view("shutdown")},
    std::pair{StopReason::daemon_lost, std::string_view("daemon-lost")},
    std::pair{StopReason::watchdog, std::string_view("watchdog")},
};

constexpr auto kStopReasons = [] {
  std::array<StopReason, kCauses.size() + kConstraints.size()> all;
  auto* next = all.begin();
  for (const auto& [cause, text] : kCauses) *next++ = cause;
  for (const ConstraintDef& one : kConstraints) *next++ = StopReason(one.id);
  return all;
}();

}  // namespace

std::string word(StopReason reason) {
  if (reason.cause == StopReason::lost_constraint) {
    return "constraint-" + std::string(word(reason.constraint));
  }
  for (const auto& [cause, text] : kCauses) {
    if (cause == reason.cause) return std::string(text);
  }
  return "";
}

Result<StopReason> parse_stop_reason(std::string_view text) {
  for (const StopReason& reason : kStopReasons) {
    if (word(reason) == text) return reason;
  }
  return fail(ErrorCode::invalid, "unknown stop reason '" + std::string(text) + "'");
}

int stored_number(StopReason reason) {
  const bool lost = reason.cause == StopReason::lost_constraint;
  return reason.cause + (lost ? static_cast<int>(reason.constraint) : 0);
}

StopReason stop_reason_of(int stored) {
  for (const StopReason& reason : kStopReasons) {
    if (stored_number(reason) == stored) return reason;
  }
  return StopReason::none;
}

}  // namespace wm
