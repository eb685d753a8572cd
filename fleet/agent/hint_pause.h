// How soon after a question the agent asks again because of a hint. Anybody can send hints: those
// that lead to nothing get rarer answers, and none is forgotten.
#pragma once

#include <algorithm>

#include "core/time.h"

namespace wm::fleet {

class HintPause {
 public:
  /// A hint that comes at `now` is followed not before then; all times are since boot.
  Duration follow(Duration now) const { return std::max(now, asked_ + gap_); }

  /// A question was asked at `sent`, and its answer had something, or nothing.
  void asked(Duration sent, bool in_vain) {
    const bool is_calm = sent - asked_ > 2 * kLongest;
    gap_ = !in_vain ? Duration::zero() : is_calm ? kFirst : std::clamp(2 * gap_, kFirst, kLongest);
    asked_ = sent;
  }

 private:
  static constexpr Duration kFirst = 10ms;
  static constexpr Duration kLongest = 2s;

  Duration asked_{};
  Duration gap_{};
};

}  // namespace wm::fleet
