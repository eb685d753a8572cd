// What a work waits for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/conditions.h"
#include "core/work.h"

namespace wm {

enum class WaitKind : std::uint8_t { constraint, delay, backoff, period, slot, replaced };

template <>
struct Words<WaitKind> {
  static constexpr std::string_view kind = "reason to wait";
  static constexpr std::array<std::string_view, 6> list{"constraint", "delay", "backoff",
                                                        "period",     "slot",  "replaced"};
};

struct Wait {
  WaitKind kind = WaitKind::constraint;
  std::string name;                // Which constraint.
  std::optional<TimePoint> until;  // Where that is known.

  bool operator==(const Wait&) const = default;
};

/// Everything that holds an enqueued work back at `now`; empty for work in any other state.
std::vector<Wait> waiting_for(const Work& work, const Conditions& conditions, TimePoint now);

}  // namespace wm
