// Decides what runs, and touches nothing. Events and the time come in as arguments; decisions go
// out as values.
//
// Events change rows inside a turn. decisions() says what is to be saved and done; then the turn
// ends with accept() once that is on disk, or with roll_back(), after which nothing has happened.
// Nobody acts on a decision before it is accepted.
#pragma once

#include <optional>
#include <vector>

#include "core/conditions.h"
#include "core/outcome.h"
#include "core/work_table.h"

namespace wm {

struct Stop {
  WorkId id = 0;
  StopReason reason = StopReason::none;

  bool operator==(const Stop&) const = default;
};

struct Decisions {
  std::vector<Work> changed;    // Rows to save.
  std::vector<WorkId> started;  // Children to start.
  std::vector<Stop> stopped;    // Children to tell to stop.
};

class Scheduler {
 public:
  /// Runs at most `max_parallel` children at once; one that was told to stop counts until it is
  /// gone.
  explicit Scheduler(int max_parallel) : max_parallel_(max_parallel) {}

  void set_max_parallel(int max_parallel) { max_parallel_ = max_parallel; }

  /// One unfinished row from the store, at start-up. A running row waits for its run_ended().
  void restore(const Work& work);

  // Events. Ids of work that the table does not hold (finished, never known) are ignored.

  /// New work, its id given by the store.
  void enqueue(const Work& work) { table_.put(work); }

  /// `fresh` takes the place of `old`, which is cancelled; it starts once the old child is gone.
  void replace(WorkId old, Work fresh);

  /// At once, or as soon as its child is gone.
  void cancel(WorkId id, StopReason why = StopReason::cancelled);

  /// The child of running work is gone. Returns what the run came to.
  RunResult run_ended(WorkId id, const ChildEnd& end, const ExitRules& rules, TimePoint now);

  void set_conditions(const Conditions& conditions) { conditions_ = conditions; }

  /// From now on plan() starts nothing and stops everything.
  void shut_down() { shutting_down_ = true; }

  /// Stops what lost a constraint, and starts what is due and allowed while there is room.
  void plan(TimePoint now);

  // The end of a turn.
  Decisions decisions() const { return {table_.changed(), started_, stopped_}; }
  void accept();
  void roll_back();

  // What it holds.
  int max_parallel() const { return max_parallel_; }
  const Work* find(WorkId id) const { return table_.find(id); }
  const Conditions& conditions() const { return conditions_; }
  std::size_t unfinished_count() const { return table_.size(); }
  std::size_t running_count() const { return table_.running().size(); }

  /// The constraints that any unfinished work names: only these are worth measuring.
  Constraints wanted() const;

  /// When plan() will have something to do if nothing happens before; nothing: never.
  std::optional<TimePoint> next_wakeup() const;

 private:
  void stop(const Work& work, StopReason why);
  void release_successor(const Work& work);
  std::optional<WorkId> next_due(TimePoint now) const;
  bool has_room() const { return running_count() < static_cast<std::size_t>(max_parallel_); }

  int max_parallel_;
  bool shutting_down_ = false;
  Conditions conditions_;
  WorkTable table_;
  std::vector<WorkId> started_;
  std::vector<Stop> stopped_;
};

/// The row after its run came to `outcome` at `now`: finished, or enqueued for the next attempt or
/// period.
Work after_run(Work work, RunOutcome outcome, TimePoint now);

}  // namespace wm
