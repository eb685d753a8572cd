#include "core/suggest.h"

#include <algorithm>

namespace wm {
namespace {

constexpr std::size_t kLongest = 64;  // Nobody means a longer word.
constexpr std::size_t kShortestBeginning = 3;

std::string folded(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  return text;
}

// The number of characters that were left out, inserted, changed or swapped with the next one.
std::size_t slips(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::size_t most_slips(std::size_t length) { return std::min<std::size_t>((length + 1) / 3, 3); }

}  // namespace

std::string_view closest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > kLongest) return {};
  const std::string wanted = folded(word);
  std::string_view best;
  std::size_t fewest = most_slips(wanted.size()) + 1;
  std::string_view beginning;
  bool several = false;
  for (const std::string_view one : known) {
    if (one.empty() || one.size() > kLongest) continue;
    const std::string candidate = folded(one);
    if (const std::size_t count = slips(wanted, candidate); count < fewest) {
      fewest = count;
      best = one;
    }
    if (wanted.size() >= kShortestBeginning && candidate.starts_with(wanted)) {
      several = !beginning.empty();
      beginning = one;
    }
  }
  if (!best.empty()) return best;
  return several ? std::string_view{} : beginning;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view meant = closest(word, known);
  return meant.empty() ? "" : ": did you mean " + std::string(meant) + "?";
}

}  // namespace wm
