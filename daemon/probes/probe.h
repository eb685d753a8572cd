// A sensor measures one part of the machine, and reports changes.
#pragma once

#include <functional>
#include <string>

#include "core/condition_history.h"

namespace wm {

struct Measurement {
  ConditionId id = Constraint::network;
  ConditionValue value;
  std::string source;  // `rtnetlink`, `statvfs`, …
  std::string detail;  // Details for people: `eth0`, `41 %, discharging`.
};

class Probe {
 public:
  using Report = std::function<void(const Measurement&)>;

  virtual ~Probe() = default;

  /// Sets the conditions that somebody needs now. Only those are measured, at once and after every
  /// change; for others no question is asked, no event received and no timer set. A condition that
  /// a service must be asked for is reported as not holding until the service has answered.
  virtual void set_wanted(const Constraints& wanted) = 0;

  /// Measures the wanted conditions again: the machine has slept, or somebody asks.
  virtual void measure() = 0;
};

}  // namespace wm
