// Finds the word that was meant, for errors about an unknown one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wm {

/// The word of `known` that differs from `word` by one or two slips, or that alone begins with it;
/// empty: none does. Case makes no difference, nor do `_` and `-`.
std::string_view closest(std::string_view word, std::span<const std::string_view> known);

/// `: did you mean WORD?`, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

template <class Range>
std::string did_you_mean_of(std::string_view word, const Range& known) {
  const std::vector<std::string_view> list(known.begin(), known.end());
  return did_you_mean(word, list);
}

}  // namespace wm
