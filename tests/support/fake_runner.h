// Children on paper: each lives for a simulated time, and takes a while to die.
#pragma once

#include <map>

#include "daemon/runs/runner.h"

namespace wm {

// The meaning of tasks' exit codes.
inline const ChildEnd kTryAgain{ChildEnd::How::exited, 75, ""};
inline const ChildEnd kBroken{ChildEnd::How::exited, 70, ""};

/// The planned life of a child.
struct Life {
  Duration takes = 1s;                         // If left alone.
  ChildEnd end{ChildEnd::How::exited, 0, ""};  // Its end in that case.
  Duration dying = 1s;                         // From the request to stop to its end.
  bool finishes_when_stopped = false;          // Exits 0 although it was told to stop.
  std::optional<ChildEnd> cannot_start;
  std::string output;  // Left in WM_OUTPUT_FILE.
};

class FakeRunner : public Runner {
 public:
  explicit FakeRunner(const TimePoint& now) : now_(now) {}

  /// Plans the life of the next child; called at each start.
  std::function<Life(const Launch&)> life = [](const Launch&) { return Life{}; };
  /// Called before each start.
  std::function<void(const Launch&)> before_start = [](const Launch&) {};

  /// The runs whose logs were removed.
  std::vector<std::pair<WorkId, int>> forgotten;
  /// The state directories that were removed.
  std::vector<std::int64_t> forgotten_states;

  void on_finished(OnFinished handler) override { on_finished_ = std::move(handler); }
  void on_suspended(OnSuspended) override {}
  void on_logged(OnLogged) override {}
  void start(const Launch& launch) override;
  void stop(WorkId id, StopReason reason) override;
  void tidy() override {}
  void expect(bool) override {}
  void forget(WorkId id, int run) override { forgotten.push_back({id, run}); }
  void forget_state(std::int64_t id) override { forgotten_states.push_back(id); }
  std::int64_t log_size(WorkId, int) const override { return 0; }
  DiskSpace log_disk() const override { return {}; }
  void end_leftovers() override { children_.clear(); }

  /// Somebody sets the clock ahead by `step`: the children live on.
  void clock_was_set(Duration step) {
    for (auto& [id, child] : children_) child.ends += step;
  }

  /// Ends the children whose time has come.
  void live();
  std::optional<TimePoint> next_end() const;

  struct Child {
    uid_t owner = 0;
    std::string unique_name;
    TimePoint ends{};
    Life life;
    bool told_to_stop = false;
  };
  const std::map<WorkId, Child>& children() const { return children_; }

 private:
  const TimePoint& now_;
  OnFinished on_finished_;
  std::map<WorkId, Child> children_;
};

}  // namespace wm
