// Reports of runs in progress: their progress, their output, and that they are alive.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/methods/pending.h"
#include "daemon/methods/waits.h"
#include "daemon/methods/watchers.h"

namespace wm {

class RunSide {
 public:
  RunSide(WorkManager& manager, Store& store, const Settings& settings, Waits& waits,
          Watchers& watchers, PendingQuestions& pending)
      : manager_(manager),
        store_(store),
        settings_(settings),
        waits_(waits),
        watchers_(watchers),
        pending_(pending) {}

  // Each function is the method of that name. No report is on disk before the run ends: no turn
  // decides them.

  void set_progress(const ExchangePtr& exchange);
  void set_output(const ExchangePtr& exchange);
  void say_alive(const ExchangePtr& exchange);
  void keep_alive(const ExchangePtr& exchange);

 private:
  void report(const ExchangePtr& exchange, const std::string& id,
              std::function<void(WorkId, TimePoint)> body);
  std::vector<WorkId> kept_alive(uid_t owner, const std::string& name) const;
  bool can_be_kept_alive(WorkId id) const;

  WorkManager& manager_;
  Store& store_;
  const Settings& settings_;
  Waits& waits_;
  Watchers& watchers_;
  PendingQuestions& pending_;
};

}  // namespace wm
