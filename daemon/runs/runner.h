// Runs commands in children.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/outcome.h"

namespace wm {

/// A file system, in bytes; 0: it does not tell.
struct DiskSpace {
  std::int64_t size = 0;
  std::int64_t free = 0;  // For those who are not root.
};

/// One run to start. The runner makes of it what INTERFACE promises a run gets.
struct Launch {
  WorkInfo info;
  std::string input;                 // A JSON object: its own, and its prerequisites' outputs.
  std::vector<std::string> command;  // An absolute path first.
  std::map<std::string, std::string> env;  // The task's and the work's own, to be added.
  Duration stop_grace{};                   // From SIGTERM to SIGKILL.
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
  std::string output;  // What it left in WM_OUTPUT_FILE; untrusted.
};

/// Every start ends in exactly one call of the first handler, never made from inside start() or
/// stop().
class Runner {
 public:
  using OnFinished = std::function<void(const FinishedRun&)>;
  using OnSuspended = std::function<void(WorkId id, bool suspended)>;
  using OnLogged = std::function<void(WorkId id, int run, std::int64_t bytes)>;

  virtual ~Runner() = default;
  virtual void on_finished(OnFinished handler) = 0;
  /// Told when the first process of a run is stopped, as by SIGSTOP, and when it goes on.
  virtual void on_suspended(OnSuspended handler) = 0;
  /// Told after the end of a run that has printed something, once all of that is in its log; never
  /// during a turn's decisions.
  virtual void on_logged(OnLogged handler) = 0;

  /// If there is no child, that is its end: not_started or no_room.
  virtual void start(const Launch& launch) = 0;

  /// A request: the child may take its grace. Work that does not run is ignored.
  virtual void stop(WorkId id, StopReason reason) = 0;

  /// Clears away what ended runs had: called when nothing waits to be started.
  virtual void tidy() = 0;

  /// Whether work waits, so that the next start should find all ready that does not depend on which
  /// work it is.
  virtual void expect(bool start) = 0;

  /// Removes the logs of a run that is over.
  virtual void forget(WorkId id, int run) = 0;

  /// Removes a state directory that no run uses any more.
  virtual void forget_state(std::int64_t id) = 0;

  /// Bytes that the log of a run which an earlier daemon has lost takes on disk.
  virtual std::int64_t log_size(WorkId id, int run) const = 0;
  /// Where the logs are.
  virtual DiskSpace log_disk() const = 0;

  /// Ends what an earlier daemon left running, and returns once it is gone.
  virtual void end_leftovers() = 0;
};

}  // namespace wm
