#include "cli/sums.h"

namespace wm::cli {

void print_sum(Session& session, const std::map<std::string, std::size_t>& sums) {
  constexpr std::size_t kCounted = 10;
  std::size_t all = 0;
  for (const auto& [what, count] : sums) all += count;
  if (all <= kCounted || !session.to_terminal() || session.json()) return;
  std::string text;
  for (const auto& [what, count] : sums) {
    const bool first = text.empty();
    text += (first ? "" : ", ") + std::to_string(count) +
            (!first       ? " "
             : count == 1 ? " job "
                          : " jobs ") +
            what;
  }
  session.out() << session.style().dim(text) << '\n';
}

}  // namespace wm::cli
