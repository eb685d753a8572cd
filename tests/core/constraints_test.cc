#include "core/constraints.h"

#include <set>

#include <gtest/gtest.h>

#include "core/conditions.h"

namespace wm {
namespace {

TEST(ConstraintRows, EachHasWordsOfItsOwn) {
  for (const auto word : {&ConstraintDef::name, &ConstraintDef::option, &ConstraintDef::json,
                          &ConstraintDef::condition, &ConstraintDef::help}) {
    std::set<std::string_view> words;
    for (const ConstraintDef& one : kConstraints) {
      if (word == &ConstraintDef::condition && (one.*word).empty()) continue;
      EXPECT_NE(one.*word, "") << one.name;
      EXPECT_TRUE(words.insert(one.*word).second) << one.*word;
    }
  }
  for (const ConstraintDef& one : kConstraints) {
    EXPECT_EQ(one.remedy.empty(), one.condition.empty()) << one.name;
  }
}

TEST(ConstraintRows, AreFoundByNumberNameAndCondition) {
  for (const ConstraintDef& one : kConstraints) {
    EXPECT_EQ(def_of(one.id).name, one.name);
    EXPECT_EQ(word(one.id), one.name);
    EXPECT_EQ(parse_word<Constraint>(one.name), one.id);
    if (one.condition.empty()) continue;
    EXPECT_EQ(parse_condition_word(one.condition), one.id);
  }
  EXPECT_EQ(parse_condition_word("storge").error().message,
            "unknown condition 'storge': did you mean storage?");
  EXPECT_EQ(parse_condition_word("").error().message,
            "unknown condition '': use one of network, charging, battery, storage, idle, custom");
}

TEST(ConstraintSet, HasWhatWasPutIn) {
  ConstraintSet set{Constraint::network, Constraint::custom};
  set.set(Constraint::idle);
  set.set(Constraint::network, false);

  for (const ConstraintDef& one : kConstraints) {
    const bool in = one.id == Constraint::idle || one.id == Constraint::custom;
    EXPECT_EQ(set.has(one.id), in) << one.name;
  }
  std::vector<Constraint> seen;
  set.each([&](Constraint one) { seen.push_back(one); });
  EXPECT_EQ(seen, (std::vector{Constraint::idle, Constraint::custom}));
  EXPECT_EQ(set, (ConstraintSet{Constraint::custom} | ConstraintSet{Constraint::idle}));
  EXPECT_NE(set, ConstraintSet());
}

TEST(Constraints, NameWhatTheirFormSays) {
  Constraints all = all_constraints({"vpn"});
  all.between.emplace_back();
  for (const ConstraintDef& one : kConstraints) {
    EXPECT_TRUE(all.has(one.id)) << one.name;
    EXPECT_FALSE(Constraints().has(one.id)) << one.name;
  }
  EXPECT_FALSE(all_constraints({}).has(Constraint::custom));
}

TEST(Constraints, EveryFlagHoldsWhereItIsNotKnownUnlessTheConfigurationSaysMore) {
  for (const ConstraintDef& one : kConstraints) {
    if (one.form != ConstraintForm::flag) continue;
    const Constraints wanted{.flags = {one.id}};
    EXPECT_TRUE(hold(wanted, {}, {})) << one.name;
    EXPECT_FALSE(hold(wanted, {.unknown = {{one.id, false}}}, {})) << one.name;
    EXPECT_FALSE(hold(wanted, {.holds = {{one.id, false}}}, {})) << one.name;
    EXPECT_TRUE(hold(wanted, {.holds = {{one.id, true}}, .unknown = {{one.id, false}}}, {}));
    EXPECT_EQ(unmet(wanted, {.holds = {{one.id, false}}}, {}),
              (std::vector<Need>{{one.id, std::string(one.name), "yes", std::string(one.no)}}));
  }
}

}  // namespace
}  // namespace wm
