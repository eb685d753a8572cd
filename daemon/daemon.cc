#include "daemon/daemon.h"

#include <csignal>
#include <stdexcept>

#include <boost/asio/post.hpp>
#include <date/tz.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/schedule.h"
#include "core/version.h"
#include "daemon/system/machine_ids.h"

namespace wm {

namespace json = boost::json;

namespace {

// The most ready events that one turn gathers: they share one commit.
constexpr int kEventsPerTurn = 512;
constexpr Duration kRetryCommit = 250ms;  // Also what a stop may be late on a full disk.

constexpr const char* kOtherState = "say where to keep the queue with --state-dir DIR";
constexpr const char* kOtherSocket = "say where to listen with --socket PATH";

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR2}) ::sigaddset(&set, signal);
  return set;
}

UniqueFd hold_state(const std::filesystem::path& directory) {
  make_state_directory(directory, kOtherState);
  return lock_state(directory);
}

}  // namespace

Daemon::Daemon(DaemonOptions options, Configuration configuration)
    : options_(std::move(options)),
      configuration_files_(std::move(configuration.files)),
      settings_(std::move(configuration.settings)),
      signals_(loop_),
      service_manager_(loop_),
      zone_(loop_, [this] { manager_.set_zone(zone_.zone()); }),
      state_lock_(hold_state(options_.state_directory)),
      store_(must(SqliteStore::open(options_.state_directory / "wm.db"))),
      helpers_(loop_),
      commands_(loop_),
      runner_(loop_, helpers_, commands_, options_.state_directory, options_.socket,
              settings_.history, Cgroups(options_.state_directory)),
      leftovers_(helpers_, *store_, options_.state_directory),
      manager_(*store_, runner_, settings_, {processors(), zone_.zone(), machine_id(), boot_id()}),
      bus_(loop_),
      sensing_(loop_, bus_, helpers_, commands_, settings_, options_.state_directory,
               [this] { return static_cast<int>(manager_.scheduler().running_count()); }),
      paths_(loop_, helpers_, settings_.limits, [this](WorkId id) { manager_.paths_changed(id); }),
      programs_(loop_, helpers_),
      notifier_(loop_, commands_, *store_, settings_),
      methods_(methods_context()),
      turns_(manager_, methods_,
             [this](const TurnReport& report, TimePoint now) { committed(report, now); }),
      metrics_file_(loop_, helpers_, [this] { return metrics_text(); }),
      alarm_(loop_, [this] { manager_.clock_was_set(); }) {
  ::signal(SIGPIPE, SIG_IGN);
  listen_to_signals();
  if (!options_.system) {
    session_.emplace(loop_);
    runner_.set_session(&*session_);
    commands_.set_session(&*session_);
  }
  manager_.before_plan([this] { sense(wall_clock_now()); });
  inherited_ = Handover::take();
  recover();
  for (const auto& [id, row] : manager_.scheduler().rows()) follow_paths(row.work);
  start_server();
  inherited_.reset();
}

MethodsContext Daemon::methods_context() {
  return {.manager = manager_,
          .store = *store_,
          .sensors = sensing_.sensors(),
          .paths = paths_,
          .log = runner_.log(),
          .settings = settings_,
          .identity = {options_.socket, options_.state_directory.string(), started_at_},
          .operations = {.reexec = [this](const ExchangePtr& exchange) { reexec(exchange); },
                         .connection_count = [this] { return server_->connection_count(); },
                         .metrics = [this] { return metrics_text(); },
                         .diagnose =
                             [this](const std::vector<DeclaredCommand>& commands, uid_t asker) {
                               return wm::diagnose(facts(), settings_, commands, asker);
                             }},
          .look_at_programs =
              [this](uid_t asker, std::vector<UsersCommand> commands, ProgramChecks::Done done) {
                programs_.look(asker, std::move(commands), std::move(done));
              },
          .room_to_keep =
              [this](uid_t user, std::size_t most) {
                return server_->bounds().room_to_keep(user, most);
              }};
}

void Daemon::recover() {
  const TimePoint now = wall_clock_now();
  manager_.set_clock_offset(clock_steps_.look());
  if (!inherited_) return manager_.recover(now);
  json::object& parts = inherited_->parts;
  sensing_.sensors().take_over(parts["sensors"].as_object(), now);
  const json::value* const strangers = parts.if_contains("strangers");
  runner_.take_over(parts["runs"].as_array(), strangers
                                                  ? json::value_to<std::vector<pid_t>>(*strangers)
                                                  : std::vector<pid_t>());
  manager_.recover(now, parts["children"].as_array());
}

