#include "core/json_fields.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

using boost::json::array;
using boost::json::object;

TEST(JsonFields, AreEmptyWhereAbsentOrOfAnotherType) {
  for (const object& odd : {object{}, object{{"a", true}}, object{{"a", nullptr}}}) {
    EXPECT_EQ(text_of(odd, "a"), "");
    EXPECT_EQ(number_of(odd, "a"), 0);
    EXPECT_EQ(time_of(odd, "a"), std::nullopt);
    EXPECT_TRUE(object_of(odd, "a").empty());
    EXPECT_TRUE(array_of(odd, "a").empty());
    EXPECT_TRUE(texts_of(odd, "a").empty());
  }
  EXPECT_EQ(time_of(object{{"a", "soon"}}, "a"), std::nullopt);
}

TEST(JsonFields, AreWhatWasWritten) {
  const object one{{"name", "sync"},
                   {"at", "1970-01-01T00:00:01.000Z"},
                   {"run", 3},
                   {"inner", object{{"x", 1}}},
                   {"tags", array{"a", 1, "b"}}};
  EXPECT_EQ(text_of(one, "name"), "sync");
  EXPECT_EQ(number_of(one, "run"), 3);
  EXPECT_EQ(time_of(one, "at"), TimePoint{1s});
  EXPECT_EQ(object_of(one, "inner"), (object{{"x", 1}}));
  EXPECT_EQ(array_of(one, "tags").size(), 3);
  EXPECT_EQ(texts_of(one, "tags"), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace wm
