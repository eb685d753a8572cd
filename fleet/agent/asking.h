// How often agents ask without being told to, and how they spread after a hint that reaches all.
#pragma once

#include <algorithm>

#include "core/time.h"

namespace wm::fleet {

/// An agent asks again after at least so long, and at most twice that. A hint may be lost; where a
/// pool of connections stands between, none comes at all. The larger the fleet, the rarer.
inline Duration between_questions(std::int64_t nodes, bool hints_come) {
  constexpr Duration kLeast = 30s;
  constexpr Duration kMost = 150s;
  constexpr Duration kPerNode = 100ms;
  return hints_come ? std::clamp(kPerNode * nodes, kLeast, kMost) : kLeast;
}

/// The time over which the agents of a fleet ask after a hint.
inline Duration crowd_of(std::int64_t nodes) {
  constexpr Duration kMost = 10s;
  constexpr Duration kPerNode = 1ms;
  return std::min(kPerNode * nodes, kMost);
}

/// The time over which they ask after a moment for which all of them wait. The first of many comes
/// soon all the same.
inline Duration spread_of(std::int64_t nodes) {
  constexpr Duration kLeast = 250ms;
  constexpr Duration kMost = 1min;
  return std::clamp(10 * crowd_of(nodes), kLeast, kMost);
}

}  // namespace wm::fleet
