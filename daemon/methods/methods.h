// The methods of io.wm.Scheduler: each call of a client becomes a change in the turn, or a question
// that is answered from what the turn left.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/explain.h"
#include "daemon/methods/parts.h"
#include "daemon/methods/waits.h"
#include "daemon/probes/sensors.h"
#include "daemon/runs/run_log.h"
#include "daemon/triggers/path_watches.h"
#include "daemon/turn/program_checks.h"
#include "daemon/turn/work_manager.h"
#include "daemon/upkeep/diagnosis.h"
#include "daemon/wire/server.h"

namespace wm {

/// What `wm status` says of the daemon itself.
struct DaemonIdentity {
  std::string socket;
  std::string state_directory;
  TimePoint started_at{};
};

/// What only the daemon itself can do or tell.
struct DaemonOperations {
  std::function<void(const std::shared_ptr<Exchange>&)> reexec;
  std::function<std::size_t()> connection_count;
  std::function<std::string()> metrics;
  std::function<std::vector<Finding>(const std::vector<DeclaredCommand>& commands, uid_t asker)>
      diagnose;
  /// See ClientBounds::room_to_keep().
  std::function<std::size_t(uid_t user, std::size_t most)> room_to_keep;
  /// See ProgramChecks::look().
  std::function<void(uid_t asker, std::vector<UsersCommand> commands, ProgramChecks::Done done)>
      look_at_programs;
};

class EventQueue;
class LogPages;
class CatchUp;

/// A call that changes something: a Change, and what sends its answer.
struct PendingChange {
  std::shared_ptr<Exchange> exchange;
  std::function<void(TimePoint now)> decide;
  /// Inside the turn's transaction, once all is decided: what sends the answer when it is on disk.
  std::function<std::function<void()>(TimePoint now)> compose;
};

class Methods {
 public:
  Methods(WorkManager& manager, Store& store, Sensors& sensors, PathWatches& paths, RunLog& log,
          const Settings& settings, DaemonIdentity identity);

  using ExchangePtr = std::shared_ptr<Exchange>;

  /// Takes a call for the next turn; what is wrong with it in itself is answered at once.
  void take(const ExchangePtr& exchange);
  /// The same for several of one connection, each of which may_be_together().
  void take(const std::vector<ExchangePtr>& calls);
  /// True if such a call can be decided among others like it, and has a short answer.
  static bool may_be_together(const varlink::Call& call);
  bool has_work() const { return !changes_.empty() || !questions_.empty(); }

  // The daemon's turn, in this order.

  /// Those taken since the last turn, to be decided in this one.
  std::vector<PendingChange> take_changes() { return std::exchange(changes_, {}); }
  /// Answers the questions, from what the last commit has left. Every answer stands alone: one that
  /// cannot be made is an error to the one who asked.
  void answer_questions(TimePoint now);
  /// After a commit: tells those who wait for what it has changed.
  void tell(const TurnReport& report, TimePoint now);
  /// At the end, when all that is committed was told: those who watch from an earlier time on hear
  /// of what is on record, and from now on of what happens.
  void resume_watchers(TimePoint now);

  /// What has to be measured for questions that are open.
  Constraints wanted() const;

  const DaemonIdentity& identity() const { return identity_; }

  /// Before the first call.
  void set_operations(DaemonOperations operations) { operations_ = std::move(operations); }

 private:
  using Handler = void (Methods::*)(const ExchangePtr&);

  using WaitCallPtr = std::shared_ptr<WaitCall>;
  struct Watcher {
    ExchangePtr exchange;
    std::set<std::string> names;  // None: of all that its user may see.
    std::shared_ptr<EventQueue> queue;
  };

  /// One who watches works: from that time on, where it is said.
  struct Resumption {
    ExchangePtr exchange;
    std::set<std::string> names;
    std::optional<TimePoint> since;
  };

  /// Answered once all of that is measured, and has changed since the sensors' version `after`.
  struct SensorQuestion {
    ExchangePtr exchange;
    Constraints wanted;
    std::int32_t after = 0;
    std::function<void(TimePoint now)> answer;
  };

