// The store without a disk, for simulated machines; it passes the same contract as the real one.
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "daemon/store/store.h"

namespace wm {

class MemoryStore : public Store {
 public:
  /// While set, nothing can be committed: the disk is full.
  bool full = false;

  void begin() override;
  void commit() override;
  void roll_back() noexcept override;
  void sync() override {}

  void supersede(WorkId holder) override;
  WorkId insert(const NewWork& fresh, const std::vector<WorkId>& prerequisites) override;
  void save(const Work& work, Duration keep) override;
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
  void save_cancelled(const std::vector<WorkId>& ids, TimePoint since, StopReason why,
                      Duration keep) override;
  void release_states(const std::vector<WorkId>& ended, Duration keep) override;
  void forget_state(StateId id) override;
  std::vector<StateId> expire_states(TimePoint now, int limit, Duration keep) override;
  std::vector<RemovedLog> remove_logs(uid_t owner, std::int64_t bytes, int limit) override;
  OwnerUse use_of(uid_t owner) override;
  std::vector<OwnerUse> uses() override;
  std::optional<TimePoint> next_expiry() override;

  std::optional<WorkId> find(uid_t owner, const std::string& unique_name) override;
  std::optional<StateId> find_state(uid_t owner, const std::string& unique_name) override;
  std::optional<WorkInfo> info(WorkId id) override;
  std::vector<std::string> names(uid_t owner, int most) override;
  std::optional<uid_t> owner_of(const std::string& unique_name) override;
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
  std::string load_boot() override { return boot_; }
  Pauses load_pauses() override;
  std::vector<LedgerEntry> load_ledger() override;
  std::vector<ExpeditedRun> expedited_runs(TimePoint since) override;

 private:
  struct Row {
    WorkInfo info;
    std::vector<WorkId> prerequisites;
    bool superseded = false;
    std::optional<std::int64_t> paths_seen;
    std::optional<TimePoint> expires;
  };

  struct KeptState {
    StateId id = 0;
    std::optional<TimePoint> expires;
  };
  using Name = std::pair<uid_t, std::string>;

  Row& change(WorkId id);
  Name name_of(WorkId id) const;
  void change_state(const Name& name, std::optional<KeptState> state);
  bool is_unused(WorkId id) const;
  Pruned forget_works(const std::vector<WorkId>& ids, Duration keep_state);
  void release(WorkId id, Duration keep);
  ChainLink link_to(WorkId id) const;
  bool belongs(const RunInfo& run, const RunFilter& filter) const;
  Newest<WorkMark> marks(const RecordFilter& filter, bool finished) const;

  std::map<WorkId, Row> works_;
  std::deque<RunInfo> runs_;
  std::map<std::pair<uid_t, std::string>, WorkId> names_;  // The job that holds each name.
  std::map<WorkId, std::vector<WorkId>> dependents_;
  std::string boot_;
  Pauses pauses_;
  std::deque<LedgerEntry> ledger_;
  std::vector<KeptChange> changes_;  // In the order of their times.
  std::int64_t last_change_ = 0;
  WorkId last_id_ = 0;
  std::map<Name, KeptState> states_;
  StateId last_state_ = 0;
  std::vector<std::function<void()>> undo_;  // Take the changes since begin() back, in order.
};

}  // namespace wm
