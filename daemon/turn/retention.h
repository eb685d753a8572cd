// The time that ended things stay on disk: jobs and their runs, the runs' logs, the state
// directories of names, and changes of conditions. Whatever a turn takes off the record is removed
// from the disk after its commit.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "config/settings.h"
#include "core/scheduler.h"
#include "daemon/runs/runner.h"
#include "daemon/store/store.h"

namespace wm {

class Retention {
 public:
  Retention(Store& store, Runner& runner, const Settings& settings)
      : store_(store), runner_(runner), settings_(settings) {}

  /// Call after the settings were read again.
  void settings_changed();
  /// The log of an ended run has that many bytes: see Runner::on_logged().
  void logged(WorkId id, int run, std::int64_t bytes) { logged_.push_back({id, run, bytes}); }

  // Called in a turn, inside its transaction, in this order.

  void begin_turn();
  /// Forgets finished jobs of that owner, or of all, at the end of the turn. It looks at some jobs
  /// after that one: if Pruned::reached is set, another turn goes on from there, so that nobody
  /// waits for a million.
  using Forgotten = std::function<void(const Pruned&)>;
  void prune(std::optional<uid_t> owner, WorkId after, Forgotten forgotten);
  /// Keeps the row of that job until the turn is over.
  void touch(WorkId id) { touched_.insert(id); }
  /// These runs are no longer on record: newer ones have taken their place.
  void forget(const std::vector<ForgottenRun>& runs);
  void forget_state(StateId id);
  /// There are changes of conditions on record from then on, if not before.
  void keeps_changes(TimePoint now) { oldest_change_ = oldest_change_.value_or(now); }
  /// Forgets everything whose time is over, and everything that somebody has asked to forget; makes
  /// room for logs. `has_changes`: clients have changed something in this turn.
  void end_turn(const Decisions& decisions, bool has_changes, TimePoint now);

  /// The turn is on disk.
  void committed();
  /// The same for the transaction of a daemon's recovery, which has no end_turn().
  void recovered();

  /// Removes the files that committed turns have forgotten.
  void act();

  /// The time at which something is over if nothing happens before; nothing: never.
  std::optional<TimePoint> next_expiry() const;
  /// True if the next turn has logs to look at.
  bool has_logs_to_record() const { return !logged_.empty() || !logs_fit_; }

 private:
  struct Asked {
    std::optional<uid_t> owner;
    WorkId after = 0;
    Forgotten forgotten;
  };
  struct LoggedSize {
    WorkId work = 0;
    int run = 0;
    std::int64_t bytes = 0;
  };
  struct Files {
    std::vector<ForgottenRun> runs;
    std::vector<StateId> states;
  };

  bool is_over(TimePoint now) const { return next_expiry_ && *next_expiry_ <= now; }
  void forget_finished(const Decisions& decisions, TimePoint now);
  void forget_changes(TimePoint now);
  std::optional<TimePoint> change_expiry() const;
  void keep_logs();
  void keep_forgotten();

  Store& store_;
  Runner& runner_;
  const Settings& settings_;
  KeepLimits keep_limits_;          // The limits that the logs were last made to fit.
  bool logs_fit_ = false;           // The recorded logs fitted them after the last turn.
  std::vector<LoggedSize> logged_;  // The logs reported since the last turn.
  std::optional<TimePoint> next_expiry_;
  std::optional<TimePoint> oldest_change_;  // Of conditions; nothing: none is on record.
  Files to_remove_;                         // No longer on record.

  // These belong to the present turn.
  std::vector<Asked> asked_;
  std::set<WorkId> touched_;
  Files forgotten_;
  bool logs_will_fit_ = false;
  std::optional<TimePoint> expiry_after_;
  bool forgot_changes_ = false;
  std::optional<TimePoint> oldest_after_;
};

}  // namespace wm
