// The persistent queue: every job, its state, and the history of its runs.
#pragma once

#include <limits>
#include <set>
#include <span>
#include <stdexcept>
#include <vector>

#include "core/condition_history.h"
#include "core/scheduler.h"

namespace wm {

/// The disk, or the database on it, did not do what it should. The turn rolls back and the daemon
/// goes on.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Selects jobs; oldest first.
struct WorkFilter {
  std::optional<uid_t> owner;
  std::vector<WorkState> states;  // None: unfinished jobs, or all with `finished`.
  std::vector<std::string> tags;  // Any of these.
  std::string task_name;
  bool finished = false;
  WorkId after = 0;               // The last one of the previous page.
  std::optional<WorkId> up_to{};  // The last one that may be listed; nothing: any may.
  int limit = 500;
};

/// Selects runs; newest first.
struct RunFilter {
  std::optional<uid_t> owner;
  std::string unique_name;
  bool failed = false;  // Only those for which is_failure() holds.
  std::optional<TimePoint> since;
  std::optional<TimePoint> until{};  // Only those that had started then.
  std::int64_t before = 0;           // The last key of the previous page.
  int limit = 500;
  int looked_at = std::numeric_limits<int>::max();  // The most for one page, roughly, shown or not.
};

struct RunPage {
  std::vector<RunInfo> runs;  // May be empty although the next page has some.
  std::int64_t last = 0;      // The next page goes on here; 0: there is none.
};

/// The owner of the jobs, and the time from which on they count.
struct RecordFilter {
  std::optional<uid_t> owner;
  std::set<std::string> names;  // None: all.
  TimePoint since{};
  int limit = 4096;  // The most that are looked at, of all owners.

  bool covers(uid_t user, const std::string& unique_name) const {
    return (!owner || *owner == user) && (names.empty() || names.contains(unique_name));
  }
};

/// A job without its terms.
struct WorkMark {
  WorkId id = 0;
  uid_t owner = 0;
  std::string unique_name;
  TimePoint registered_at{};
  TimePoint since{};  // The time at which it reached its state.
  WorkState state = WorkState::enqueued;
};

/// The newest of something; if there was too much, those before `cut_at` are left out.
template <class T>
struct Newest {
  std::vector<T> list;
  std::optional<TimePoint> cut_at;
};

/// A job that is to be stored. Its parts must outlive it; the row has the request's policy.
struct NewWork {
  const std::string& uuid;
  const WorkRequest& request;
  const Work& work;
  TimePoint registered_at{};
  bool applied = false;
  const std::string& stored;  // stored_rest() of the request, or empty.
};

/// An unfinished row, and its prerequisites.
struct StoredWork {
  Work work;
  std::vector<WorkId> prerequisites;
};

/// The jobs of a unique name.
struct NameRecord {
  std::optional<WorkId> holder;    // The newest; nothing: it was forgotten, or never was.
  std::vector<WorkId> unfinished;  // Oldest first: the holder, and those that held it before.
};

/// One end of a chain's link, for showing.
struct ChainLink {
  WorkId id = 0;
  std::string unique_name;
  WorkState state = WorkState::enqueued;
  TimePoint since{};
};

/// A run on its owner's expedited budget.
struct ExpeditedRun {
  uid_t owner = 0;
  TimePoint ended{};
  Duration length{};
};

/// A run whose record is gone: its logs may go too.
struct ForgottenRun {
  WorkId work = 0;
  int run = 0;

  bool operator==(const ForgottenRun&) const = default;
};

/// A directory that a unique name keeps from run to run. The number is random, and so never given
/// twice, even by databases that know nothing of each other.
using StateId = std::int64_t;

/// The bytes that one owner keeps.
struct OwnerUse {
  uid_t owner = 0;
  std::int64_t work_bytes = 0;  // Registrations and outputs, finished or not.
  std::int64_t log_bytes = 0;   // The logs of runs that have ended.

  bool operator==(const OwnerUse&) const = default;
};

/// A log that must make room; the record of its run stays.
struct RemovedLog {
  ForgottenRun run;
  std::int64_t bytes = 0;

  bool operator==(const RemovedLog&) const = default;
};

struct Pruned {
  std::vector<WorkId> works;
  std::vector<ForgottenRun> runs;
  std::optional<WorkId> reached;  // The last job that was looked at, if there are more.
};

/// A kept change, and its place among all of them: they are in the order of their times.
struct KeptChange {
  ConditionChange change;
  std::int64_t id = 0;

  bool operator==(const KeptChange&) const = default;
};

/// The most kept changes of conditions, whatever time they are kept for.
constexpr int kMostConditionChanges = 100'000;

/// Every change happens between begin() and commit(). All calls throw StoreError.
/// The runs that usual_length() looks at.
inline constexpr int kUsualRuns = 8;

class Store {
 public:
  virtual ~Store() = default;

