// The runner on real processes: starts runs as documented, reaps them, and stops them.
//
// One class in three files: process_runner.cc starts and stops runs, run_end.cc ends them, and
// runner_handover.cc hands them over to another program.
#pragma once

#include <filesystem>
#include <functional>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/resource.h>

#include "config/settings.h"
#include "daemon/runs/cgroups.h"
#include "daemon/runs/processes.h"
#include "daemon/runs/run_files.h"
#include "daemon/runs/run_log.h"
#include "daemon/runs/run_preparation.h"
#include "daemon/runs/run_records.h"
#include "daemon/runs/runner.h"
#include "daemon/system/child.h"
#include "daemon/system/handover.h"
#include "daemon/system/helper_commands.h"
#include "daemon/system/helper_threads.h"
#include "daemon/system/session_variables.h"
#include "daemon/system/users.h"

namespace wm {

class ProcessRunner : public Runner {
 public:
  /// `state_directory` has the folders `logs`, `outputs` and `work`. Children get `socket` as
  /// WM_SOCKET.
  ProcessRunner(boost::asio::io_context& loop, HelperThreads& helpers, HelperCommands& commands,
                const std::filesystem::path& state_directory, std::string socket,
                const HistorySettings& history, Cgroups cgroups,
                ChildMemory child_memory = kChildMemories.front());

  ~ProcessRunner() override;

  /// From now on the runs of the daemon's own user have these variables, with their values at each
  /// start; runs of other users have runtime_variables(), as all have without this call.
  void set_session(SessionVariables* session) { session_ = session; }

  void on_finished(OnFinished handler) override { on_finished_ = std::move(handler); }
  void on_suspended(OnSuspended handler) override { on_suspended_ = std::move(handler); }
  void on_logged(OnLogged handler) override { on_logged_ = std::move(handler); }
  void start(const Launch& launch) override;
  void stop(WorkId id, StopReason reason) override;
  void tidy() override;
  void expect(bool start) override;
  void forget(WorkId id, int run) override { log_.remove(id, run); }
  void forget_state(std::int64_t id) override;
  std::int64_t log_size(WorkId id, int run) const override { return log_.size(id, run); }
  DiskSpace log_disk() const override;
  void end_leftovers() override;
  /// The number of those runs' outputs that this has removed.
  int outputs_removed() const { return outputs_removed_; }

  /// True if every run can go on under another program in this process: each has begun, and none is
  /// being cleared away.
  bool can_hand_over();
  /// Returns the state for take_over() of the next program's runner. From now on no output of runs
  /// is taken in; resume() ends that.
  boost::json::array hand_over(Handover& handover);
  void resume() { quiet_.clear(); }
  /// `strangers` are children of this process that no program here has started.
  void take_over(const boost::json::array& runs, std::vector<pid_t> strangers);
  const std::vector<pid_t>& strangers() const { return strangers_; }

  /// Takes every child that has ended, was stopped or goes on; called after SIGCHLD.
  void reap();

  RunLog& log() { return log_; }
  const Cgroups& cgroups() const { return cgroups_; }

 private:
  struct Run {
    WorkId work = 0;
    int number = 0;
    std::string unique_name;
    std::string uuid;
    ProcessStat leader;
    RunRecords::Place place;
    Bounds bounds;
    uid_t uid = 0;
    std::unique_ptr<Child> child;   // Set until it has begun.
    std::optional<ChildPlan> plan;  // Set until its session is known.
    Variables variables;            // The session adds to these.
    std::string note;               // The parts of its request that it did not get.
    Duration stop_grace{};
    std::unique_ptr<boost::asio::steady_timer> grace;  // Set once it was told to stop.
    /// Releases what its beginning took, once that is over; false: it is not.
    bool forget_beginning() {
      if (child->has_begun() && !child->failure()) child.reset();
      return !child;
    }
    bool ended = false;   // Nothing is left of it.
    bool killed = false;  // Its grace was used up.
    bool in_grace() const { return grace && !killed; }
  };
  using RunPtr = std::shared_ptr<Run>;

  std::optional<ChildEnd> try_to_start(const Launch& launch);
  std::optional<ChildEnd> give_child(Run& run, const WorkInfo& info, PreparedRun& prepared,
                                     ChildPlan plan);
  /// The variables of the locale and the session.
  Variables surroundings_of(uid_t uid) const;
  void give_plan(Run& run) const;
  Result<User> user_of(const WorkInfo& info) const;
  void clean_up(const Run& run);
  std::vector<pid_t> processes_left(const Run& run) const;
  std::vector<pid_t> orphans_of(const Run& run) const;
  void kill_all(Run& run);
  void child_ended(pid_t pid, int status, const rusage& usage);
  static std::string out_of_grace(const Run& run);
  std::string explain_kill(const Run& run);
  void wait_for_grace(const RunPtr& run, Duration time);
  /// Signals the processes that have left the group of a stopped run, and so have not been told.
  void tell_the_rest(const Run& run);
  /// Reports the end of a run whose first process is gone, once nothing is left of it. Until then
  /// the remaining processes have the rest of the grace, if the run was told to stop; otherwise
  /// they are killed.
  void end_stragglers(const RunPtr& run, FinishedRun end);
  /// Calls `look_again` once one of them, or all of its control group, may be gone.
  void await_death(const Run& run, const std::vector<pid_t>& left,
                   std::function<void()> look_again);
  void report_end(const RunPtr& run, FinishedRun end);

  boost::asio::io_context& loop_;
  HelperThreads& helpers_;
  HelperCommands& commands_;  // Children of the daemon that are no runs.
  std::string socket_;
  Cgroups cgroups_;
  RunLog log_;
  RunRecords records_;
  RunFiles files_;
  RunPreparation preparation_;
  User self_;
  SessionVariables* session_ = nullptr;
  bool oom_protected_;
  std::int64_t oom_kills_;
  OnFinished on_finished_;
  OnSuspended on_suspended_ = [](WorkId, bool) {};
  OnLogged on_logged_ = [](WorkId, int, std::int64_t) {};
  std::unordered_map<pid_t, RunPtr> runs_;
  std::unordered_map<WorkId, pid_t> pids_;
  std::vector<pid_t> strangers_;   // Children that this process had when it became wmd.
  std::vector<RunPtr> beginning_;  // Their children may not run their programs yet.
  std::vector<RunPtr> closing_;    // The first process is gone, and others may not be.
  int ending_ = 0;                 // Runs whose end nobody has been told yet.
  std::vector<RunPtr> untidy_;     // They are over, and not cleared away.
  int outputs_removed_ = 0;
  std::vector<std::unique_lock<std::mutex>> quiet_;
};

}  // namespace wm
