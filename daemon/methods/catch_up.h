// Answers, from the record, what became of works while a watcher had no daemon to tell it.
#pragma once

#include <deque>
#include <optional>

#include "core/scheduler.h"
#include "daemon/store/store.h"
#include "daemon/wire/server.h"

namespace wm {

/// Progress and suspensions of runs are not on record, nor are registrations whose work has been
/// enqueued once more since.
class CatchUp {
 public:
  /// All that happened at `filter.since` or later, and is committed now.
  CatchUp(Store& store, const Scheduler& scheduler, const RecordFilter& filter);

  bool empty() const { return events_.empty(); }

  /// The next of it, as Watch tells it, oldest first. What has been forgotten since the beginning
  /// is left out.
  boost::json::array next();

  /// There was too much: what came before that is left out.
  const std::optional<TimePoint>& cut_at() const { return cut_at_; }

 private:
  // In the order in which one turn tells them; and, last, the end of a run that began just then.
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
  /// A work as it was right after that run of it.
  Work as_after(const RunInfo& run, const WorkInfo& info) const;

  Store& store_;
  std::deque<Event> events_;
  std::optional<TimePoint> cut_at_;
};

}  // namespace wm
