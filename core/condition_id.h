// Names of conditions, as `wm conditions` shows them.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "core/work.h"

namespace wm {

/// The condition of one constraint; for `custom`, the one with the name from the configuration.
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

/// The condition of a constraint that Need names.
ConditionId condition_of(std::string_view constraint);

/// The part of `wanted` that is about that condition.
Constraints part_about(const Constraints& wanted, const ConditionId& id);

/// The conditions of everything that `wanted` names.
std::vector<ConditionId> ids_of(const Constraints& wanted);

}  // namespace wm
