#include "core/constraints.h"

namespace wm {

Result<Constraint> parse_condition_word(std::string_view text) {
  const auto* const found = std::ranges::find(kConstraints, text, &ConstraintDef::condition);
  if (found != kConstraints.end() && !text.empty()) return found->id;
  return unknown_word("condition", text, words_by_number(&ConstraintDef::condition));
}

}  // namespace wm
