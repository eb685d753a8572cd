// The persistent queue: every work, its state, and the history of its runs.
#pragma once

#include <limits>
#include <set>
#include <stdexcept>
#include <vector>

#include "core/scheduler.h"

namespace wm {

/// The disk, or the database on it, did not do what was asked. The turn rolls back and lives on.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Which works to show; oldest first.
struct WorkFilter {
  std::optional<uid_t> owner;
  std::vector<WorkState> states;  // None: unfinished work, or all with `finished`.
  std::vector<std::string> tags;  // Any of these.
  std::string task_name;
  bool finished = false;
  WorkId after = 0;               // The last of the page before.
  std::optional<WorkId> up_to{};  // None beyond that.
  int limit = 500;
};

/// Which runs to show; newest first.
struct RunFilter {
  std::optional<uid_t> owner;
  std::string unique_name;
  bool failed = false;  // Only those of which is_failure() holds.
  std::optional<TimePoint> since;
  std::int64_t before = 0;  // The last key of the page before.
  int limit = 500;
  int looked_at = std::numeric_limits<int>::max();  // For one page, be they shown or not, about.
};

struct RunPage {
  std::vector<RunInfo> runs;  // Perhaps none, and yet the next page has some.
  std::int64_t last = 0;      // Where the next page goes on; 0: there is none.
};

/// The owner of the works, and the time from which on they count.
struct RecordFilter {
  std::optional<uid_t> owner;
  std::set<std::string> names;  // None: all.
  TimePoint since{};
  int limit = 4096;  // So many are looked at, whosever they are.

  bool covers(uid_t user, const std::string& unique_name) const {
    return (!owner || *owner == user) && (names.empty() || names.contains(unique_name));
  }
};

/// A work without its terms.
struct WorkMark {
  WorkId id = 0;
  uid_t owner = 0;
  std::string unique_name;
  TimePoint registered_at{};
  TimePoint since{};  // Of its state.
  WorkState state = WorkState::enqueued;
};

/// The newest of something; where there was too much, what came before `cut_at` is not among them.
template <class T>
struct Newest {
  std::vector<T> list;
  std::optional<TimePoint> cut_at;
};

/// An unfinished row, and its prerequisites.
struct StoredWork {
  Work work;
  std::vector<WorkId> prerequisites;
};

/// One end of a chain's link, as it is shown.
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

/// A directory that a unique name keeps from run to run. Never given twice, not even by databases
/// that know nothing of each other: it is random.
using StateId = std::int64_t;

/// The bytes that one owner keeps.
struct OwnerUse {
  uid_t owner = 0;
  std::int64_t work_bytes = 0;  // Registrations and outputs, finished or not.
  std::int64_t log_bytes = 0;   // The logs of runs that have ended.

  bool operator==(const OwnerUse&) const = default;
};

/// A log that has to make room: the record of its run stays.
struct RemovedLog {
  ForgottenRun run;
  std::int64_t bytes = 0;

  bool operator==(const RemovedLog&) const = default;
};

struct Pruned {
  std::vector<WorkId> works;
  std::vector<ForgottenRun> runs;
};

/// Every change happens between begin() and commit(). All calls throw StoreError.
class Store {
 public:
  virtual ~Store() = default;

  virtual void begin() = 0;
  /// The changes survive the end of this process, but perhaps not a loss of power: see sync().
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;

  /// Everything committed survives a loss of power. Nothing may be shown to anyone before. Costs
  /// nothing where nothing was committed since the last call.
  virtual void sync() = 0;

  /// Stores new work and gives it an id that was never used. It takes the unique name over from the
  /// work that held it.
  virtual WorkId insert(const WorkInfo& info, const std::vector<WorkId>& prerequisites) = 0;
  /// The scheduler's row of work that is stored. Once finished, it is forgotten `keep` later,
  /// unless it was registered with a time of its own. Only enqueued work keeps its progress.
  virtual void save(const Work& work, Duration keep) = 0;
  /// The terms of work that is stored, but not its row. Its progress is forgotten.
  virtual void update(WorkId id, const WorkRequest& request, bool applied) = 0;
  /// What scan_paths() found for the trigger of work that is stored.
  virtual void save_paths_seen(WorkId id, std::int64_t fingerprint) = 0;
  virtual void start_run(const RunInfo& run) = 0;
  virtual void end_run(const RunInfo& run) = 0;
  /// Bytes that the log of a run which has ended takes; one that is forgotten by now is ignored.
  virtual void save_log_size(WorkId id, int run, std::int64_t bytes) = 0;
  virtual void save_output(WorkId id, const std::string& output) = 0;
  /// Keeps how far the last run of enqueued work got.
  virtual void save_progress(WorkId id, const RunProgress& progress) = 0;
  /// The boot of the machine in which `Work::began` is counted.
  virtual void save_boot(const std::string& boot) = 0;
  virtual void save_pauses(const Pauses& pauses) = 0;
  /// Keeps the newest kLedgerEntries. What unknown conditions count as is the configuration's, and
  /// not kept.
  virtual void save_ledger(const LedgerEntry& entry) = 0;

