// How long the disk keeps what has ended: works and their runs, the runs' logs, and the state
// directories of names. What goes from the record in a turn goes from the disk after its commit.
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

  /// After the settings were read anew.
  void settings_changed();
  /// The log of a run that has ended has that many bytes: see Runner::on_logged().
  void logged(WorkId id, int run, std::int64_t bytes) { logged_.push_back({id, run, bytes}); }

  // In a turn, inside its transaction, in this order.

  void begin_turn();
  /// Forgets finished work of that owner, or of all, at the end of the turn. `forgotten` is told
  /// how many.
  void prune(std::optional<uid_t> owner, std::function<void(int count)> forgotten);
  /// The turn has to do with that work: its row stays until the turn is over.
  void touch(WorkId id) { touched_.insert(id); }
  /// Those runs are on record no more: newer ones have taken their place.
  void forget(const std::vector<ForgottenRun>& runs);
  void forget_state(StateId id);
  /// Forgets all whose time is over by now, and all that somebody has asked to forget; makes room
  /// for logs. `has_changes`: clients have changed something in this turn.
  void end_turn(const Decisions& decisions, bool has_changes, TimePoint now);

  /// The turn is on disk.
  void committed();
  /// The same for the transaction by which a daemon recovers, which has no end_turn().
  void recovered();

  /// Removes the files of what committed turns have forgotten.
  void act();

  /// When something is over if nothing happens before; nothing: never.
  const std::optional<TimePoint>& next_expiry() const { return next_expiry_; }
  /// Whether the next turn has logs to look at.
  bool has_logs_to_record() const { return !logged_.empty() || !logs_fit_; }

 private:
  struct Asked {
    std::optional<uid_t> owner;
    std::function<void(int)> forgotten;
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
  void keep_logs();
  void keep_forgotten();

  Store& store_;
  Runner& runner_;
  const Settings& settings_;
  KeepLimits keep_limits_;          // The limits that the logs were last made to fit.
  bool logs_fit_ = false;           // The logs on record after the last turn fit them.
  std::vector<LoggedSize> logged_;  // Since the last turn.
  std::optional<TimePoint> next_expiry_;
  Files to_remove_;  // On no record any more.

  // Of the present turn.
  std::vector<Asked> asked_;
  std::set<WorkId> touched_;
  Files forgotten_;
  bool logs_will_fit_ = false;
  std::optional<TimePoint> expiry_after_;
};

}  // namespace wm
