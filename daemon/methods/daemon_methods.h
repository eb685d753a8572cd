// The methods about the daemon itself: how it is, what it counts, and another program in its place.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/methods/inspector.h"
#include "daemon/methods/sensor_questions.h"
#include "daemon/upkeep/diagnosis.h"

namespace wm {

/// What `wm status` says of the daemon itself.
struct DaemonIdentity {
  std::string socket;
  std::string state_directory;
  TimePoint started_at{};
};

/// What only the daemon itself can do or tell.
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

  // The methods of those names.

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
