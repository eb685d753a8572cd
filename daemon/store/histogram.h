// Distributions of durations, counted in buckets as Prometheus reads them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace wm {

class Histogram {
 public:
  /// Upper ends of all buckets but the last, in seconds: from a millisecond, about a commit, to a
  /// day, about a long run.
  static constexpr std::array kBounds{0.001, 0.0025, 0.005, 0.01,   0.025,   0.05,
                                      0.1,   0.25,   0.5,   1.0,    2.5,     5.0,
                                      10.0,  60.0,   300.0, 3600.0, 86'400.0};

  void observe(double seconds) {
    const auto* const bucket = std::ranges::lower_bound(kBounds, seconds);
    ++counts_[static_cast<std::size_t>(bucket - kBounds.begin())];
    sum_ += seconds;
  }

  /// The count of each bucket by itself; the last is for all longer durations.
  const auto& counts() const { return counts_; }
  double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

}  // namespace wm
