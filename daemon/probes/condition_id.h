// Names of conditions: what a constraint is about, as `wm conditions` shows it.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "core/work.h"

namespace wm {

/// The condition of one constraint; of `custom`, that with the name that the configuration gives
/// it.
struct ConditionId {
  Constraint constraint = Constraint::network;
  std::string custom;

  ConditionId(Constraint about, std::string own_name = "")  // NOLINT: a constraint is an id.
      : constraint(about), custom(std::move(own_name)) {}
  auto operator<=>(const ConditionId&) const = default;
};

/// `network`, `battery`, `custom.vpn`; and back.
std::string to_string(const ConditionId& id);
Result<ConditionId> parse_condition(std::string_view text);

/// The condition of a constraint as Unmet names it.
ConditionId condition_of(std::string_view constraint);

/// The conditions of all that `wanted` names.
std::vector<ConditionId> ids_of(const Constraints& wanted);

}  // namespace wm
