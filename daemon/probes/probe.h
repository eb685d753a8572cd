// A sensor: measures one part of the machine, and says when it has changed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "core/conditions.h"

namespace wm {

enum class ConditionName : std::uint8_t { network, charging, battery, storage, idle };
template <>
struct Words<ConditionName> {
  static constexpr std::string_view kind = "condition";
  static constexpr std::array<std::string_view, 5> list{"network", "charging", "battery", "storage",
                                                        "idle"};
};

/// What is known of a condition: nothing, the network's reading, or whether it holds.
using ConditionValue = std::variant<std::monostate, NetworkReading, bool>;

struct Measurement {
  ConditionName name = ConditionName::network;
  ConditionValue value;
  std::string source;  // `rtnetlink`, `statvfs`, …
  std::string detail;  // For people: `eth0`, `41 %, discharging`.
};

class Probe {
 public:
  using Report = std::function<void(const Measurement&)>;

  virtual ~Probe() = default;

  /// Reads the machine now and reports all that the probe knows.
  virtual void measure() = 0;

  /// Whether any unfinished work depends on it. A probe that must look again from time to time does
  /// so only then; events are reported in any case.
  virtual void set_wanted(const Constraints& wanted) = 0;
};

}  // namespace wm
