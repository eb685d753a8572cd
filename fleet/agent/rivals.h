// How many others an agent seems to compete with for the same pieces. Nobody tells it: it learns
// from the claims for which it came too late.
#pragma once

#include <algorithm>
#include <cstddef>

namespace wm::fleet {

class Rivals {
 public:
  /// The database offers a random part of that many times the pieces wanted; 1: the first ones.
  int number() const { return number_; }

  /// A claim of `wanted` pieces got `taken` of them.
  void tried(std::size_t wanted, std::size_t taken) {
    number_ = taken < wanted ? std::min(number_ * 2, kMost) : std::max(number_ / 2, 1);
  }

 private:
  static constexpr int kMost = 64;

  int number_ = 1;
};

}  // namespace wm::fleet
