// Takes one turn after another. An impossible change is refused alone, and the turn is taken again
// without it: no request of a client affects more than its own call.
#pragma once

#include <functional>
#include <vector>

#include "daemon/methods/methods.h"
#include "daemon/turn/work_manager.h"

namespace wm {

class Turns {
 public:
  /// `committed` is called after each commit, once its children are started and stopped.
  using Committed = std::function<void(const TurnReport&, TimePoint now)>;

  Turns(WorkManager& manager, Methods& methods, Committed committed)
      : manager_(manager), methods_(methods), committed_(std::move(committed)) {}

  /// Decides, commits, answers and acts, and answers every question that has an answer. The error
  /// says why not everything could be committed. Events are not lost by that: the next turn takes
  /// them.
  Result<> take(TimePoint now);

 private:
  Result<> take_together(std::vector<PendingChange> changes, TimePoint now);
  TurnReport decide(std::vector<PendingChange>& changes, TimePoint now,
                    std::vector<std::function<void()>>& answers);

  WorkManager& manager_;
  Methods& methods_;
  Committed committed_;
};

}  // namespace wm