void Daemon::start_server() {
  int listener = ServiceManager::passed_socket();
  own_socket_ = listener < 0;
  if (inherited_) listener = kept_descriptor(inherited_->parts["clients"].as_object(), "listener");
  if (listener < 0) {
    const auto directory = std::filesystem::path(options_.socket).parent_path();
    if (options_.own_socket_directory) {
      make_directory(directory, 0700, kOtherSocket);
    } else {
      make_parent(options_.socket, kOtherSocket);
    }
    const auto fresh = listen_at(options_.socket, options_.system ? 0666 : 0600);
    if (!fresh && fresh.error().code == ErrorCode::refused) {
      throw AnotherServes(fresh.error().message);
    }
    listener = must(fresh);
  }
  server_ = std::make_unique<Server>(
      loop_, listener, ServerLimits{.clients = settings_.clients},
      [this](const Server::Calls& calls) { methods_.take(calls); }, [this] { make_durable(); },
      Methods::may_be_together);
  if (inherited_) server_->take_over(inherited_->parts["clients"].as_object());
}

Daemon::~Daemon() {
  server_.reset();
  if (own_socket_) ::unlink(options_.socket.c_str());
}

int Daemon::run() {
  spdlog::info("wmd {} ready: {} unfinished jobs, socket {}", kVersion,
               manager_.scheduler().unfinished_count(), options_.socket);
  turn();
  service_manager_.ready();
  leftovers_.sweep(runner_.outputs_removed());
  while (!over_) {
    take_events();
    turn();
  }
  spdlog::info("wmd stopped");
  return exit_status_;
}

// Whatever one of them causes, the others and the turn go on.
void Daemon::take_events() {
  try {
    loop_.run_one();
    for (int events = 1; events < kEventsPerTurn && loop_.poll_one() > 0; ++events) {
    }
  } catch (const std::exception& e) {
    spdlog::error("an event could not be handled: {}", e.what());
  }
}

void Daemon::turn() {
  const Duration slept = sensing_.measure_after_sleep();
  // The next turn takes those for which this one has no room.
  if (server_->take_calls()) boost::asio::post(loop_, [] {});
  const TimePoint now = wall_clock_now();
  if (slept > Duration::zero()) manager_.machine_slept(now - slept, now);
  manager_.set_clock_offset(clock_steps_.look());
  sensing_.sensors().expire(now);
  turn_began_ = std::chrono::steady_clock::now();
  const Result<> done = turns_.take(now);
  const std::string problem = done ? "" : done.error().message;
  if (!done && turn_problem_ != problem) spdlog::error("a turn is tried again: {}", problem);
  turn_problem_ = problem;
  if (!done) sense(now);  // A turn that failed early has not sensed: questions wait for that.
  end_turn(now);
}

// Does the rest of the turn, once its children are started and stopped.
void Daemon::committed(const TurnReport& report, TimePoint now) {
  try {
    if (!report.ended.empty()) sensing_.measure_storage();
    notifier_.tell(report.statuses, now);
    for (const Work& work : report.changed) follow_paths(work);
  } catch (const std::exception& e) {
    spdlog::error("not everything that follows from a turn is done: {}", e.what());
  }
  const std::int32_t version = sensing_.sensors().version();
  metrics_.observe(report, std::chrono::steady_clock::now() - turn_began_);
  if (std::exchange(told_sensors_, version) != version || !report.changed.empty()) {
    metrics_file_.touch(settings_.metrics.textfile);
  }
}

void Daemon::sense(TimePoint now) {
  const Constraints wanted = manager_.scheduler().wanted();
  sensing_.want(wanted, methods_.wanted(), now);
  Sensors& sensors = sensing_.sensors();
  const bool changed = sensors.take_changed();
  if (changed) manager_.set_conditions(sensors.conditions(), now);
  if (!changed && wanted == kept_wanted_) return;
  manager_.note_conditions(sensors.readings(wanted), now);
  kept_wanted_ = wanted;
}

// Watches the paths of triggered jobs that still wait.
void Daemon::follow_paths(const Work& work) {
  const auto& globs = work.policy.get().trigger.paths;
  if (globs.empty() || !awaits_paths(work)) return paths_.forget(work.id);
  if (paths_.is_watching(work.id, globs)) return;
  paths_.watch(work.id, work.owner, globs, store_->load_paths_seen(work.id));
}

