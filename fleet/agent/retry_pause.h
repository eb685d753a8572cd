// When a connection that was lost is tried again: after twice as long each time, give or take half,
// so that the agents of a fleet do not come all at once.
#pragma once

#include <algorithm>
#include <random>

#include "core/time.h"

namespace wm::fleet {

class RetryPause {
 public:
  RetryPause(Duration first, Duration longest) : first_(first), longest_(longest) {}

  /// It is not tried before; a time since boot.
  Duration end() const { return end_; }

  void begin(Duration now, std::mt19937_64& random) {
    pause_ = std::clamp(pause_ * 2, first_, longest_);
    std::uniform_int_distribution<std::int64_t> spread(0, pause_.count());
    end_ = now + pause_ / 2 + Duration{spread(random)};
  }
  void succeeded() { pause_ = Duration::zero(); }

 private:
  Duration first_;
  Duration longest_;
  Duration pause_{};
  Duration end_{};
};

}  // namespace wm::fleet
