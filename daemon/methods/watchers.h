// The calls that watch: they hear of all that becomes of works, as it happens.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/methods/pending.h"
#include "daemon/store/store.h"
#include "daemon/turn/work_manager.h"

namespace wm {

class CatchUp;
class EventQueue;

class Watchers {
 public:
  Watchers(const WorkManager& manager, Store& store, PendingQuestions& pending)
      : manager_(manager), store_(store), pending_(pending) {}

  /// The method Watch.
  void watch(const ExchangePtr& exchange);

  /// After a commit: what it has changed.
  void tell(const TurnReport& report, TimePoint now);
  /// The run of that work has said how far it is.
  void tell_progress(WorkId id, const RunProgress& progress, TimePoint now);
  /// At the end of a turn, when all that is committed was told: those who watch from an earlier
  /// time on hear of what is on record, and from now on of what happens.
  void resume(TimePoint now);

 private:
  /// One who begins to watch: from that time on, where there is one.
  struct Beginning {
    ExchangePtr exchange;
    std::set<std::string> names;  // None: all that its user may see.
    std::optional<TimePoint> since;
  };
  struct Watcher {
    ExchangePtr exchange;
    std::set<std::string> names;
    std::shared_ptr<EventQueue> queue;
  };

  void begin(const Beginning& asked, const std::shared_ptr<CatchUp>& past, TimePoint now);
  void tell(const WorkInfo& info, const boost::json::object& event);

  const WorkManager& manager_;
  Store& store_;
  PendingQuestions& pending_;
  std::vector<Watcher> watchers_;
  std::vector<Beginning> resuming_;  // Of the present turn.
};

}  // namespace wm
