// The daemon runs everything on one loop, turn by turn.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "config/files.h"
#include "daemon/methods/methods.h"
#include "daemon/notify/notifier.h"
#include "daemon/probes/sensing.h"
#include "daemon/runs/process_runner.h"
#include "daemon/store/sqlite_store.h"
#include "daemon/system/bus.h"
#include "daemon/system/clock.h"
#include "daemon/system/handover.h"
#include "daemon/system/local_zone.h"
#include "daemon/system/place.h"
#include "daemon/system/service_manager.h"
#include "daemon/system/session_variables.h"
#include "daemon/system/unique_fd.h"
#include "daemon/triggers/path_watches.h"
#include "daemon/turn/program_checks.h"
#include "daemon/turn/work_manager.h"
#include "daemon/turns.h"
#include "daemon/upkeep/leftovers.h"
#include "daemon/upkeep/metrics.h"
#include "daemon/wire/server.h"

namespace wm {

struct DaemonOptions {
  bool system = false;  // It serves all users; otherwise the user who runs it.
  std::string socket;
  bool own_socket_directory =
      false;  // The socket's directory must be the user's, and closed to others.
  std::filesystem::path state_directory;
  std::function<Result<Configuration>()> load_configuration;  // Called for reloads.
  std::string program;                 // The running program, as an absolute path.
  std::vector<std::string> arguments;  // Its arguments.
};

class Daemon {
 public:
  /// Opens everything, and recovers what an earlier daemon left. Throws std::runtime_error with a
  /// sentence for people.
  Daemon(DaemonOptions options, Configuration configuration);
  ~Daemon();

  /// Runs until it is told to stop and every run has ended. Returns the exit status.
  int run();

 private:
  MethodsContext methods_context();
  void listen_to_signals();
  void take_signals();
  void reload();
  std::string metrics_text() const;
  DaemonFacts facts() const;
  void recover();
  void start_server();
  // reexec.cc
  void reexec(const std::shared_ptr<Exchange>& asked);
  void take_check(const HelperEnd& end);
  void try_to_hand_over();
  void keep_this_program(const std::string& why);
  void take_events();
  void turn();
  void committed(const TurnReport& report, TimePoint now);
  void sense(TimePoint now);
  void follow_paths(const Work& work);
  void end_turn(TimePoint now);
  void give_up_runs();
  void flush_behind();
  void move_long_log();
  void make_durable();

  DaemonOptions options_;
  TimePoint started_at_ = wall_clock_now();
  std::vector<std::filesystem::path> configuration_files_;
  Settings settings_;
  std::string reload_problem_;  // The reason why the last reload was refused; empty: none.
  boost::asio::io_context loop_{1};
  boost::asio::posix::stream_descriptor signals_;
  ServiceManager service_manager_;
  LocalZone zone_;
  UniqueFd state_lock_;
  std::unique_ptr<SqliteStore> store_;
  HelperThreads helpers_;
  HelperCommands commands_;
  ProcessRunner runner_;
  std::optional<SessionVariables> session_;  // Set if a single user is served.
  Leftovers leftovers_;
  WorkManager manager_;
  ClockSteps clock_steps_;
  Bus bus_;
  Sensing sensing_;
  Constraints kept_wanted_;  // The constraints of jobs, whose conditions' changes are kept.
  PathWatches paths_;
  ProgramChecks programs_;
  Notifier notifier_;
  Methods methods_;
  Turns turns_;
  Metrics metrics_;
  MetricsFile metrics_file_;
  std::int32_t told_sensors_ = 0;  // The version of the sensors that the file shows.
  Alarm alarm_;
  std::unique_ptr<Server> server_;
  std::optional<Handover> inherited_;  // Set until it is taken over.

  /// Another program is to replace this one.
  struct Replacement {
    std::vector<std::shared_ptr<Exchange>> asked;
    // Checks whether that program accepts the configuration.
    std::shared_ptr<HelperCommands::Run> check;
    bool checked = false;
    std::chrono::steady_clock::time_point began;
    boost::asio::steady_timer again;
  };
  std::optional<Replacement> replacement_;
  bool own_socket_ = true;          // True if we have to remove its file.
  bool flushing_ = false;           // A helper thread is flushing.
  bool others_went_first_ = false;  // Since the database's log is long.
  bool stopping_ = false;
  std::chrono::steady_clock::time_point turn_began_;
  std::string turn_problem_;  // The reason why the last turn failed; it is tried again.
  int exit_status_ = 0;
  bool over_ = false;
};

}  // namespace wm
