// Objects from outside are read strictly, and errors name the key.
#include "core/json_reader.h"

#include <gtest/gtest.h>

#include "core/work.h"

namespace wm {
namespace {

using boost::json::object;

template <class T>
std::string problem_with(const boost::json::value& value, T target = {}) {
  const object parameters{{"key", value}};
  JsonReader reader(parameters);
  reader.read("key", target);
  const auto read = reader.finish("it");
  return read ? "" : read.error().message;
}

TEST(JsonReader, EachTypeIsItself) {
  EXPECT_EQ(problem_with<std::string>(1), "key must be a string");
  EXPECT_EQ(problem_with<bool>(1), "key must be true or false");
  EXPECT_EQ(problem_with<std::int64_t>("1"), "key must be a whole number");
  EXPECT_EQ(problem_with<std::vector<std::string>>(boost::json::array{"a", 1}),
            "key must be a list of strings");
  EXPECT_EQ((problem_with<std::map<std::string, std::string>>(object{{"a", 1}})),
            "key must be an object of strings");
  EXPECT_EQ((problem_with<std::map<std::string, bool>>(object{{"a", 1}})),
            "key must be an object of booleans");
  EXPECT_EQ(problem_with<object>("x"), "key must be a JSON object");
  EXPECT_EQ(problem_with<boost::json::array>(boost::json::array{1}),
            "key must be a list of objects");
  EXPECT_NE(problem_with<TimePoint>("soon"), "");
  EXPECT_NE(problem_with<WorkKind>("high"), "") << "a word of the set only";
}

TEST(JsonReader, NumbersHaveToFit) {
  const std::int64_t most = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(problem_with<std::int32_t>(most), "");
  EXPECT_EQ(problem_with<std::int32_t>(most + 1), "key must be a whole number that fits 32 bits");
  EXPECT_EQ(problem_with<std::int32_t>(-most - 1), "");
  EXPECT_NE(problem_with<std::int32_t>(-most - 2), "");
  EXPECT_EQ(problem_with<Duration>(kMaxDuration.count()), "");
  EXPECT_NE(problem_with<Duration>(kMaxDuration.count() + 1), "");
  EXPECT_NE(problem_with<Duration>(-1), "");
}

TEST(JsonReader, AbsentAndNullLeaveTheTargetAlone) {
  const object parameters{{"null", nullptr}};
  std::string text = "before";
  std::optional<std::int64_t> number;
  JsonReader reader(parameters);
  reader.read("null", text).read("absent", number);
  EXPECT_TRUE(reader.finish("it"));
  EXPECT_EQ(text, "before");
  EXPECT_EQ(number, std::nullopt);
}

TEST(JsonReader, WhatNobodyReadIsUnknown) {
  const object parameters{{"nam", "a"}};
  std::string name;
  JsonReader reader(parameters);
  reader.read("name", name);
  const auto read = reader.finish("the request");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "unknown key 'nam' in the request: did you mean name?");
}

TEST(JsonReader, TheFirstErrorStays) {
  const object parameters{{"a", 1}, {"b", 2}};
  std::string text;
  JsonReader reader(parameters);
  reader.read("a", text).read("b", text);
  EXPECT_EQ(reader.finish("it").error().message, "a must be a string");
}

TEST(JsonReader, TextThatIsNoObjectIsRefused) {
  EXPECT_TRUE(parse_object("input", "{}"));
  EXPECT_EQ(parse_object("input", "[]").error().message, "input is not a JSON object: write {…}");
  EXPECT_NE(parse_object("input", "{").error().message.find("input is not valid JSON"),
            std::string::npos);
  std::string deep = "{}";
  for (int i = 1; i < 32; ++i) deep = R"({"a":)" + deep + "}";
  EXPECT_TRUE(parse_object("input", deep));
  EXPECT_FALSE(parse_object("input", R"({"a":)" + deep + "}"));
}

}  // namespace
}  // namespace wm
