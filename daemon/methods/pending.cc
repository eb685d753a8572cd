#include "daemon/methods/pending.h"

namespace wm {

std::function<void()> replying(const ExchangePtr& exchange, boost::json::object parameters) {
  return [exchange, parameters = std::move(parameters)]() mutable {
    exchange->reply(std::move(parameters));
  };
}

std::function<void()> refusing(const ExchangePtr& exchange, const Error& problem) {
  return [exchange, problem] { exchange->error(problem); };
}

void PendingQuestions::answer(TimePoint now) {
  for (const auto& [exchange, answer] : std::exchange(list_, {})) {
    answer_alone(*exchange, [&] { answer(now); });
  }
}

}  // namespace wm
