// Decides what runs, and touches nothing. Events and the time come in as arguments; decisions go
// out as values.
//
// Events change rows inside a turn. decisions() says what is to be saved and done; then the turn
// ends with accept() once that is on disk, or with roll_back(), after which nothing has happened.
// Nobody acts on a decision before it is accepted.
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

/// What the configuration says of choosing.
struct SchedulingRules {
  // Children at once; one that was told to stop counts until it is gone.
  int max_parallel = 1;                     // Each owner's.
  int max_parallel_total = 1'000'000;       // All owners' together.
  std::map<std::string, GroupRule> groups;  // Others have no limit of their own.
  Duration settle = 10s;                  // A constraint that stopped a run holds that long first.
  Duration time_limit{};                  // Of a run whose work names none; 0: no end.
  Duration expedited_budget = 10min;      // Of each owner, in kQuotaWindow.
  std::int32_t max_attempts = 0;          // For work that names none; 0: no end.
  const date::time_zone* zone = nullptr;  // Of calendars; nullptr: UTC.
  Jitter jitter;                          // Of backoffs.
};

/// One level of priority is worth so long a wait for a slot. Under constant load, work of the
/// lowest priority therefore waits at most 20 times as long for newer work of the highest.
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
  std::vector<Work> changed;       // Rows to save.
  std::vector<WorkId> enqueued;    // Those that are new, or came back.
  std::vector<Start> started;      // Children to start.
  std::vector<Stop> stopped;       // Children to tell to stop.
  std::optional<Pauses> pauses;    // To save, where they have changed.
  std::vector<LedgerEntry> noted;  // To save.
};

class Scheduler {
 public:
  explicit Scheduler(SchedulingRules rules) { set_rules(std::move(rules)); }

  void set_rules(SchedulingRules rules);
  const SchedulingRules& rules() const { return rules_; }

  // From the store, at start-up.

  /// An unfinished row, and those of its prerequisites that are unfinished. A running row waits for
  /// its run_ended().
  void restore(const Work& work, std::span<const WorkId> prerequisites = {});
  void restore_pauses(const Pauses& pauses) { pauses_.restore(pauses); }
  void restore_ledger(const LedgerEntry& entry) { ledger_.restore(entry); }
  void daemon_was_lost(TimePoint last_seen) { ledger_.daemon_was_lost(last_seen); }
  /// A run on its owner's expedited budget that ended within kQuotaWindow.
  void restore_expedited_run(uid_t owner, TimePoint ended, Duration length);

  // Events. Ids of work that the table does not hold (finished, never known) are ignored.

  /// New work, its id given by the store, or work that comes back; blocked until those
  /// prerequisites have succeeded that are unfinished now.
  void enqueue(Work work, std::span<const WorkId> prerequisites = {});

  /// `fresh` takes the place of `old`, works of one name of which at most one runs: they are
  /// cancelled, and it starts once that child is gone.
  void replace(std::span<const WorkId> old, Work fresh, std::span<const WorkId> prerequisites = {});

  /// New terms, also for a wait that has begun. A run that goes on is finished with the old ones.
  void update(WorkId id, const SharedPolicy& policy, TimePoint now);

  /// The next run is due at that time, once, whatever its delay, period or backoff say; nothing:
  /// when they say.
  void set_time(WorkId id, std::optional<TimePoint> at, TimePoint now);

  /// At once, or as soon as its child is gone. What depends on it is cancelled too.
  void cancel(WorkId id, TimePoint now, StopReason why = StopReason::cancelled);

  /// Enqueued work starts at the next free slot, whatever its delay and constraints.
  void run_now(WorkId id, TimePoint now);

  /// Its present run comes after so many of the same unique name.
  void number_run(WorkId id, std::int32_t runs_before);

  /// One of the paths that triggered work names has changed.
  void paths_changed(WorkId id, TimePoint now);

  /// Starts nothing new of the group until then, or until resume().
  void pause(const std::string& group, std::optional<TimePoint> until) {
    pauses_.pause(group, until);
  }
  void resume(const std::string& group) { pauses_.resume(group); }

