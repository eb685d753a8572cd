// The store without a disk, for simulated machines; it passes the same contract as the real one.
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "daemon/store.h"

namespace wm {

class MemoryStore : public Store {
 public:
  /// While set, nothing can be committed: the disk is full.
  bool full = false;

  void begin() override;
  void commit() override;
  void roll_back() noexcept override;
  void sync() override {}

  WorkId insert(const WorkInfo& info) override;
  void save(const Work& work) override;
  void start_run(const RunInfo& run) override;
  void end_run(const RunInfo& run) override;

  std::optional<WorkId> find(uid_t owner, const std::string& unique_name) override;
  std::optional<WorkInfo> info(WorkId id) override;
  std::vector<WorkInfo> list(const WorkFilter& filter) override;
  RunPage history(const RunFilter& filter) override;
  std::optional<RunInfo> run(uid_t owner, const std::string& unique_name, int number) override;
  std::vector<WorkId> unfinished(std::optional<uid_t> owner, const std::string& tag) override;
  std::vector<Work> load() override;

 private:
  struct Row {
    WorkInfo info;
    bool superseded = false;
  };

  Row& change(WorkId id);
  bool belongs(const RunInfo& run, const RunFilter& filter) const;

  std::map<WorkId, Row> works_;
  std::deque<RunInfo> runs_;  // References stay good as it grows: undo_ holds some.
  WorkId last_id_ = 0;
  std::vector<std::function<void()>> undo_;  // What takes the changes since begin() back, in order.
};

}  // namespace wm
