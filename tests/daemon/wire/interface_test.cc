// The interface's description names every field, every constraint and every condition.
#include "daemon/wire/interface.h"

#include <gtest/gtest.h>

#include "core/conditions.h"
#include "core/request_fields.h"
#include "tests/support/description.h"

namespace wm::varlink {
namespace {

using Kind = DescribedType::Kind;

// The type as the description writes it, without "may be missing".
std::string written(const DescribedType& type) {
  switch (type.kind) {
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::number:
      return "float";
    case Kind::string:
      return "string";
    case Kind::object:
      return "object";
    case Kind::array:
      return "[]" + written(type.element.front());
    case Kind::map:
      return "[string]" + written(type.element.front());
    case Kind::maybe:
      return written(type.element.front());
    case Kind::named:
    case Kind::record:
      return type.name;
  }
  return "";
}

std::map<std::string, std::string> members_of(const DescribedType& type) {
  std::map<std::string, std::string> members;
  for (const auto& [name, member] : type.fields) members[name] = written(member);
  return members;
}

// The members of one object of a request, as the rows have them.
std::map<std::string, std::string> rows_of(std::string_view object) {
  std::map<std::string, std::string> rows;
  for (const Field& field : request_fields()) {
    if (field.object != object || field.json.empty()) continue;
    rows[std::string(field.json)] = field.value->varlink_type();
  }
  return rows;
}

TEST(Interface, TypesEveryFieldOfARegistration) {
  const Description description(kInterfaceDescription);
  const auto& types = description.types();
  auto request = members_of(types.at("Request"));
  EXPECT_EQ(request.extract("constraints").mapped(), "Constraints");
  EXPECT_EQ(request.extract("backoff").mapped(), "Backoff");
  EXPECT_EQ(request, rows_of(""));
  EXPECT_EQ(members_of(types.at("Constraints")), rows_of("constraints"));
  EXPECT_EQ(members_of(types.at("Backoff")), rows_of("backoff"));
  for (const char* const name : {"Request", "Constraints", "Backoff"}) {
    for (const auto& [member, type] : types.at(name).fields) {
      EXPECT_TRUE(type.kind == Kind::maybe || member == "uniqueName") << member;
    }
  }
}

TEST(Interface, ShowsEveryFieldOfAJob) {
  const Description description(kInterfaceDescription);
  const auto work = members_of(description.types().at("Work"));
  for (const auto& [member, type] : members_of(description.types().at("Request"))) {
    ASSERT_TRUE(work.contains(member)) << member;
    EXPECT_EQ(work.at(member), type) << member;
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
