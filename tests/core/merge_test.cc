#include "core/merge.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(MergeInputs, OverwriteKeepsTheLaterValue) {
  EXPECT_EQ(merge_inputs(Merge::overwrite, R"({"a":1,"b":2})", {R"({"b":3})", R"({"c":4,"b":5})"}),
            R"({"a":1,"b":5,"c":4})");
}

TEST(MergeInputs, ArraysKeepEveryValue) {
  EXPECT_EQ(merge_inputs(Merge::arrays, R"({"a":1})", {R"({"a":[2,3]})", R"({"a":"x","b":{}})"}),
            R"({"a":[1,2,3,"x"],"b":[{}]})");
}

TEST(MergeInputs, WithoutOutputsTheInputIsAsItWas) {
  for (const auto how : {Merge::overwrite, Merge::arrays}) {
    EXPECT_EQ(merge_inputs(how, R"({"a":1})", {}), R"({"a":1})");
  }
}

TEST(MergeInputs, RefusesWhatIsNoObject) {
  EXPECT_FALSE(merge_inputs(Merge::overwrite, "{}", {"[1]"}));
  EXPECT_FALSE(merge_inputs(Merge::overwrite, "{", {"{}"}));
}

}  // namespace
}  // namespace wm