  // changes.cc
  struct Registering {
    ExchangePtr exchange;
    std::shared_ptr<Registration> registration;
    UsersCommand command;
  };
  void register_work(const ExchangePtr& exchange) { register_works({exchange}); }
  void register_works(const std::vector<ExchangePtr>& calls);
  Result<std::optional<Registering>> read_registration(const ExchangePtr& exchange) const;
  void see_programs_of(const std::shared_ptr<std::vector<Registering>>& list);
  void register_seen(const ExchangePtr& exchange,
                     const std::shared_ptr<Registration>& registration);
  void update(const ExchangePtr& exchange);
  void apply(const ExchangePtr& exchange);
  using File = std::shared_ptr<Parts<Registration>>;
  Result<> read_works(const Exchange& exchange, const boost::json::array& works,
                      Parts<Registration>& file, std::vector<UsersCommand>& commands) const;
  void apply_whole(const ExchangePtr& exchange, const File& file, bool prune);
  std::size_t room_to_keep(uid_t user) const;
  Error no_room_to_keep() const;
  Result<WorkRequest> updated(const WorkInfo& info, const boost::json::object& changes,
                              const Peer& peer) const;
  void retry(const ExchangePtr& exchange);
  void run(const ExchangePtr& exchange);
  void pause(const ExchangePtr& exchange);
  void resume(const ExchangePtr& exchange);
  void prune(const ExchangePtr& exchange);
  void prune_state(const ExchangePtr& exchange, const std::string& name);
  void cancel(const ExchangePtr& exchange);
  void cancel_all(const ExchangePtr& exchange, const std::shared_ptr<Parts<std::string>>& named,
                  const std::string& tag);
  void change_work(const ExchangePtr& exchange, const std::string& name,
                   std::function<Result<>(WorkId, TimePoint)> body);
  std::vector<WorkId> works_named(const std::vector<std::string>& names, uid_t owner,
                                  std::string& unknown) const;
  void see_programs(const ExchangePtr& exchange, std::vector<UsersCommand> commands,
                    ProgramChecks::Done then);
  void see_program(const ExchangePtr& exchange, const WorkRequest& request,
                   std::function<void()> then);
  using Fingerprints = std::vector<std::int64_t>;
  void see_paths(const ExchangePtr& exchange, std::vector<PathWatches::Globs> list,
                 std::function<void(const Fingerprints&)> then);

  // reports.cc
  void set_progress(const ExchangePtr& exchange);
  void set_output(const ExchangePtr& exchange);
  void report(const ExchangePtr& exchange, const std::string& id,
              std::function<void(WorkId, TimePoint)> body);

  // waits.cc
  void wait(const ExchangePtr& exchange);
  void begin_wait(const ExchangePtr& exchange, const WaitCallPtr& call, TimePoint now);
  WaitCall::Sources wait_sources() const;
  void go_on(WaitCall& call) const;
  std::optional<boost::json::object> end_on_record(const WaitCall& call, const Awaited& awaited,
                                                   TimePoint now) const;
  void notify_waiters(const TurnReport& report, TimePoint now);
  void drop_waits();

  // streams.cc
  void watch(const ExchangePtr& exchange);
  void begin_watch(const Resumption& asked, const std::shared_ptr<CatchUp>& past, TimePoint now);
  void logs(const ExchangePtr& exchange);
  std::optional<Exchange::Page> follow_log(const ExchangePtr& exchange, const std::string& name,
                                           LogPages& pages);
  std::optional<RunInfo> run_after(uid_t owner, const std::string& name, const RunInfo& run) const;
  void tell_watchers(const WorkInfo& info, const boost::json::object& event);
  void tell_progress(WorkId id, const RunProgress& progress, TimePoint now);
  void notify_followers(const TurnReport& report);
  void notify_watchers(const TurnReport& report, TimePoint now);

  // questions.cc
  void why(const ExchangePtr& exchange);
  void forecast_runs(const ExchangePtr& exchange);
  void list(const ExchangePtr& exchange);
  void show(const ExchangePtr& exchange);
  void history(const ExchangePtr& exchange);
  void conditions(const ExchangePtr& exchange);
  void check(const ExchangePtr& exchange);
  boost::json::object show_conditions() const;
  void answer_sensor_questions(TimePoint now);
  void override_conditions(const ExchangePtr& exchange);
  void clear_overrides(const ExchangePtr& exchange);
  void status(const ExchangePtr& exchange);
  void diagnose(const ExchangePtr& exchange);
  void metrics(const ExchangePtr& exchange);
  void tasks(const ExchangePtr& exchange);
  void reexec(const ExchangePtr& exchange);

  void ask(const ExchangePtr& exchange, std::function<void(TimePoint now)> question);
  void explain(std::vector<Wait>& waits) const;
  std::vector<Wait> waits_of(const Work& work, TimePoint now) const;
  boost::json::array chain_of(WorkId id) const;
  boost::json::array waited_so_far(WorkId id, TimePoint now) const;
  boost::json::object show_work(const WorkInfo& info, TimePoint now) const;
  /// The members of an answer that shows that work.
  boost::json::object work_reply(WorkId id, TimePoint now) const;

  static const std::unordered_map<std::string_view, Handler>& handlers();

  WorkManager& manager_;
  Store& store_;
  Sensors& sensors_;
  PathWatches& paths_;
  RunLog& log_;
  const Settings& settings_;
  DaemonIdentity identity_;
  DaemonOperations operations_;
  std::vector<PendingChange> changes_;
  std::vector<std::pair<ExchangePtr, std::function<void(TimePoint)>>> questions_;
  std::vector<SensorQuestion> sensor_questions_;
  std::vector<WaitCallPtr> wait_calls_;
  std::unordered_multimap<WorkId, WaitCallPtr> waiters_;  // By what they wait for.
  std::vector<Watcher> watchers_;
  std::vector<Resumption> resuming_;                                    // Of the present turn.
  std::unordered_multimap<WorkId, std::weak_ptr<Exchange>> followers_;  // Of logs: until a change.
};

}  // namespace wm
