// The reason why wm stopped a run, or is stopping it.
#pragma once

#include <string>
#include <string_view>

#include "core/constraints.h"

namespace wm {

struct StopReason {
  /// The numbers are on disk, so they never change.
  enum Cause : std::uint8_t {
    none = 0,  // No reason: it does not stop.
    cancelled = 1,
    replaced = 2,
    timeout = 3,
    quota = 10,
    shutdown = 11,
    daemon_lost = 12,
    watchdog = 13,
    lost_constraint = 100,  // On disk, the constraint's number is added, so this stays the last.
  };

  Cause cause = none;
  Constraint constraint{};  // The constraint that was lost; otherwise unused.

  constexpr StopReason() = default;
  constexpr StopReason(Cause why) : cause(why) {}  // NOLINT: all but a constraint say it alone.
  explicit constexpr StopReason(Constraint lost) : cause(lost_constraint), constraint(lost) {}
  bool operator==(const StopReason&) const = default;
};

/// The word in JSON and WM_STOP_REASON_FILE: `timeout`, `constraint-charging`; "" for none.
std::string word(StopReason reason);
Result<StopReason> parse_stop_reason(std::string_view text);

/// The number on disk, and back. An unknown number means none.
int stored_number(StopReason reason);
StopReason stop_reason_of(int stored);

}  // namespace wm
