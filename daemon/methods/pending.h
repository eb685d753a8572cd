// The calls that wait for the turn: changes, which it decides, and questions, which are answered
// from its result.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/time.h"
#include "daemon/methods/calls.h"

namespace wm {

/// A call that changes something: a Change, and the answer to it.
struct PendingChange {
  ExchangePtr exchange;
  std::function<void(TimePoint now)> decide;
  /// Called inside the turn's transaction, once everything is decided; returns a function that
  /// sends the answer once it is on disk.
  std::function<std::function<void()>(TimePoint now)> compose;
};

/// The changes taken since the last turn, in their order.
using PendingChanges = std::vector<PendingChange>;

/// Returns a function that sends this reply, for compose().
std::function<void()> replying(const ExchangePtr& exchange, boost::json::object parameters);
std::function<void()> refusing(const ExchangePtr& exchange, const Error& problem);

/// The questions asked since the last commit. Each answer stands alone: if one cannot be made, only
/// its caller gets an error.
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
