// Decides what runs, and touches nothing. Events and the time come in as arguments; decisions go
// out as values.
//
// Events change rows inside a turn. decisions() lists what to save and to do; then the turn ends
// with accept() once that is on disk, or with roll_back(), after which nothing has happened. Nobody
// acts on a decision before it is accepted.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "core/chains.h"
#include "core/limits.h"
#include "core/outcome.h"
#include "core/pause_set.h"
#include "core/quota.h"
#include "core/schedule.h"
#include "core/wait_ledger.h"
#include "core/work_table.h"

namespace wm {

/// The configuration's rules for choosing.
struct SchedulingRules {
  // Limits on children at once; one that was told to stop counts until it is gone.
  int max_parallel = 1;                     // Per owner.
  int max_parallel_total = 1'000'000;       // For all owners together.
  std::map<std::string, GroupRule> groups;  // Other groups have no limit of their own.
  Duration settle = 10s;              // How long a constraint that stopped a run must hold first.
  Duration time_limit{};              // For a run whose job names none; 0: unlimited.
  Duration expedited_budget = 10min;  // Per owner, in kQuotaWindow.
  std::int32_t max_attempts = 0;      // For jobs that name none; 0: unlimited.
  const date::time_zone* zone = nullptr;  // The usual zone; nullptr: UTC.
  Jitter jitter;                          // For backoffs.
};

/// One level of priority is worth this long a wait for a slot. Therefore, under constant load, a
/// job of the lowest priority waits for newer jobs of the highest at most 20 times this long.
constexpr Duration kAgeing = 1h;

struct Start {
  WorkId id = 0;
  std::vector<Waited> waited;
  std::vector<std::string> relaxed;
  int missed_periods = 0;

  bool operator==(const Start&) const = default;
};

struct Stop {
  WorkId id = 0;
  StopReason reason;

  bool operator==(const Stop&) const = default;
};

struct Decisions {
  std::vector<Work> changed;       // Rows to save, oldest first.
  std::vector<WorkId> cancelled;   // Those of them of which nothing but the end has changed.
  std::vector<WorkId> enqueued;    // New rows, and rows that came back.
  std::vector<Start> started;      // Children to start.
  std::vector<Stop> stopped;       // Children to tell to stop.
  std::optional<Pauses> pauses;    // To save, if they have changed.
  std::vector<LedgerEntry> noted;  // To save.
};

class Scheduler {
 public:
  explicit Scheduler(SchedulingRules rules) { set_rules(std::move(rules)); }

  void set_rules(SchedulingRules rules);
  const SchedulingRules& rules() const { return rules_; }

  // From the store, at start-up.

  /// An unfinished row, and its unfinished prerequisites. A running row waits for its run_ended().
  /// `heard`: when a run was last heard of, if another program handed it over.
  void restore(const Work& work, std::span<const WorkId> prerequisites = {},
               std::optional<Duration> heard = {});
  void restore_pauses(const Pauses& pauses) { pauses_.restore(pauses); }
  void restore_ledger(const LedgerEntry& entry) { ledger_.restore(entry); }
  void daemon_was_lost(TimePoint last_seen) { ledger_.daemon_was_lost(last_seen); }
  /// A run on its owner's expedited budget that ended within kQuotaWindow.
  void restore_expedited_run(uid_t owner, TimePoint ended, Duration length);

  // Events. Ids of jobs that the table does not hold (finished, never known) are ignored.

  /// Adds a new job, with an id from the store, or one that comes back; it is blocked until the
  /// prerequisites that are unfinished now have succeeded.
  void enqueue(Work work, std::span<const WorkId> prerequisites = {});

  /// `fresh` replaces `old`, jobs of one name of which at most one runs: they are cancelled, and it
  /// starts once that child is gone.
  void replace(std::span<const WorkId> old, Work fresh, std::span<const WorkId> prerequisites = {});

  /// Sets new terms, also for a wait that has begun. A run in progress finishes under the old ones.
  void update(WorkId id, const SharedPolicy& policy, TimePoint now);

  /// Makes the next run due at that time, once, whatever its delay, period or backoff say; nothing:
  /// restores their time.
  void set_time(WorkId id, std::optional<TimePoint> at, TimePoint now);

  /// Cancels at once, or as soon as its child is gone. Its dependants are cancelled too.
  void cancel(WorkId id, TimePoint now, StopReason why = StopReason::cancelled);

  /// Starts an enqueued job at the next free slot, whatever its delay and constraints.
  void run_now(WorkId id, TimePoint now);

  /// Numbers its present run after `runs_before` others of the same unique name.
  void number_run(WorkId id, std::int32_t runs_before);

  /// One of the paths that a triggered job names has changed.
  void paths_changed(WorkId id, TimePoint now);

  /// Starts nothing new of the group until then, or until resume().
  void pause(const std::string& group, std::optional<TimePoint> until) {
    pauses_.pause(group, until);
  }
  void resume(const std::string& group) { pauses_.resume(group); }

  /// The run of that job was heard of, at that time since boot: its watchdog counts from there
  /// unless only its owner's word does. It is a fact, and no event of a turn.
  void hear(WorkId id, Duration since_boot);
  /// The same by that job's owner, which also lets it start if it waits for that.
  void keep_alive(WorkId id, Duration since_boot);

  /// Notes that the run was told to stop, although the turn which decided that was undone.
  void was_stopped(WorkId id, StopReason why);

  /// The child of a running job is gone. Returns the result of the run.
  RunResult run_ended(WorkId id, const ChildEnd& end, const ExitRules& rules, TimePoint now);

  void set_conditions(const Conditions& conditions, TimePoint now);

