// Reports of runs in progress: their progress, and their output.
#pragma once

#include <functional>
#include <string>

#include "config/settings.h"
#include "daemon/methods/pending.h"
#include "daemon/methods/waits.h"
#include "daemon/methods/watchers.h"

namespace wm {

class RunSide {
 public:
  RunSide(WorkManager& manager, const Settings& settings, Waits& waits, Watchers& watchers,
          PendingQuestions& pending)
      : manager_(manager),
        settings_(settings),
        waits_(waits),
        watchers_(watchers),
        pending_(pending) {}

  // Each function is the method of that name. Neither report is on disk before the run ends: no
  // turn decides them.

  void set_progress(const ExchangePtr& exchange);
  void set_output(const ExchangePtr& exchange);

 private:
  void report(const ExchangePtr& exchange, const std::string& id,
              std::function<void(WorkId, TimePoint)> body);

  WorkManager& manager_;
  const Settings& settings_;
  Waits& waits_;
  Watchers& watchers_;
  PendingQuestions& pending_;
};

}  // namespace wm
