// Questions about the machine's conditions and the overrides. A question is answered once
// everything that it asks about is measured, which may take several turns.
#pragma once

#include <functional>
#include <vector>

#include "core/conditions.h"
#include "daemon/methods/pending.h"
#include "daemon/probes/sensors.h"
#include "daemon/turn/work_manager.h"

namespace wm {

class SensorQuestions {
 public:
  SensorQuestions(const WorkManager& manager, Sensors& sensors, const Settings& settings,
                  PendingQuestions& pending)
      : manager_(manager), sensors_(sensors), settings_(settings), pending_(pending) {}

  // Each function is the method of that name.

  void conditions(const ExchangePtr& exchange);
  void check(const ExchangePtr& exchange);
  void override_conditions(const ExchangePtr& exchange);
  void clear_overrides(const ExchangePtr& exchange);

  /// Calls `answer` once all of `wanted` is measured.
  void ask(const ExchangePtr& exchange, const Constraints& wanted,
           std::function<void(TimePoint now)> answer) {
    open_.push_back({exchange, wanted, 0, std::move(answer)});
  }

  /// The conditions that open questions need.
  Constraints wanted() const;
  /// Answers those that can be answered by now.
  void answer(TimePoint now);

 private:
  /// It is answered once all of `wanted` is measured, and has changed since the sensors' version
  /// `after`.
  struct Open {
    ExchangePtr exchange;
    Constraints wanted;
    std::int32_t after = 0;
    std::function<void(TimePoint now)> answer;
  };

  boost::json::object show_conditions() const;

  const WorkManager& manager_;
  Sensors& sensors_;
  const Settings& settings_;
  PendingQuestions& pending_;
  std::vector<Open> open_;
};

}  // namespace wm
