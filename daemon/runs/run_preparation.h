// The parts of a run that do not depend on its job: a place on record, a control group, pipes, and
// perhaps a child that waits for its plan. One set can be ready before any run is due.
#pragma once

#include <expected>
#include <memory>
#include <optional>

#include "daemon/runs/cgroups.h"
#include "daemon/runs/processes.h"
#include "daemon/runs/run_log.h"
#include "daemon/runs/run_records.h"
#include "daemon/runs/runner.h"
#include "daemon/system/child.h"

namespace wm {

struct PreparedRun {
  RunRecords::Place place;
  LogReadEnds pipes;
  LogWriteEnds ends;  // Open until its child has them.
  int cgroup = -1;
  std::unique_ptr<Child> child;  // Waits for its plan; none: it must be started with it.
  ProcessStat leader;            // Identifies that child.
};

// These are the ends of runs that have had no child.

ChildEnd end_of(const StartFailure& failure);
/// Takes the reason from errno.
ChildEnd no_room(const char* what);

class RunPreparation {
 public:
  RunPreparation(RunRecords& records, Cgroups& cgroups, ChildMemory child_memory)
      : records_(records), cgroups_(cgroups), child_memory_(child_memory) {}

  /// Returns the prepared run that is ready, or a new one that has no child yet.
  std::expected<PreparedRun, ChildEnd> take();

  /// Gives it a child: one that waits, or one that begins with that plan. Returns the problem if it
  /// gets none.
  std::optional<ChildEnd> add_waiting_child(PreparedRun& prepared) const;
  std::optional<ChildEnd> start_child(PreparedRun& prepared, const ChildPlan& plan) const;

  /// It does not become a run: kills its child, and waits for the end.
  void discard(const PreparedRun& prepared);

  /// Sets whether one should be ready, with a child that waits. If it cannot be made, the next
  /// take() says why.
  void keep_one_ready(bool wanted);
  /// True if that is its child.
  bool has_child(pid_t pid) const { return ready_ && ready_->leader.pid == pid; }
  /// Any child of the daemon has ended. False: it was not that one.
  bool child_ended(pid_t pid);

 private:
  std::expected<PreparedRun, ChildEnd> make();
  ChildFiles files_of(const PreparedRun& prepared) const;
  std::optional<ChildEnd> add(PreparedRun& prepared,
                              std::expected<std::unique_ptr<Child>, StartFailure> child) const;

  RunRecords& records_;
  Cgroups& cgroups_;
  ChildMemory child_memory_;
  std::optional<PreparedRun> ready_;
};

}  // namespace wm
