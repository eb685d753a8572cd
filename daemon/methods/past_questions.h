// Questions about the past: the kept changes of conditions, and why a job did not run then.
#pragma once

#include "daemon/methods/pending.h"
#include "daemon/turn/work_manager.h"

namespace wm {

class PastQuestions {
 public:
  PastQuestions(const WorkManager& manager, Store& store, const Settings& settings,
                PendingQuestions& pending)
      : manager_(manager), store_(store), settings_(settings), pending_(pending) {}

  /// The method of that name.
  void condition_changes(const ExchangePtr& exchange);

  /// Why the job did not run at that moment; refused if it is later than `now`.
  Result<boost::json::object> explain(WorkId id, TimePoint at, TimePoint now) const;

 private:
  Exchange::Page page_of_changes(TimePoint since, std::optional<KeptChange>& last) const;
  boost::json::array changes_before(TimePoint since) const;
  std::vector<ConditionChange> changes_around(const Constraints& needed, TimePoint at) const;
  std::vector<Wait> prerequisites_of(WorkId id) const;

  const WorkManager& manager_;
  Store& store_;
  const Settings& settings_;
  PendingQuestions& pending_;
};

}  // namespace wm
