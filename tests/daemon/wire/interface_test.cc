// The interface's description names every constraint and every condition.
#include "daemon/wire/interface.h"

#include <gtest/gtest.h>

#include "core/conditions.h"
#include "tests/support/description.h"

namespace wm::varlink {
namespace {

using Kind = DescribedType::Kind;

TEST(Interface, TypesEveryConstraint) {
  const Description description(kInterfaceDescription);
  const DescribedType& type = description.types().at("Constraints");
  ASSERT_EQ(type.fields.size(), kConstraints.size());
  for (std::size_t i = 0; i < kConstraints.size(); ++i) {
    const auto& [name, maybe] = type.fields[i];
    EXPECT_EQ(name, kConstraints[i].json);
    ASSERT_EQ(maybe.kind, Kind::maybe) << name;
    const Kind kind = maybe.element.front().kind;
    switch (kConstraints[i].form) {
      case ConstraintForm::network_type:
        EXPECT_EQ(kind, Kind::string) << name;
        break;
      case ConstraintForm::flag:
        EXPECT_EQ(kind, Kind::boolean) << name;
        break;
      case ConstraintForm::names:
      case ConstraintForm::windows:
        EXPECT_EQ(kind, Kind::array) << name;
        break;
    }
  }
}

std::string shown(const ConstraintDef& one) {
  return std::string(one.condition) + (one.form == ConstraintForm::names ? ".NAME" : "");
}

// The comments on Condition and OverrideConditions list them.
TEST(Interface, NamesEveryConditionAndItsValues) {
  std::string names;
  std::map<std::string, std::string> by_values;
  for (const ConstraintDef& one : kConstraints) {
    if (one.condition.empty()) continue;
    names += (names.empty() ? "# name: " : ", ") + shown(one);
    if (one.form == ConstraintForm::network_type) continue;
    std::string& list = by_values[std::string(one.yes) + ", " + std::string(one.no)];
    list += (list.empty() ? "" : ", ") + shown(one);
  }
  EXPECT_NE(kInterfaceDescription.find(names + "."), std::string_view::npos) << names;
  for (const auto& [values, list] : by_values) {
    const std::string line = list + ": " + values;
    EXPECT_NE(kInterfaceDescription.find(line), std::string_view::npos) << line;
  }
}

}  // namespace
}  // namespace wm::varlink
