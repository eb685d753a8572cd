// The calls that read the output of runs, and those that follow it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "daemon/methods/pending.h"
#include "daemon/runs/run_log.h"
#include "daemon/store/store.h"
#include "daemon/turn/work_manager.h"

namespace wm {

class LogPages;

class Logs {
 public:
  Logs(Store& store, RunLog& log, PendingQuestions& pending)
      : store_(store), log_(log), pending_(pending) {}

  /// The method Logs.
  void read(const ExchangePtr& exchange);

  /// Makes those who have read everything look for another run, after a commit.
  void tell(const TurnReport& report);

 private:
  std::optional<Exchange::Page> follow_log(const ExchangePtr& exchange, const std::string& name,
                                           LogPages& pages, bool alone);
  std::optional<RunInfo> run_after(uid_t owner, const std::string& name, const RunInfo& run) const;

  Store& store_;
  RunLog& log_;
  PendingQuestions& pending_;
  std::unordered_multimap<WorkId, std::weak_ptr<Exchange>> followers_;  // They wait for a change.
};

}  // namespace wm
