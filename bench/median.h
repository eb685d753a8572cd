// Sums up a handful of measurements.
#pragma once

#include <algorithm>
#include <vector>

namespace wm {

inline double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

}  // namespace wm