  virtual void begin() = 0;
  /// The changes survive the end of this process, but perhaps not a loss of power: see sync().
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;

  /// Everything committed survives a loss of power. Nothing may be shown to anyone before. Costs
  /// nothing if nothing was committed since the last call.
  virtual void sync() = 0;

  /// The job that holds its unique name gives it up to one that is inserted next.
  virtual void supersede(WorkId holder) = 0;
  /// Stores a new job with an id that was never used. Nobody holds its unique name.
  virtual WorkId insert(const NewWork& fresh, const std::vector<WorkId>& prerequisites) = 0;
  /// Saves the scheduler's row of a stored job. A finished job is forgotten `keep` later, unless it
  /// was registered with another time. Only an enqueued job keeps its progress.
  virtual void save(const Work& work, Duration keep) = 0;
  /// The same for jobs of which only this has changed: they were cancelled while they waited.
  virtual void save_cancelled(const std::vector<WorkId>& ids, TimePoint since, StopReason why,
                              Duration keep) = 0;
  /// Saves the terms of a stored job, but not its row. Its progress is forgotten.
  virtual void update(WorkId id, const WorkRequest& request, bool applied) = 0;
  /// Saves what scan_paths() found for the trigger of a stored job.
  virtual void save_paths_seen(WorkId id, std::int64_t fingerprint) = 0;
  virtual void start_run(const RunInfo& run) = 0;
  virtual void end_run(const RunInfo& run) = 0;
  /// Saves the size of an ended run's log; a run that is forgotten by now is ignored.
  virtual void save_log_size(WorkId id, int run, std::int64_t bytes) = 0;
  virtual void save_output(WorkId id, const std::string& output) = 0;
  /// Saves the progress of the last run of an enqueued job.
  virtual void save_progress(WorkId id, const RunProgress& progress) = 0;
  /// Saves the boot of the machine for which `Work::began` counts.
  virtual void save_boot(const std::string& boot) = 0;
  virtual void save_pauses(const Pauses& pauses) = 0;
  /// Keeps the newest kLedgerEntries. The meaning of unknown conditions is in the configuration,
  /// and not kept.
  virtual void save_ledger(const LedgerEntry& entry) = 0;

  /// Keeps the newest kMostConditionChanges.
  virtual void save_condition_changes(std::span<const ConditionChange> changes) = 0;
  /// Forgets changes before that time, the oldest `limit` of them.
  virtual void forget_condition_changes(TimePoint before, int limit) = 0;
  virtual std::optional<TimePoint> oldest_condition_change() = 0;

  /// Forgets the runs of that job's unique name, except the newest `most` up to run `last`.
  virtual std::vector<ForgottenRun> forget_runs(WorkId id, int last, int most) = 0;
  /// Forgets finished jobs that no unfinished job depends on, except `spared`: of that owner, or of
  /// all, among the next `most` jobs after that one. The state directories of their names go
  /// `keep_state` after the last run.
  virtual Pruned prune(std::optional<uid_t> owner, WorkId after, int most,
                       const std::set<WorkId>& spared, Duration keep_state) = 0;
  /// The same for at most `limit` jobs whose time has come.
  virtual Pruned expire(TimePoint now, int limit, const std::set<WorkId>& spared,
                        Duration keep_state) = 0;

  /// A run of that job starts: its owner and unique name have a state directory from now on.
  virtual void use_state(WorkId id) = 0;
  /// Call it for jobs that have ended. The state directory of a name goes `keep` after its last
  /// run. A job that will be forgotten earlier is left out here: prune() and expire() set the time
  /// when they forget it.
  virtual void release_states(const std::vector<WorkId>& ended, Duration keep) = 0;
  virtual void forget_state(StateId id) = 0;
  /// Forgets state directories whose time has come, at most `limit`. A name keeps its directory
  /// until `keep` after the last run of any job on record, and longer if one is unfinished.
  virtual std::vector<StateId> expire_states(TimePoint now, int limit, Duration keep) = 0;

  /// Records the logs of that owner's oldest ended runs as removed, until that many bytes are free:
  /// at most `limit` logs.
  virtual std::vector<RemovedLog> remove_logs(uid_t owner, std::int64_t bytes, int limit) = 0;
  /// Takes the same time however much that is, because a sum is kept.
  virtual OwnerUse use_of(uid_t owner) = 0;
  /// All owners who keep anything.
  virtual std::vector<OwnerUse> uses() = 0;
  /// The next time at which a finished job or a state directory is to be forgotten.
  virtual std::optional<TimePoint> next_expiry() = 0;

