#include "core/condition_id.h"

namespace wm {

std::string to_string(const ConditionId& id) {
  return std::string(def_of(id.constraint).condition) +
         (id.constraint == Constraint::custom ? '.' + id.custom : "");
}

Result<ConditionId> parse_condition(std::string_view text) {
  constexpr std::string_view kCustom = "custom.";
  if (text.starts_with(kCustom) && text.size() > kCustom.size()) {
    return ConditionId(Constraint::custom, std::string(text.substr(kCustom.size())));
  }
  const auto constraint = parse_condition_word(text);
  if (!constraint) return std::unexpected(constraint.error());
  if (*constraint == Constraint::custom) {
    return fail(ErrorCode::invalid, "custom needs a name: write custom.NAME");
  }
  return ConditionId(*constraint);
}

ConditionId condition_of(std::string_view constraint) {
  const auto known = parse_word<Constraint>(constraint);
  return known && *known != Constraint::custom
             ? ConditionId(*known)
             : ConditionId(Constraint::custom, std::string(constraint));
}

Constraints part_about(const Constraints& wanted, const ConditionId& id) {
  Constraints part;
  if (id.constraint == Constraint::network) {
    part.network = wanted.network;
  } else if (id.constraint == Constraint::custom) {
    part.custom = {id.custom};
  } else {
    part.set(id.constraint);
  }
  return part;
}

std::vector<ConditionId> ids_of(const Constraints& wanted) {
  std::vector<ConditionId> ids;
  for (const ConstraintDef& one : kConstraints) {
    if (one.condition.empty() || one.form == ConstraintForm::names) continue;
    if (wanted.has(one.id)) ids.emplace_back(one.id);
  }
  for (const std::string& name : wanted.custom) ids.emplace_back(Constraint::custom, name);
  return ids;
}

}  // namespace wm
