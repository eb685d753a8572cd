// The moment at which tests that depend on the time take place.
#pragma once

#include "core/time.h"

namespace wm {

inline constexpr TimePoint kNow{Days{20'000}};

}  // namespace wm
