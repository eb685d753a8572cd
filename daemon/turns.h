// One turn after another. A change that cannot be is refused alone, and the turn is taken again
// without it: nothing that a client asks for ends more than its own call.
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

  /// Decides, commits, answers and acts, and answers every question that has an answer. An error:
  /// why not all of it could be committed. What events have brought is not lost by that: it is the
  /// next turn's.
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