  /// The child of running work is gone. Returns what the run came to.
  RunResult run_ended(WorkId id, const ChildEnd& end, const ExitRules& rules, TimePoint now);

  void set_conditions(const Conditions& conditions, TimePoint now);

  /// The wall clock less the time since boot. It is a fact like rules(), and no event of a turn.
  void set_clock_offset(ClockOffset offset);
  ClockOffset clock_offset() const { return agenda().clock_offset(); }
  /// How long running work has run.
  Duration run_time(const Work& work, TimePoint now) const {
    return std::max(agenda().since_boot(now) - work.began, Duration::zero());
  }

  /// Somebody set the clock: no work waits longer than its own delay or period.
  void clock_was_set(TimePoint now);

  /// The rules have another zone: calendar work that is not due yet waits for its time there.
  void zone_changed(TimePoint now);

  /// From now on plan() starts nothing and stops everything.
  void shut_down() { shutting_down_ = true; }

  /// While it holds, plan() starts nothing; what runs goes on.
  void hold_starts(bool holds) { holding_ = holds; }

  /// Stops what may not go on, and starts what is due and allowed while there is room.
  void plan(TimePoint now);

  // The end of a turn.
  Decisions decisions() const;
  void accept();
  void roll_back();

  // What it holds.
  const Work* find(WorkId id) const { return table_.find(id); }
  const Conditions& conditions() const { return agenda().gates().conditions(); }
  const Agenda& agenda() const { return table_.agenda(); }
  const WaitLedger& ledger() const { return ledger_; }
  const Pauses& pauses() const { return pauses_.all(); }
  const std::unordered_map<WorkId, Row>& rows() const { return table_.rows(); }
  std::size_t unfinished_count() const { return table_.rows().size(); }
  std::size_t unfinished_count(uid_t owner) const { return table_.count(owner); }
  std::size_t running_count() const { return agenda().running().size(); }
  /// Slots are free for somebody; for this owner; for this owner in that group.
  bool has_room() const;
  bool has_room(uid_t owner) const;
  bool group_has_room(const std::string& name, uid_t owner) const;
  bool depends_on(WorkId dependent, WorkId prerequisite) const {
    return chains_.depends_on(dependent, prerequisite);
  }

  /// The same works and rules, to be led ahead by themselves. Costs time for each work.
  Scheduler copy() const;

  /// The constraints that any unfinished work names: only these are worth measuring.
  Constraints wanted() const;

  /// When plan() will have something to do if nothing happens before; nothing: never.
  std::optional<TimePoint> next_wakeup() const;

 private:
  /// The first of a lane, and what decides between lanes: the smaller goes first.
  struct Candidate {
    const Work* work = nullptr;
    int running = 0;              // Its owner's runs.
    std::uint64_t served_at = 0;  // When its owner was given a slot last: see served_.
    Rank rank = Rank::normal;
    TimePoint aged{};  // Since when it waits for a slot, as if its priority were 0.

    bool operator<(const Candidate& other) const;
  };

  void wait_anew(Work& work, TimePoint now) const;
  void stop(const Work& work, StopReason why);
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
  std::map<uid_t, std::uint64_t> served_;  // Which of the starts was each owner's last.
  std::vector<std::pair<uid_t, std::uint64_t>> served_before_;  // Since the last accept().
  ExpeditedQuota quota_;
  WaitLedger ledger_;
  std::vector<WorkId> enqueued_;
  std::vector<Start> started_;
  std::vector<Stop> stopped_;
};

/// Failed or cancelled work, enqueued anew: its attempts are counted from the start, and nothing
/// delays it.
Work once_more(Work work, TimePoint now);

/// The row after its run came to `outcome` at `now`: finished, or enqueued for the next attempt or
/// period.
Work after_run(Work work, RunOutcome outcome, TimePoint now, const SchedulingRules& rules);

}  // namespace wm
