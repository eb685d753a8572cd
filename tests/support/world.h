// A simulated machine: its time, its conditions, its disk, and a real WorkManager over them.
#pragma once

#include <memory>
#include <optional>

#include <boost/json.hpp>

#include "daemon/turn/work_manager.h"
#include "tests/support/fake_runner.h"
#include "tests/support/memory_store.h"
#include "tests/support/now.h"

namespace wm {

/// A one-off command of that name.
WorkRequest oneoff(const std::string& name);
/// A periodic command.
WorkRequest periodic(const std::string& name, Duration every);

/// Everything connected, charged and spacious.
Conditions good_conditions();

class World {
 public:
  explicit World(int max_parallel = 2);

  TimePoint now = kNow;
  ClockOffset clock_offset{};   // `now` minus the time since boot.
  std::string boot = "a boot";  // The machine's boot id.
  Conditions conditions = good_conditions();
  Settings settings;
  const date::time_zone* zone = nullptr;  // UTC.
  MemoryStore store;
  FakeRunner runner{now};

  WorkId enqueue(const WorkRequest& request, ExistingPolicy existing = ExistingPolicy::keep,
                 uid_t owner = 1000);
  void cancel(WorkId id);
  /// A path that the work names changes.
  void change_path(WorkId id);
  /// The run of that job says that it is alive.
  void hear(WorkId id);
  /// Its owner keeps that job alive.
  void keep_alive(WorkId id);
  /// Runs a turn with any other change. False: it could not be committed.
  bool change(const std::function<void(WorkManager&)>& body);

  /// Lives through every due moment and every child's end, in order.
  void advance(Duration time);
  /// Decides and does everything that is ready at this moment.
  void take_turns();
  /// Sets the clock.
  void set_clock(TimePoint time);
  /// Kills the daemon with SIGKILL, and starts a new one.
  void crash();
  /// Another program takes over the children.
  void hand_over();
  /// Tells the daemon to stop, and ends every child.
  void shut_down();

  WorkState state(WorkId id) { return store.info(id).value().work.state; }
  int runs(WorkId id) { return store.info(id).value().work.runs; }
  std::vector<RunInfo> history() { return store.history({}).runs; }
  const Scheduler& scheduler() const { return manager_->scheduler(); }
  WorkManager& manager() { return *manager_; }
  /// The settings were changed. Without clients each turn applies them itself.
  void reload() { manager_->settings_changed(); }

  /// Called after each turn, once it is committed and done.
  std::function<void(const TurnReport&)> after_turn = [](const TurnReport&) {};
  /// Called after each daemon has recovered.
  std::function<void()> after_restart = [] {};
  /// True: the daemon is killed after it has committed a turn, before it acts.
  std::function<bool()> dies = [] { return false; };
  bool writes_down = true;
  /// Takes each turn in place of a daemon without clients. False: it could not be committed.
  std::function<bool()> serve;

  /// `+31s #1 enqueued -> running`: every change of state so far, one per line.
  const std::string& transcript() const { return transcript_; }
  void write_down(const TurnReport& report);

 private:
  void start_daemon(const std::optional<boost::json::array>& children = {});
  bool turn(std::span<const Change> changes);

  TimePoint began_ = now;
  std::unique_ptr<WorkManager> manager_;
  std::map<WorkId, WorkState> last_states_;
  std::string transcript_;
};

}  // namespace wm
