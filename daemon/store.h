// The persistent queue: every work, its state, and the history of its runs.
#pragma once

#include <stdexcept>
#include <vector>

#include "core/work.h"

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
  WorkId after = 0;  // The last of the page before.
  int limit = 500;
};

/// Which runs to show; newest first.
struct RunFilter {
  std::optional<uid_t> owner;
  std::string unique_name;
  bool failed = false;  // Only those that did not succeed.
  std::optional<TimePoint> since;
  std::int64_t before = 0;  // The last key of the page before.
  int limit = 500;
};

struct RunPage {
  std::vector<RunInfo> runs;
  std::int64_t last = 0;  // Where the next page goes on; 0: there is none.
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
  virtual WorkId insert(const WorkInfo& info) = 0;
  /// The scheduler's row of work that is stored.
  virtual void save(const Work& work) = 0;
  virtual void start_run(const RunInfo& run) = 0;
  virtual void end_run(const RunInfo& run) = 0;

  /// The work that holds the name now, finished or not.
  virtual std::optional<WorkId> find(uid_t owner, const std::string& unique_name) = 0;
  virtual std::optional<WorkInfo> info(WorkId id) = 0;
  virtual std::vector<WorkInfo> list(const WorkFilter& filter) = 0;
  virtual RunPage history(const RunFilter& filter) = 0;
  /// One run of a name, the newest where `number` is 0.
  virtual std::optional<RunInfo> run(uid_t owner, const std::string& unique_name, int number) = 0;
  /// Ids of unfinished work, of one owner and with one tag where given.
  virtual std::vector<WorkId> unfinished(std::optional<uid_t> owner, const std::string& tag) = 0;
  /// The scheduler's rows of all unfinished work, oldest first.
  virtual std::vector<Work> load() = 0;
};

}  // namespace wm
