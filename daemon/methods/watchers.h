// The calls that watch: they receive every event of jobs as it happens.
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

  /// Reports the changes of the last commit.
  void tell(const TurnReport& report, TimePoint now);
  /// The run of that job has reported its progress.
  void tell_progress(WorkId id, const RunProgress& progress, TimePoint now);
  /// At the end of a turn, once everything committed was reported, those who watch from an earlier
  /// time get the recorded events, and from now on the new ones.
  void resume(TimePoint now);

 private:
  /// A call that begins to watch, from `since` on if that is set.
  struct Beginning {
    ExchangePtr exchange;
    std::set<std::string> names;  // Empty: all that its user may see.
    std::optional<TimePoint> since;
  };
  struct Watcher {
    ExchangePtr exchange;
    std::set<std::string> names;
    std::shared_ptr<EventQueue> queue;
  };

  void begin(const Beginning& asked, const std::shared_ptr<CatchUp>& past, TimePoint now);
  void tell(const PauseChange& change, TimePoint now);
  void tell(const WorkInfo& info, const boost::json::object& event);

  const WorkManager& manager_;
  Store& store_;
  PendingQuestions& pending_;
  std::vector<Watcher> watchers_;
  std::vector<Beginning> resuming_;  // The calls of the present turn.
};

}  // namespace wm
