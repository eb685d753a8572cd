// A sensor: measures one part of the machine, and says when it has changed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "core/conditions.h"
#include "daemon/probes/condition_id.h"

namespace wm {

/// What is known of a condition: nothing, the network's reading, or whether it holds.
using ConditionValue = std::variant<std::monostate, NetworkReading, bool>;

struct Measurement {
  ConditionId id = Constraint::network;
  ConditionValue value;
  std::string source;  // `rtnetlink`, `statvfs`, …
  std::string detail;  // For people: `eth0`, `41 %, discharging`.
};

class Probe {
 public:
  using Report = std::function<void(const Measurement&)>;

  virtual ~Probe() = default;

  /// What anybody needs to know now. Only that is measured, at once and after every change; of
  /// others nothing is asked, no event is heard, and no time waited for. What a service has to be
  /// asked for is reported as not holding until it has answered.
  virtual void set_wanted(const Constraints& wanted) = 0;

  /// Looks once more at what is wanted: the machine has slept, or somebody asks.
  virtual void measure() = 0;
};

}  // namespace wm