  /// Forgets runs of that work's unique name, but for the newest `most` up to run `last`.
  virtual std::vector<ForgottenRun> forget_runs(WorkId id, int last, int most) = 0;
  /// Forgets finished work that nothing unfinished depends on: at most `limit` works of that owner
  /// (nothing: of all), and only those whose time has come by `now`, where it is given. None of
  /// those `spared`.
  virtual Pruned prune(std::optional<uid_t> owner, std::optional<TimePoint> now, int limit,
                       const std::set<WorkId>& spared) = 0;

  /// A run of that work starts: its owner and unique name have a state directory from now on.
  virtual void use_state(WorkId id) = 0;
  /// That work has ended: what its name has kept goes `keep` after the last run.
  virtual void release_state(WorkId id, Duration keep) = 0;
  virtual void forget_state(StateId id) = 0;
  /// Forgets those whose time has come, `limit` at the most. A name that has unfinished work keeps
  /// its own until that has ended.
  virtual std::vector<StateId> expire_states(TimePoint now, int limit) = 0;

  /// The logs of that owner's oldest ended runs are on record as removed, until so many bytes are
  /// free: at most `limit` of them.
  virtual std::vector<RemovedLog> remove_logs(uid_t owner, std::int64_t bytes, int limit) = 0;
  /// Kept as a sum: it costs the same however much that is.
  virtual OwnerUse use_of(uid_t owner) = 0;
  /// All owners who keep anything.
  virtual std::vector<OwnerUse> uses() = 0;
  /// When the next finished work is to be forgotten, or the next state directory.
  virtual std::optional<TimePoint> next_expiry() = 0;

  /// The work that holds the name now, finished or not.
  virtual std::optional<WorkId> find(uid_t owner, const std::string& unique_name) = 0;
  /// Nothing: no run of that name has started, or it has been forgotten.
  virtual std::optional<StateId> find_state(uid_t owner, const std::string& unique_name) = 0;
  virtual std::optional<WorkInfo> info(WorkId id) = 0;
  /// The same of work that must be on record: StoreError if it is not.
  WorkInfo recorded(WorkId id);
  virtual std::vector<WorkInfo> list(const WorkFilter& filter) = 0;
  /// Where a page should end (`up_to`) so that at most so many works are looked at for it, be they
  /// listed or not. Nothing: as many are listed as are looked at, or there are no more.
  virtual std::optional<WorkId> reach(const WorkFilter& filter, int most) = 0;
  virtual RunPage history(const RunFilter& filter) = 0;
  /// One run of a name, the newest where `number` is 0.
  virtual std::optional<RunInfo> run(uid_t owner, const std::string& unique_name, int number) = 0;
  /// The run of a name that has the smallest number above that one.
  virtual std::optional<RunInfo> next_run(uid_t owner, const std::string& unique_name,
                                          int number) = 0;
  /// Runs that ended then or later, the newest end first.
  virtual Newest<RunInfo> runs_ended(const RecordFilter& filter) = 0;
  /// Works that were registered then or later, the newest first.
  virtual Newest<WorkMark> works_registered(const RecordFilter& filter) = 0;
  /// Works that came to a terminal state then or later, the newest first.
  virtual Newest<WorkMark> works_finished(const RecordFilter& filter) = 0;
  /// Of the runs of that work that have ended.
  virtual RunTotals totals(WorkId id) = 0;
  /// Ids of unfinished work, with one tag or unique name where given, oldest first.
  virtual std::vector<WorkId> unfinished(std::optional<uid_t> owner, const std::string& tag,
                                         const std::string& unique_name) = 0;
  /// The works that files have declared and that hold their names now.
  virtual std::vector<WorkId> applied(uid_t owner) = 0;
  /// In the order in which they were named.
  virtual std::vector<ChainLink> prerequisites(WorkId id) = 0;
  virtual std::vector<ChainLink> dependents(WorkId id, int limit) = 0;
  /// JSON objects, in the order of the prerequisites; those that have none are left out.
  virtual std::vector<std::string> outputs_of_prerequisites(WorkId id) = 0;

  // For a daemon that starts.

  /// Whether that is on record.
  virtual bool has_run(WorkId work, int number) = 0;
  virtual bool has_state(StateId id) = 0;

  /// All unfinished work, oldest first.
  virtual std::vector<StoredWork> load() = 0;
  /// Nothing: its paths have not been seen.
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
