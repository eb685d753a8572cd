// The methods about the daemon itself: its status, its metrics, and replacing its program.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/methods/inspector.h"
#include "daemon/methods/sensor_questions.h"
#include "daemon/upkeep/diagnosis.h"

namespace wm {

/// The facts about the daemon itself that `wm status` shows.
struct DaemonIdentity {
  std::string socket;
  std::string state_directory;
  TimePoint started_at{};
};

/// Operations that only the daemon itself can do.
struct DaemonOperations {
  std::function<void(const ExchangePtr&)> reexec;
  std::function<std::size_t()> connection_count;
  std::function<std::string()> metrics;
  std::function<std::vector<Finding>(const std::vector<DeclaredCommand>& commands, uid_t asker)>
      diagnose;
};

class DaemonMethods {
 public:
  DaemonMethods(const WorkManager& manager, const Settings& settings, DaemonIdentity identity,
                DaemonOperations operations, const Inspector& inspector,
                SensorQuestions& sensor_questions, PendingQuestions& pending)
      : manager_(manager),
        settings_(settings),
        identity_(std::move(identity)),
        operations_(std::move(operations)),
        inspector_(inspector),
        sensor_questions_(sensor_questions),
        pending_(pending) {}

  // Each function is the method of that name.

  void status(const ExchangePtr& exchange);
  void diagnose(const ExchangePtr& exchange);
  void metrics(const ExchangePtr& exchange);
  void tasks(const ExchangePtr& exchange);
  void reexec(const ExchangePtr& exchange);

 private:
  const WorkManager& manager_;
  const Settings& settings_;
  DaemonIdentity identity_;
  DaemonOperations operations_;
  const Inspector& inspector_;
  SensorQuestions& sensor_questions_;
  PendingQuestions& pending_;
};

}  // namespace wm
