// The turn: events come in, the scheduler decides, the store commits, and only then children are
// started and stopped. A change that nobody has seen may be lost in a crash; one that anybody has
// seen is on disk.
#pragma once

#include <algorithm>
#include <exception>
#include <functional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "config/settings.h"
#include "core/status.h"
#include "daemon/runs/runner.h"
#include "daemon/turn/condition_log.h"
#include "daemon/turn/registrar.h"
#include "daemon/turn/retention.h"
#include "daemon/turn/running_child.h"

namespace wm {

/// The changes of a turn, for those who wait for them.
struct TurnReport {
  std::vector<Work> changed;
  std::vector<Start> started;
  std::vector<EndedRun> ended;
  std::vector<StatusChange> statuses;
  std::vector<std::pair<WorkId, bool>> suspended;  // False: those that go on.
  std::vector<PauseChange> pauses;
};

/// The machine to run on: its number of processors, and its time zone (nullptr: UTC).
struct Machine {
  int processors = 1;
  const date::time_zone* zone = nullptr;
  std::uint64_t id = 0;  // Differs from other machines'.
  std::string boot;      // Names this boot of it; empty: unknown.
};

/// A request of a client. Both parts run inside the turn's transaction, and either may throw.
struct Change {
  /// May call the functions below "Called only from a Change".
  std::function<void()> decide;
  /// Called once everything in the turn is decided: makes the answer, which is sent after the
  /// commit.
  std::function<void()> compose = [] {};
};

/// Thrown by a change that is refused after it has changed something, all of which is undone.
class Refusal : public std::exception {
 public:
  explicit Refusal(Error error) : error_(std::move(error)) {}
  const Error& error() const { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  Error error_;
};

/// Thrown by a turn that one of its changes has spoilt. Nothing has happened: take the turn again
/// without that change.
class ChangeFailed : public Refusal {
 public:
  ChangeFailed(std::size_t index, Error error) : Refusal(std::move(error)), index_(index) {}
  std::size_t index() const { return index_; }

 private:
  std::size_t index_;
};

class WorkManager {
 public:
  WorkManager(Store& store, Runner& runner, const Settings& settings, Machine machine);

  /// Call once, before the first turn: jobs that an earlier daemon left running are interrupted and
  /// enqueued, and first their processes are ended. `children`, which an earlier program in this
  /// process has handed over, go on instead. If this throws, the daemon cannot recover and must not
  /// run.
  void recover(TimePoint now, const std::optional<boost::json::array>& children = {});

  /// While `holds` is true, nothing is started.
  void hold_starts(bool holds) {
    scheduler_.hold_starts(holds);
    condition_log_.hurry(holds);  // Another program may take over.
  }
  /// The state for recover() in the next program, once every end of a run is saved.
  boost::json::array hand_over() const;

  void set_conditions(const Conditions& conditions, TimePoint now);
  /// These are known and worth keeping from now on, until the next call.
  void note_conditions(const ConditionReadings& readings, TimePoint now) {
    condition_log_.note(readings, now);
  }
  /// The machine was asleep for that time.
  void machine_slept(TimePoint from, TimePoint to) { condition_log_.slept(from, to); }
  const ConditionLog& condition_log() const { return condition_log_; }
  /// `sense` is called in each turn once the jobs are known, and before anything starts: it is the
  /// last moment for set_conditions().
  void before_plan(std::function<void()> sense) { before_plan_ = std::move(sense); }
  /// A path that this job names has changed, before the next turn.
  void paths_changed(WorkId id) { changed_paths_.insert(id); }
  /// The wall clock minus the time since boot. Set it before recover(), and before each turn.
  void set_clock_offset(ClockOffset offset);
  /// Somebody set the clock, before the next turn.
  void clock_was_set() { clock_was_set_ = true; }
  /// Sets the usual zone of calendars and windows from now on.
  void set_zone(const date::time_zone* zone);

  /// Call after the settings were read again.
  void settings_changed();

  /// From the next turn on nothing is started, and every run is told to stop.
  void shut_down() {
    scheduler_.shut_down();
    shutting_down_ = true;
  }
  bool idle() const { return scheduler_.running_count() == 0 && finished_.empty(); }

  // Reports of runs in progress.

