// The methods of io.wm.Scheduler: routes each call of a client by its name, and gives the turn what
// it needs from all of them.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/methods/changes.h"
#include "daemon/methods/daemon_methods.h"
#include "daemon/methods/logs.h"
#include "daemon/methods/past_questions.h"
#include "daemon/methods/questions.h"
#include "daemon/methods/registrations.h"
#include "daemon/methods/run_side.h"

namespace wm {

/// Everything that answers are made from. The references must outlive the methods, and no function
/// is called before the first call.
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

  /// Takes a call for the next turn; answers an invalid one at once.
  void take(const ExchangePtr& exchange);
  /// The same for several calls of one connection, for each of which may_be_together() holds.
  void take(const std::vector<ExchangePtr>& calls);
  /// True if such a call can be decided together with others like it, and has a short answer.
  static bool may_be_together(const varlink::Call& call);
  bool has_changes() const { return !pending_changes_.empty(); }
  bool has_work() const { return has_changes() || !pending_questions_.empty(); }

  // Called in the daemon's turn, in this order.

  /// The changes taken since the last turn, for this one to decide.
  PendingChanges take_changes() { return std::exchange(pending_changes_, {}); }
  /// Answers the questions from the last commit. Each answer stands alone: if one cannot be made,
  /// only its caller gets an error.
  void answer_questions(TimePoint now);
  /// Answers those who wait for the changes of the last commit.
  void tell(const TurnReport& report, TimePoint now);
  /// Called at the end, once everything committed was reported: see Watchers::resume().
  void resume_watchers(TimePoint now) { watchers_.resume(now); }

  /// The conditions that open questions need.
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
  PastQuestions past_questions_;
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
