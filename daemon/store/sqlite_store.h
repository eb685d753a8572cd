// The store on SQLite. Opening refuses a file that it does not understand, and never overwrites it.
//
// It is one class in five files: sqlite_store.cc has the transactions, work_records.cc the jobs,
// history.cc the runs, condition_changes.cc the past conditions, and disk_use.cc the disk use per
// owner.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <unordered_map>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/error.h"
#include "core/text.h"
#include "daemon/store/histogram.h"
#include "daemon/store/placed_files.h"
#include "daemon/store/store.h"
#include "daemon/store/stored_form.h"

namespace wm {

class SqliteStore : public Store {
 public:
  /// Opens or creates the database. The error says what is wrong with the file: corrupt, written by
  /// a newer wmd, another program's, in use by another daemon.
  static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file);

  void begin() override;
  void commit() override;
  void roll_back() noexcept override;
  void sync() override;

  /// Writes the content of the log to the disk, from any thread. sync() and the moving of the log
  /// into the database, which run on the loop, then have little left to do.
  static void flush(const std::filesystem::path& log);
  const std::filesystem::path& log() const { return log_; }
  /// True if that is worth while: many commits have come since this was last true.
  bool take_flush_due();
  /// True if the log should be moved into the database. No commit does that, because it takes long.
  bool has_long_log() const;
  /// Moves it, and syncs the database. Call sync() before.
  void move_log();

  /// Says why nothing may be committed: a file of the database was removed, moved or replaced since
  /// it was opened, so that writes would go to a file without a name. Empty: none was.
  std::string misplaced() const { return files_.misplaced(); }

  /// The durations of those two, if there was anything to do.
  const Histogram& commit_times() const { return commit_times_; }
  const Histogram& sync_times() const { return sync_times_; }

  void supersede(WorkId holder) override;
  WorkId insert(const NewWork& fresh, const std::vector<WorkId>& prerequisites) override;
  void save(const Work& work, Duration keep) override;
  void save_cancelled(const std::vector<WorkId>& ids, TimePoint since, StopReason why,
                      Duration keep) override;
  void update(WorkId id, const WorkRequest& request, bool applied) override;
  void save_paths_seen(WorkId id, std::int64_t fingerprint) override;
  void start_run(const RunInfo& run) override;
  void end_run(const RunInfo& run) override;
  void save_log_size(WorkId id, int run, std::int64_t bytes) override;
  void save_output(WorkId id, const std::string& output) override;
  void save_progress(WorkId id, const RunProgress& progress) override;
  void save_boot(const std::string& boot) override;
  void save_pauses(const Pauses& pauses) override;
  void save_ledger(const LedgerEntry& entry) override;
  void save_condition_changes(std::span<const ConditionChange> changes) override;
  void forget_condition_changes(TimePoint before, int limit) override;
  std::optional<TimePoint> oldest_condition_change() override;
  std::vector<ForgottenRun> forget_runs(WorkId id, int last, int most) override;
  Pruned prune(std::optional<uid_t> owner, WorkId after, int most, const std::set<WorkId>& spared,
               Duration keep_state) override;
  Pruned expire(TimePoint now, int limit, const std::set<WorkId>& spared,
                Duration keep_state) override;
  void use_state(WorkId id) override;
  void release_states(const std::vector<WorkId>& ended, Duration keep) override;
  void forget_state(StateId id) override;
  std::vector<StateId> expire_states(TimePoint now, int limit, Duration keep) override;
  std::vector<RemovedLog> remove_logs(uid_t owner, std::int64_t bytes, int limit) override;
  OwnerUse use_of(uid_t owner) override;
  std::vector<OwnerUse> uses() override;
  std::optional<TimePoint> next_expiry() override;

  std::optional<WorkId> find(uid_t owner, const std::string& unique_name) override;
  std::vector<std::string> names(uid_t owner, int most) override;
  std::optional<uid_t> owner_of(const std::string& unique_name) override;
  std::optional<StateId> find_state(uid_t owner, const std::string& unique_name) override;
  std::optional<WorkInfo> info(WorkId id) override;
  std::vector<WorkInfo> infos(std::span<const WorkId> ids) override;
  std::vector<WorkInfo> list(const WorkFilter& filter) override;
  std::optional<WorkId> reach(const WorkFilter& filter, int most) override;
  std::vector<KeptChange> condition_changes(TimePoint since, const std::optional<KeptChange>& last,
                                            int limit) override;
  std::vector<ConditionChange> condition_changes_before(TimePoint time) override;
  std::vector<KeptChange> condition_changes_around(const std::optional<ConditionId>& condition,
                                                   TimePoint time, int limit) override;
  RunPage history(const RunFilter& filter) override;
  std::optional<RunInfo> next_run(uid_t owner, const std::string& unique_name, int number) override;
  Newest<RunInfo> runs_ended(const RecordFilter& filter) override;
  Newest<WorkMark> works_registered(const RecordFilter& filter) override;
  Newest<WorkMark> works_finished(const RecordFilter& filter) override;
  RunTotals totals(WorkId id) override;
  std::optional<Duration> usual_length(uid_t owner, const std::string& unique_name) override;
  std::optional<RunInfo> run(uid_t owner, const std::string& unique_name, int number) override;
  std::vector<WorkId> unfinished(std::optional<uid_t> owner, const std::string& tag) override;
  NameRecord record_of(uid_t owner, const std::string& unique_name) override;
  std::vector<WorkId> applied(uid_t owner) override;
  std::vector<ChainLink> prerequisites(WorkId id) override;
  std::vector<ChainLink> dependents(WorkId id, int limit) override;
  std::vector<std::string> outputs_of_prerequisites(WorkId id) override;
  bool has_run(WorkId work, int number) override;
  bool has_state(StateId id) override;
  std::vector<StoredWork> load() override;
  std::optional<std::int64_t> load_paths_seen(WorkId id) override;
  std::string load_boot() override;
  Pauses load_pauses() override;
  std::vector<LedgerEntry> load_ledger() override;
  std::vector<ExpeditedRun> expedited_runs(TimePoint since) override;

 private:
  explicit SqliteStore(const std::filesystem::path& file);

  /// The statement with that text, prepared once and ready to be bound.
  SQLite::Statement& statement(std::string_view sql);
  void add_inserted_bytes();
  std::int64_t policy_id(const SharedPolicy& policy);
  void drop_unused_policy(std::int64_t id);
  void begin_pruning();
  Pruned forget_pruned(Duration keep_state);
  void insert_tags(WorkId id, const std::vector<std::string>& tags);
  std::int64_t reach_of(const RunFilter& filter);
  void load_prerequisites(std::vector<StoredWork>& works);

  SQLite::Database database_;
  TextMap<SQLite::Statement> statements_;
  // The recently used ones.
  std::unordered_map<SharedPolicy, std::int64_t, boost::hash<SharedPolicy>> policy_ids_;
  StoredPolicies policies_;
  std::int64_t changes_ = 0;  // Rows changed before the present transaction.
  // The bytes of each owner's jobs that are new in it. add_inserted_bytes() puts them in owner_use.
  std::map<uid_t, std::int64_t> inserted_bytes_;
  bool unsynced_ = false;
  PlacedFiles files_;
  std::filesystem::path log_;
  int log_length_ = 0;  // Pages, after the last commit.
  int commits_ = 0;     // The commits since take_flush_due() was true.
  Histogram commit_times_;
  Histogram sync_times_;
};

}  // namespace wm
