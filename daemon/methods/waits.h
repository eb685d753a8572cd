// The calls that wait for jobs to end, or to reach a state.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/methods/pending.h"
#include "daemon/methods/wait_call.h"
#include "daemon/methods/work_views.h"

namespace wm {

class Waits {
 public:
  Waits(const WorkManager& manager, Store& store, const WorkViews& views, PendingQuestions& pending)
      : manager_(manager), store_(store), views_(views), pending_(pending) {}

  /// The method Wait.
  void wait(const ExchangePtr& exchange);

  /// Answers those who wait for the changes of the last commit.
  void tell(const TurnReport& report, TimePoint now);
  /// The run of that job has reported its progress.
  void has_progressed(WorkId id);

 private:
  using CallPtr = std::shared_ptr<WaitCall>;

  void begin(const ExchangePtr& exchange, const CallPtr& call, TimePoint now);
  WaitCall::Sources sources() const;
  void go_on(WaitCall& call) const;
  std::optional<boost::json::object> end_on_record(const WaitCall& call, const Awaited& awaited,
                                                   TimePoint now) const;
  void drop_over();

  const WorkManager& manager_;
  Store& store_;
  const WorkViews& views_;
  PendingQuestions& pending_;
  std::vector<CallPtr> calls_;
  std::unordered_multimap<WorkId, CallPtr> waiters_;  // The calls that wait for each job.
};

}  // namespace wm