  /// The job with that id (a UUID) whose run `speaker` may speak for: its user, or root.
  Result<WorkId> find_run(const std::string& uuid, uid_t speaker) const;
  /// Says that the run is alive; the next turn takes note of it.
  void heard(WorkId id) { heard_.insert(id); }
  /// The owner of that job kept it alive before the next turn: now, or at that time since boot.
  void kept_alive(WorkId id, Duration since_boot = Duration::max()) {
    Duration& last = kept_alive_[id];
    last = std::max(last, since_boot);
  }
  void set_progress(WorkId id, const RunProgress& progress) { children_[id].progress = progress; }
  /// Sets its output, unless the run leaves one in WM_OUTPUT_FILE.
  void set_output(WorkId id, const std::string& output) { children_[id].output = output; }
  const RunProgress* progress_of(WorkId id) const;
  /// True if its process was stopped, for example by SIGSTOP, and not continued.
  bool is_suspended(WorkId id) const;

  // Called only from a Change.

  Registrar& registrar() { return registrar_; }
  void cancel(WorkId id, TimePoint now) { scheduler_.cancel(id, now); }
  /// Starts nothing new of the group, "" for all, until then.
  void pause(const std::string& group, std::optional<TimePoint> until) {
    scheduler_.pause(group, until);
  }
  void resume(const std::string& group) { scheduler_.resume(group); }
  /// Forgets, at the end of the turn, finished jobs of that owner, or of all, that no unfinished
  /// job depends on and that this turn has not touched, before any answer is composed: see
  /// Retention::prune().
  void prune(std::optional<uid_t> owner, WorkId after, Retention::Forgotten forgotten) {
    retention_.prune(owner, after, std::move(forgotten));
  }
  /// Forgets the state directory of that name. Not found: there is none. Refused: a run uses it.
  Result<> forget_state(uid_t owner, const std::string& unique_name);
  /// Keeps the row of that job until the turn is over, even if the turn does not change it.
  void touch(WorkId id) { retention_.touch(id); }

  /// Decides and commits. If it throws, nothing has happened: not on disk, not in memory, and ended
  /// runs wait for the next turn. ChangeFailed: one change is to blame. StoreError: it could not be
  /// saved. Without changes, runs that must stop are then told so all the same: a full disk is no
  /// reason to go on without the network, the time or the lease that a run needs.
  TurnReport decide(TimePoint now, std::span<const Change> changes);

  /// Carries out the last turns' decisions. Failed starts are ended runs of the next turn.
  void act();

  /// The time at which a turn has something to do if nothing happens before; nothing: never.
  std::optional<TimePoint> next_wakeup() const;

  /// True if a turn has something to do that no event will announce.
  bool has_unsaved_ends() const { return !finished_.empty() || retention_.has_logs_to_record(); }

  const Scheduler& scheduler() const { return scheduler_; }

 private:
  SchedulingRules rules() const;
  TimePoint restore(TimePoint now, const std::optional<boost::json::array>& children);
  void save_conditions(bool joins, TimePoint now);
  TurnReport decide_and_commit(TimePoint now, std::span<const Change> changes);
  void stop_unrecorded(TimePoint now);
  EndedRun record_end(const FinishedRun& run, TimePoint now);
  void take_output(const FinishedRun& run, RunResult& result);
  void take_what_was_heard(TimePoint now);
  void number_appended_runs();
  void save_decisions(const Decisions& decisions, TimePoint now);
  void start(WorkId id);
  std::optional<ChildEnd> launch(const WorkInfo& info);

  Store& store_;
  Runner& runner_;
  const Settings& settings_;
  Machine machine_;
  Scheduler scheduler_;
  Registrar registrar_;
  Retention retention_;
  ConditionLog condition_log_;
  bool shutting_down_ = false;
  std::function<void()> before_plan_ = [] {};
  bool clock_was_set_ = false;
  bool zone_changed_ = false;
  std::set<WorkId> changed_paths_;
  std::set<WorkId> heard_;                           // Since the last turn.
  std::unordered_map<WorkId, Duration> kept_alive_;  // The same, as times since boot.
  std::vector<FinishedRun> finished_;                // Ended, and not on disk yet.
  std::unordered_map<WorkId, RunningChild> children_;
  std::vector<std::pair<WorkId, bool>> suspended_;  // The changes since the last turn.
  std::vector<Start> to_start_;
  std::vector<Stop> to_stop_;
  std::unordered_map<WorkId, StopReason> stopped_unrecorded_;  // By turns that were undone.
};

}  // namespace wm
