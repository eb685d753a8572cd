// Reports from the record what happened to jobs while a watcher had no daemon.
#pragma once

#include <deque>
#include <optional>

#include "core/scheduler.h"
#include "daemon/store/store.h"
#include "daemon/wire/server.h"

namespace wm {

/// Progress and suspensions of runs are not recorded; nor are registrations of jobs that have been
/// enqueued again since.
class CatchUp {
 public:
  /// Covers everything that happened at `filter.since` or later, and is committed now.
  CatchUp(Store& store, const Scheduler& scheduler, const RecordFilter& filter);

  bool empty() const { return events_.empty(); }

  /// The next events in the form of Watch, oldest first. Jobs that were forgotten since the
  /// beginning are left out.
  boost::json::array next();

  /// Set if there was too much: events before that time are left out.
  const std::optional<TimePoint>& cut_at() const { return cut_at_; }

 private:
  // The order in which one turn reports them; the last is the end of a run that began at that
  // moment.
  enum class Kind : std::uint8_t { ended, finished, scheduled, started, ended_at_once };

  struct Event {
    TimePoint time{};
    Kind kind = Kind::ended;
    WorkId work = 0;
    int run = 0;
  };

  void add_runs(const Scheduler& scheduler, const RecordFilter& filter);
  void add_works(const RecordFilter& filter);
  template <class T>
  std::vector<T> taken(Newest<T> newest);
  std::optional<boost::json::object> tell(const Event& event) const;
  /// The job as it was right after that run.
  Work as_after(const RunInfo& run, const WorkInfo& info) const;

  Store& store_;
  std::deque<Event> events_;
  std::optional<TimePoint> cut_at_;
};

}  // namespace wm
