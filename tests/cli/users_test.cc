// Users by name and by number.
#include "cli/users.h"

#include <gtest/gtest.h>

namespace wm::cli {
namespace {

TEST(Users, AreFoundByNameOrNumber) {
  EXPECT_EQ(find_user("root").value(), 0U);
  EXPECT_EQ(find_user("0").value(), 0U);
  EXPECT_EQ(find_user("4123456789").value(), 4123456789U) << "a number needs no name";
  for (const char* name : {"nobody-of-that-name", "", "-1", "--help", "root:x"}) {
    EXPECT_FALSE(find_user(name)) << name;
  }
  EXPECT_EQ(find_user("no\nbody").error().message, "there is no user 'no\\x0abody'");
}

TEST(Users, WithoutANameAreNumbers) {
  UserNames names;
  names.learn({4123456789U, 0});
  EXPECT_EQ(names.of(0), "root");
  EXPECT_EQ(names.of(4123456789U), "4123456789");
  EXPECT_EQ(names.of(1), "1") << "nobody asked for it";
  names.learn({0, 1});
  EXPECT_EQ(names.of(1), "daemon");
}

}  // namespace
}  // namespace wm::cli
