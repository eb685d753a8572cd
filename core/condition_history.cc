#include "core/condition_history.h"

namespace wm {
namespace {

std::optional<bool> as_bool(const ConditionValue& value) {
  const auto* holds = std::get_if<bool>(&value);
  return holds ? std::optional(*holds) : std::nullopt;
}

}  // namespace

std::string value_word(const ConditionId& id, const ConditionValue& value) {
  const ConstraintDef& def = def_of(id.constraint);
  if (const auto* network = std::get_if<NetworkReading>(&value)) return std::string(word(*network));
  if (const auto* holds = std::get_if<bool>(&value)) return std::string(*holds ? def.yes : def.no);
  return "";
}

void put(Conditions& all, const ConditionId& id, const ConditionValue& value) {
  if (const auto* network = std::get_if<NetworkReading>(&value)) {
    all.network = *network;
  } else if (id.constraint == Constraint::custom) {
    all.custom[id.custom] = as_bool(value).value_or(false);
  } else {
    all.holds[id.constraint] = as_bool(value);
  }
}

}  // namespace wm
