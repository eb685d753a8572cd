// Runs commands in children.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/outcome.h"

namespace wm {

/// A file system, in bytes; 0: unknown.
struct DiskSpace {
  std::int64_t size = 0;
  std::int64_t free = 0;  // The space for users other than root.
};

/// One run to start. The runner gives it everything that wm-semantics(7) promises.
struct Launch {
  WorkInfo info;
  std::string input;                 // A JSON object: its own, and its prerequisites' outputs.
  std::vector<std::string> command;  // The first is an absolute path.
  std::map<std::string, std::string> env;  // The task's and the job's additions.
  Duration stop_grace{};                   // The time from SIGTERM to SIGKILL.
  std::int64_t state = 0;                  // The number of its state directory.
};

struct FinishedRun {
  WorkId work = 0;
  ChildEnd end;
  std::int64_t max_rss_kb = 0;
  Duration user_time{};
  Duration system_time{};
  std::int64_t read_kb = 0;
  std::int64_t written_kb = 0;
  std::string output;  // The content of WM_OUTPUT_FILE; untrusted.
};

/// Every start ends in exactly one call of the first handler, which is never made from inside
/// start() or stop().
class Runner {
 public:
  using OnFinished = std::function<void(const FinishedRun&)>;
  using OnSuspended = std::function<void(WorkId id, bool suspended)>;
  using OnLogged = std::function<void(WorkId id, int run, std::int64_t bytes)>;

  virtual ~Runner() = default;
  virtual void on_finished(OnFinished handler) = 0;
  /// Called when the first process of a run is stopped, for example by SIGSTOP, and when it goes
  /// on.
  virtual void on_suspended(OnSuspended handler) = 0;
  /// Called after the end of a run that has printed something, once all of it is in its log; never
  /// during a turn's decisions.
  virtual void on_logged(OnLogged handler) = 0;

  /// If there is no child, the run ends at once: not_started or no_room.
  virtual void start(const Launch& launch) = 0;

  /// A request: the child may take its grace. A job that does not run is ignored.
  virtual void stop(WorkId id, StopReason reason) = 0;

  /// Clears away what is left of ended runs; called when nothing waits to be started.
  virtual void tidy() = 0;

  /// `start`: jobs wait, so the next start should find everything prepared that does not depend on
  /// the job.
  virtual void expect(bool start) = 0;

  /// Removes the logs of a run that is over.
  virtual void forget(WorkId id, int run) = 0;

  /// Removes a state directory that no run uses any more.
  virtual void forget_state(std::int64_t id) = 0;

  /// The bytes that the log of a run takes on disk which an earlier daemon has lost.
  virtual std::int64_t log_size(WorkId id, int run) const = 0;
  /// The file system of the logs.
  virtual DiskSpace log_disk() const = 0;

  /// Ends everything that an earlier daemon left running, and returns once it is gone.
  virtual void end_leftovers() = 0;
};

}  // namespace wm
