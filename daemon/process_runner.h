// The runner on real processes: starts them as INTERFACE promises, reaps them, and stops them.
#pragma once

#include <filesystem>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/resource.h>

#include "daemon/child.h"
#include "daemon/processes.h"
#include "daemon/run_log.h"
#include "daemon/run_outputs.h"
#include "daemon/run_records.h"
#include "daemon/runner.h"
#include "daemon/users.h"

namespace wm {

class ProcessRunner : public Runner {
 public:
  /// `state_dir` has the folders `logs`, `running` and `outputs`. Children are told `socket` as
  /// WM_SOCKET.
  ProcessRunner(boost::asio::io_context& loop, const std::filesystem::path& state_dir,
                std::string socket);

  void on_finished(OnFinished handler) override { on_finished_ = std::move(handler); }
  std::optional<ChildEnd> start(const Launch& launch) override;
  void stop(WorkId id, StopReason reason) override;
  void forget(WorkId id, int run) override;
  void end_leftovers() override;

  /// After SIGCHLD: takes every child that has ended.
  void reap();
  /// Told of children of the daemon that are no runs.
  void on_other_child(std::function<void(pid_t pid, int status)> ended) {
    other_child_ended_ = std::move(ended);
  }

  const RunLog& log() const { return log_; }

 private:
  struct Run {
    WorkId work = 0;
    int number = 0;
    std::string uuid;
    ProcessStat leader;
    Duration stop_grace{};
    std::unique_ptr<boost::asio::steady_timer> grace;  // Set once it was told to stop.
  };

  Result<User> user_of(uid_t owner) const;
  void kill_all(const Run& run) const;
  void finished(pid_t pid, int status, const rusage& usage);
  /// Kills what is left of a run until nothing is, and only then settles it.
  void end_stragglers(const std::shared_ptr<const Run>& run, const FinishedRun& end);
  void settle(const Run& run, const FinishedRun& end);

  boost::asio::io_context& loop_;
  std::string socket_;
  RunLog log_;
  RunRecords records_;
  RunOutputs outputs_;
  Result<User> self_;
  OnFinished on_finished_;
  std::unordered_map<pid_t, Run> runs_;
  std::unordered_map<WorkId, pid_t> pids_;
  std::function<void(pid_t, int)> other_child_ended_ = [](pid_t, int) {};
};

}  // namespace wm
