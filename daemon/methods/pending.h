// The calls that wait for the turn: changes that it will decide, and questions that are answered
// from what it leaves.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/time.h"
#include "daemon/methods/calls.h"

namespace wm {

/// A call that changes something: a Change, and what sends its answer.
struct PendingChange {
  ExchangePtr exchange;
  std::function<void(TimePoint now)> decide;
  /// Inside the turn's transaction, once all is decided: what sends the answer when it is on disk.
  std::function<std::function<void()>(TimePoint now)> compose;
};

/// The changes taken since the last turn, in their order.
using PendingChanges = std::vector<PendingChange>;

/// For compose(): sends that.
std::function<void()> replying(const ExchangePtr& exchange, boost::json::object parameters);
std::function<void()> refusing(const ExchangePtr& exchange, const Error& problem);

/// The questions asked since the last commit. Each answer stands alone: one that cannot be made is
/// an error to the one who asked.
class PendingQuestions {
 public:
  void ask(const ExchangePtr& exchange, std::function<void(TimePoint now)> answer) {
    list_.emplace_back(exchange, std::move(answer));
  }
  bool empty() const { return list_.empty(); }
  void answer(TimePoint now);

 private:
  std::vector<std::pair<ExchangePtr, std::function<void(TimePoint now)>>> list_;
};

}  // namespace wm
