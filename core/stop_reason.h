// Why wm stopped a run, or wishes to.
#pragma once

#include <string>
#include <string_view>

#include "core/constraints.h"

namespace wm {

struct StopReason {
  /// The numbers are on disk, so they never change.
  enum Cause : std::uint8_t {
    none = 0,  // It does not.
    cancelled = 1,
    replaced = 2,
    timeout = 3,
    quota = 10,
    shutdown = 11,
    daemon_lost = 12,
    lost_constraint = 100,  // On disk, the constraint's number is added. So this stays the last.
  };

  Cause cause = none;
  Constraint constraint{};  // The one that was lost; otherwise it says nothing.

  constexpr StopReason() = default;
  constexpr StopReason(Cause why) : cause(why) {}  // NOLINT: all but a constraint say it alone.
  explicit constexpr StopReason(Constraint lost) : cause(lost_constraint), constraint(lost) {}
  bool operator==(const StopReason&) const = default;
};

/// As JSON and WM_STOP_REASON_FILE have it: `timeout`, `constraint-charging`; "" for none.
std::string word(StopReason reason);
Result<StopReason> parse_stop_reason(std::string_view text);

/// As it is on disk, and back. A number that means nothing is none.
int stored_number(StopReason reason);
StopReason stop_reason_of(int stored);

}  // namespace wm
