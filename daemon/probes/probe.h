// A sensor: measures one part of the machine, and says when it has changed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "core/conditions.h"

namespace wm {

enum class ConditionName : std::uint8_t { network, charging, battery, storage, idle, custom };
template <>
struct Words<ConditionName> {
  static constexpr std::string_view kind = "condition";
  static constexpr std::array<std::string_view, 6> list{"network", "charging", "battery",
                                                        "storage", "idle",     "custom"};
};

/// One condition: of the machine, or `custom` with the name that the configuration gives it.
struct ConditionId {
  ConditionName name = ConditionName::network;
  std::string custom;

  ConditionId(ConditionName condition, std::string own_name = "")  // NOLINT: a name is an id.
      : name(condition), custom(std::move(own_name)) {}
  auto operator<=>(const ConditionId&) const = default;
};

/// `network`, `custom.vpn`; and back.
std::string to_string(const ConditionId& id);
Result<ConditionId> parse_condition(std::string_view text);

/// That which a constraint is about, as Unmet names it.
ConditionId condition_of(std::string_view constraint);

/// Those that `wanted` names.
std::vector<ConditionId> ids_of(const Constraints& wanted);

/// What is known of a condition: nothing, the network's reading, or whether it holds.
using ConditionValue = std::variant<std::monostate, NetworkReading, bool>;

struct Measurement {
  ConditionId id = ConditionName::network;
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
