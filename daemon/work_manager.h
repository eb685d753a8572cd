// The turn: events come in, the scheduler decides, the store commits, and only then children are
// started and stopped. What nobody has seen may be lost in a crash; what anybody has seen is on
// disk.
#pragma once

#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "config/settings.h"
#include "core/scheduler.h"
#include "daemon/runner.h"
#include "daemon/store.h"

namespace wm {

/// A registration that has been found valid.
struct Registration {
  uid_t owner = 0;
  std::string uuid;  // The work's id, should it be stored.
  WorkRequest request;
  ExistingPolicy existing = ExistingPolicy::keep;
};

enum class RegisterResult : std::uint8_t { enqueued, kept, replaced };
template <>
struct Words<RegisterResult> {
  static constexpr std::string_view kind = "result of a registration";
  static constexpr std::array<std::string_view, 3> list{"enqueued", "kept", "replaced"};
};

struct Registered {
  WorkInfo info;
  RegisterResult result = RegisterResult::enqueued;
};

/// What a turn has changed, for those who wait to hear of it.
struct TurnReport {
  std::vector<Work> changed;
  std::vector<WorkId> ended;  // Works whose run ended.
};

class WorkManager {
 public:
  /// Runs inside the turn's transaction and may call register_work() and cancel().
  using Change = std::function<void()>;

  WorkManager(Store& store, Runner& runner, const Settings& settings, int processors);

  /// Once, before the first turn: work that a daemon before this one left running is interrupted
  /// and enqueued; its processes are ended first. Throws: a daemon that cannot recover must not
  /// run.
  void recover(TimePoint now);

  void set_conditions(const Conditions& conditions) { scheduler_.set_conditions(conditions); }

  /// After the settings were read anew.
  void settings_changed(int processors);

  /// From the next turn on nothing is started, and every run is told to stop.
  void shut_down() { scheduler_.shut_down(); }
  bool idle() const { return scheduler_.running_count() == 0 && finished_.empty(); }

  // Only from a Change.
  Registered register_work(const Registration& registration, TimePoint now);
  void cancel(WorkId id) { scheduler_.cancel(id); }

  /// Decides and commits. Throws StoreError; then nothing has happened: not on disk, not in memory,
  /// not in the world, and ended runs wait for the next turn.
  TurnReport decide(TimePoint now, std::span<const Change> changes);

  /// Does what the last turns decided. Starts that fail are ended runs of the next turn.
  void act();

  /// Whether a turn has something to do that no event will announce.
  bool has_unsettled_runs() const { return !finished_.empty(); }

  const Scheduler& scheduler() const { return scheduler_; }

 private:
  struct Child {
    ExitRules exit_rules;
  };

  void settle(const FinishedRun& run, TimePoint now);
  void save_decisions(const Decisions& decisions, TimePoint now);
  void start(WorkId id);
  std::optional<ChildEnd> launch(const WorkInfo& info);

  Store& store_;
  Runner& runner_;
  const Settings& settings_;
  Scheduler scheduler_;
  std::vector<FinishedRun> finished_;  // Ended, and not settled on disk yet.
  std::unordered_map<WorkId, Child> children_;
  std::vector<WorkId> to_start_;
  std::vector<Stop> to_stop_;
};

}  // namespace wm