  /// The job that holds the name now, finished or not.
  virtual std::optional<WorkId> find(uid_t owner, const std::string& unique_name) = 0;
  /// Some of that owner's names: of the newest jobs, and of unfinished ones; perhaps repeated.
  virtual std::vector<std::string> names(uid_t owner, int most) = 0;
  /// An owner who has a job of that name on record.
  virtual std::optional<uid_t> owner_of(const std::string& unique_name) = 0;
  /// Nothing: no run of that name has started, or it has been forgotten.
  virtual std::optional<StateId> find_state(uid_t owner, const std::string& unique_name) = 0;
  virtual std::optional<WorkInfo> info(WorkId id) = 0;
  /// The same for several, in that order, repeated ones included. Those that are not on record are
  /// left out.
  virtual std::vector<WorkInfo> infos(std::span<const WorkId> ids) = 0;
  /// The same for a job that must be on record: StoreError if it is not.
  WorkInfo recorded(WorkId id);
  virtual std::vector<WorkInfo> list(const WorkFilter& filter) = 0;
  /// The end of a page (`up_to`) that looks at no more than `most` jobs, listed or not. Nothing:
  /// all jobs looked at are listed, or there are no more.
  virtual std::optional<WorkId> reach(const WorkFilter& filter, int most) = 0;
  /// Changes of conditions at `since` or later, after `last` if there is one, oldest first.
  virtual std::vector<KeptChange> condition_changes(TimePoint since,
                                                    const std::optional<KeptChange>& last,
                                                    int limit) = 0;
  /// The last change of each condition, and of the daemon, before that time.
  virtual std::vector<ConditionChange> condition_changes_before(TimePoint time) = 0;
  /// The changes of one condition, or of the daemon, around that time, oldest first: at most
  /// `limit` up to it, and as many after it.
  virtual std::vector<KeptChange> condition_changes_around(
      const std::optional<ConditionId>& condition, TimePoint time, int limit) = 0;
  virtual RunPage history(const RunFilter& filter) = 0;
  /// One run of a name; if `number` is 0, the newest.
  virtual std::optional<RunInfo> run(uid_t owner, const std::string& unique_name, int number) = 0;
  /// The run of a name with the smallest number above that one.
  virtual std::optional<RunInfo> next_run(uid_t owner, const std::string& unique_name,
                                          int number) = 0;
  /// Runs that ended at that time or later, the newest end first.
  virtual Newest<RunInfo> runs_ended(const RecordFilter& filter) = 0;
  /// Jobs that were registered at that time or later, the newest first.
  virtual Newest<WorkMark> works_registered(const RecordFilter& filter) = 0;
  /// Jobs that reached a terminal state at that time or later, the newest first.
  virtual Newest<WorkMark> works_finished(const RecordFilter& filter) = 0;
  /// The totals of that job's ended runs.
  virtual RunTotals totals(WorkId id) = 0;
  /// The mean length of the last successful runs of a name; nothing: there is none.
  virtual std::optional<Duration> usual_length(uid_t owner, const std::string& unique_name) = 0;
  /// Ids of unfinished jobs, with that tag if there is one, oldest first.
  virtual std::vector<WorkId> unfinished(std::optional<uid_t> owner, const std::string& tag) = 0;
  virtual NameRecord record_of(uid_t owner, const std::string& unique_name) = 0;
  /// The jobs that files have declared and that hold their names now.
  virtual std::vector<WorkId> applied(uid_t owner) = 0;
  /// Its prerequisites, in the order in which they were named.
  virtual std::vector<ChainLink> prerequisites(WorkId id) = 0;
  virtual std::vector<ChainLink> dependents(WorkId id, int limit) = 0;
  /// JSON objects, in the order of the prerequisites; missing ones are left out.
  virtual std::vector<std::string> outputs_of_prerequisites(WorkId id) = 0;

  // Called by a starting daemon.

  /// True if that run is on record.
  virtual bool has_run(WorkId work, int number) = 0;
  virtual bool has_state(StateId id) = 0;

  /// All unfinished jobs, oldest first.
  virtual std::vector<StoredWork> load() = 0;
  /// Nothing: its paths have not been scanned.
  virtual std::optional<std::int64_t> load_paths_seen(WorkId id) = 0;
  virtual std::string load_boot() = 0;  // Empty: unknown.
  virtual Pauses load_pauses() = 0;
  virtual std::vector<LedgerEntry> load_ledger() = 0;  // Oldest first.
  virtual std::vector<ExpeditedRun> expedited_runs(TimePoint since) = 0;
};

inline WorkInfo Store::recorded(WorkId id) {
  std::optional<WorkInfo> found = info(id);
  if (!found) throw StoreError("the record of work #" + std::to_string(id) + " is missing");
  return *std::move(found);
}

}  // namespace wm