void Daemon::end_turn(TimePoint now) {
  auto next = earliest(manager_.next_wakeup(),
                       earliest(sensing_.sensors().next_expiry(), sensing_.asked_until()));
  const bool failed = !turn_problem_.empty();
  if (failed) next = now + kRetryCommit;
  alarm_.set(next);
  flush_behind();
  move_long_log();
  const Scheduler& scheduler = manager_.scheduler();
  service_manager_.turn_ended(scheduler.unfinished_count(), scheduler.running_count());
  // Events that this turn itself caused belong to the next.
  if (!failed &&
      (manager_.has_unsaved_ends() || sensing_.sensors().changed() || methods_.has_changes())) {
    boost::asio::post(loop_, [] {});
  }
  if (stopping_ && manager_.idle()) {
    over_ = true;
  } else if (stopping_ && failed && !store_->misplaced().empty()) {
    give_up_runs();
  }
  if (replacement_ && replacement_->checked) try_to_hand_over();
}

// Their ends can no longer be recorded: stopping must not wait for that.
void Daemon::give_up_runs() {
  spdlog::critical("{}: stopping, and ending {} runs without a record", store_->misplaced(),
                   manager_.scheduler().running_count());
  runner_.end_leftovers();
  exit_status_ = 1;
  over_ = true;
}

void Daemon::flush_behind() {
  if (flushing_ || !store_->take_flush_due()) return;
  flushing_ = true;
  helpers_.run(
      HelperThreads::flushes,
      [log = store_->log()] {
        SqliteStore::flush(log);
        return true;
      },
      [this](bool) { flushing_ = false; });
}

// The turn that has made it long has kept others waiting: their turn goes first.
void Daemon::move_long_log() {
  if (!store_->has_long_log()) {
    others_went_first_ = false;
    return;
  }
  boost::asio::post(loop_, [this, moves = std::exchange(others_went_first_, true)] {
    if (!moves || !store_->has_long_log()) return;
    make_durable();  // Only here is a failure to write the log noticed.
    store_->move_log();
  });
}

void Daemon::make_durable() {
  try {
    store_->sync();
  } catch (const StoreError& e) {
    // The kernel may have dropped what it could not write: only a restart knows what is on disk.
    spdlog::critical("{}: stopping", e.what());
    exit_status_ = 1;
    over_ = true;
    throw;
  }
}

void Daemon::listen_to_signals() {
  if (!signals_.is_open()) {
    const sigset_t set = handled_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_.assign(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  signals_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& closed) {
                        if (closed) return;
                        listen_to_signals();
                        take_signals();
                      });
}

void Daemon::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.native_handle(), &info, sizeof info) == sizeof info) {
    switch (info.ssi_signo) {
      case SIGCHLD:
        runner_.reap();
        break;
      case SIGHUP:
        reload();
        break;
      case SIGUSR2:
        reexec(nullptr);
        break;
      default:
        if (std::exchange(stopping_, true)) break;
        spdlog::info("stopping: waiting for {} runs to end", manager_.scheduler().running_count());
        service_manager_.stopping();
        manager_.shut_down();
    }
  }
}

void Daemon::reload() {
  auto fresh = options_.load_configuration();
  reload_problem_ = fresh ? "" : fresh.error().message;
  if (!fresh) return spdlog::error("the configuration is not reloaded: {}", reload_problem_);
  configuration_files_ = std::move(fresh->files);
  settings_ = std::move(fresh->settings);
  manager_.settings_changed();
  zone_.look();
  paths_.try_again();
  server_->set_limits(settings_.clients);
  sensing_.settings_changed();
  metrics_file_.touch(settings_.metrics.textfile);
  spdlog::info("the configuration is reloaded");
}

std::string Daemon::metrics_text() const {
  return metrics_.text({.scheduler = manager_.scheduler(),
                        .sensors = sensing_.sensors(),
                        .commits = store_->commit_times(),
                        .syncs = store_->sync_times(),
                        .started_at = started_at_,
                        .connections = server_->connection_count(),
                        .refused_connections = server_->refused(),
                        .unread_bytes = server_->bounds().sum().unread});
}

DaemonFacts Daemon::facts() const {
  return {.system = options_.system,
          .configuration = configuration_files_,
          .reload_problem = reload_problem_,
          .state_directory = options_.state_directory,
          .misplaced = store_->misplaced(),
          .turn_problem = turn_problem_,
          .leftovers = leftovers_.swept(),
          .has_bus = bus_.is_open(),
          .has_cgroups = runner_.cgroups().available(),
          .controllers = runner_.cgroups().controllers(),
          .zone_problem = zone_.problem(),
          .paths = paths_.use(),
          .conditions = sensing_.sensors().to_json(),
          .pauses = manager_.scheduler().pauses(),
          .clients = server_->bounds(),
          .uses = store_->uses(),
          .log_disk = runner_.log_disk()};
}

}  // namespace wm