  /// Sets the wall clock minus the time since boot. It is a fact like rules(), and no event of a
  /// turn.
  void set_clock_offset(ClockOffset offset);
  ClockOffset clock_offset() const { return agenda().clock_offset(); }
  /// How long a running job has run.
  Duration run_time(const Work& work, TimePoint now) const {
    return std::max(agenda().since_boot(now) - work.began, Duration::zero());
  }

  /// Somebody set the clock: no job waits longer than its own delay or period.
  void clock_was_set(TimePoint now);

  /// The rules have another zone: a calendar job that is not due yet waits for its time there, and
  /// windows are those of that zone.
  void zone_changed(TimePoint now);

  /// From now on plan() starts nothing and stops everything.
  void shut_down() { shutting_down_ = true; }

  /// While `holds` is true, plan() starts nothing; runs go on.
  void hold_starts(bool holds) { holding_ = holds; }

  /// Stops runs that may not go on, and starts due and allowed jobs while there is room.
  void plan(TimePoint now);

  // The end of a turn.
  Decisions decisions() const;
  const std::vector<Start>& started() const { return started_; }
  void accept();
  void roll_back();

  // The state.
  const Work* find(WorkId id) const { return table_.find(id); }
  const Conditions& conditions() const { return agenda().gates().conditions(); }
  const Agenda& agenda() const { return table_.agenda(); }
  const WaitLedger& ledger() const { return ledger_; }
  const Pauses& pauses() const { return pauses_.all(); }
  const std::unordered_map<WorkId, Row>& rows() const { return table_.rows(); }
  std::size_t unfinished_count() const { return table_.rows().size(); }
  std::size_t unfinished_count(uid_t owner) const { return table_.count(owner); }
  std::size_t running_count() const { return agenda().running().size(); }
  /// True if slots are free for somebody; for this owner; for this owner in that group.
  bool has_room() const;
  bool has_room(uid_t owner) const;
  bool group_has_room(const std::string& name, uid_t owner) const;
  /// The run time of this owner's expedited jobs that counts against the budget.
  Duration budget_used(uid_t owner, TimePoint now) const;
  /// The time at which a spent budget is free again, if the runs in progress end by then.
  std::optional<TimePoint> budget_returns(uid_t owner) const {
    return quota_.falls_below(owner, rules_.expedited_budget);
  }
  bool depends_on(WorkId dependent, WorkId prerequisite) const {
    return chains_.depends_on(dependent, prerequisite);
  }

  std::vector<WorkId> dependents_of(WorkId id) const { return chains_.dependents_of(id); }

  /// A copy without jobs, for simulating ahead: restore() those that matter. Nobody hears of the
  /// runs there, and so they may be silent; owners are taken to go on as they do.
  Scheduler copy_without_jobs() const;

  /// Lists the waits of an enqueued job: see WaitLedger::waited().
  std::vector<Waited> waited(const Work& work, TimePoint now) const {
    return ledger_.waited(work, now, rules_.zone, agenda().kept_alive_since(work, now),
                          rules_.settle);
  }
  /// The local time that counts for a job.
  ZonedTime local_time(const Policy& policy, TimePoint now) const {
    return {now, zone_of(policy, rules_.zone)};
  }

  /// The constraints that any unfinished job names: only these are worth measuring.
  Constraints wanted() const;

  /// The time at which plan() has something to do if nothing happens before; nothing: never.
  std::optional<TimePoint> next_wakeup() const;

 private:
  /// The first of a lane, and the criteria between lanes: the smaller goes first.
  struct Candidate {
    const Work* work = nullptr;
    int running = 0;              // Its owner's runs.
    std::uint64_t served_at = 0;  // The last time its owner was given a slot: see served_.
    Rank rank = Rank::normal;
    TimePoint aged{};  // The start of its wait for a slot, as if its priority were 0.

    bool operator<(const Candidate& other) const;
  };

  void keep_waits(Work& work, TimePoint now) const;
  void wait_anew(Work& work, TimePoint now) const;
  void stop(const Work& work, StopReason why);
  void mark_stopping(Work work, StopReason why) {
    work.stopping = why;
    table_.put(work);
  }
  void stop_what_must(TimePoint now);
  void start(const Candidate& next, TimePoint now);
  std::optional<Candidate> choose(TimePoint now) const;
  bool may_start(const LaneKey& lane, TimePoint now) const;
  bool within_budget(uid_t owner, TimePoint now) const;
  void drop_what_is_out_of_quota(TimePoint now);
  void note_in_ledger(TimePoint now);
  std::optional<WorkId> running_before(WorkId id) const;
  void release_successor(const Work& work);
  void pass_on(WorkId ended, TimePoint now);

  SchedulingRules rules_;
  bool shutting_down_ = false;
  bool holding_ = false;
  WorkTable table_;
  Chains chains_;
  PauseSet pauses_;
  std::uint64_t starts_ = 0;
  std::map<uid_t, std::uint64_t> served_;  // The number of each owner's last start.
  std::vector<std::pair<uid_t, std::uint64_t>> served_before_;  // Since the last accept().
  ExpeditedQuota quota_;
  WaitLedger ledger_;
  std::vector<WorkId> enqueued_;
  std::vector<Start> started_;
  std::vector<Stop> stopped_;
};

/// A failed or cancelled job, enqueued again: its attempts are counted from the start, and nothing
/// delays it.
Work once_more(Work work, TimePoint now);

/// The row after the `outcome` of its run at `now`: finished, or enqueued for the next attempt or
/// period.
Work after_run(Work work, RunOutcome outcome, TimePoint now, const SchedulingRules& rules);

}  // namespace wm
