// A backoff as a policy defines it.
#pragma once

#include "core/work.h"

namespace wm {

inline void set_backoff(Policy& policy, const Backoff& backoff) {
  policy.backoff_policy = backoff.policy;
  policy.backoff_delay = backoff.delay;
}

}  // namespace wm
