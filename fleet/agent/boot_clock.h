// The time since boot, in which a suspended machine's sleep counts: leases go on meanwhile.
#pragma once

#include <ctime>

#include "core/time.h"

namespace wm::fleet {

inline Duration since_boot() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::duration_cast<Duration>(std::chrono::seconds{time.tv_sec} +
                                              std::chrono::nanoseconds{time.tv_nsec});
}

}  // namespace wm::fleet
