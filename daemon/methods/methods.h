// The methods of io.wm.Scheduler: routes each call of a client by its name, and offers the turn
// what it needs of all of them.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/methods/changes.h"
#include "daemon/methods/daemon_methods.h"
#include "daemon/methods/logs.h"
#include "daemon/methods/questions.h"
#include "daemon/methods/registrations.h"
#include "daemon/methods/run_side.h"

namespace wm {

/// All that calls are answered with. What is referred to outlives the methods, and no function is
/// called before the first call.
struct MethodsContext {
  WorkManager& manager;
  Store& store;
  Sensors& sensors;
  PathWatches& paths;
  RunLog& log;
  const Settings& settings;
  DaemonIdentity identity;
  DaemonOperations operations;
  LookAtPrograms look_at_programs;
  RoomForParts::RoomToKeep room_to_keep;
};

class Methods {
 public:
  explicit Methods(MethodsContext context);
  Methods(const Methods&) = delete;
  Methods& operator=(const Methods&) = delete;

  /// Takes a call for the next turn; what is wrong with it in itself is answered at once.
  void take(const ExchangePtr& exchange);
  /// The same for several of one connection, each of which may_be_together().
  void take(const std::vector<ExchangePtr>& calls);
  /// True if such a call can be decided among others like it, and has a short answer.
  static bool may_be_together(const varlink::Call& call);
  bool has_work() const { return !pending_changes_.empty() || !pending_questions_.empty(); }

  // The daemon's turn, in this order.

  /// The changes taken since the last turn, to be decided in this one.
  PendingChanges take_changes() { return std::exchange(pending_changes_, {}); }
  /// Answers the questions, from what the last commit has left. Every answer stands alone: one that
  /// cannot be made is an error to the one who asked.
  void answer_questions(TimePoint now);
  /// After a commit: tells those who wait for what it has changed.
  void tell(const TurnReport& report, TimePoint now);
  /// At the end, when all that is committed was told: see Watchers::resume().
  void resume_watchers(TimePoint now) { watchers_.resume(now); }

  /// What has to be measured for questions that are open.
  Constraints wanted() const { return sensor_questions_.wanted(); }

 private:
  using Handlers = std::unordered_map<std::string_view, std::function<void(const ExchangePtr&)>>;

  Handlers handlers();

  PendingChanges pending_changes_;
  PendingQuestions pending_questions_;
  WorkViews views_;
  Inspector inspector_;
  RoomForParts room_for_parts_;
  Registrations registrations_;
  Changes changes_;
  Questions questions_;
  SensorQuestions sensor_questions_;
  DaemonMethods daemon_methods_;
  Waits waits_;
  Watchers watchers_;
  Logs logs_;
  RunSide run_side_;
  Handlers handlers_;
};

}  // namespace wm
