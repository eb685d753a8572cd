#include "core/paths.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(Paths, FollowTheXdgVariables) {
  const Surroundings user{"/run/user/7", "/s", "/c", "/home/u", 7};
  EXPECT_EQ(socket_path(Instance::user, user), "/run/user/7/wm/wm.sock");
  EXPECT_EQ(state_directory(Instance::user, user), "/s/wm");
  EXPECT_EQ(configuration_directory(Instance::user, user), "/c/wm");
}

TEST(Paths, HaveDefaultsInTheHome) {
  const Surroundings user{"", "relative", "", "/home/u", 7};
  EXPECT_EQ(socket_path(Instance::user, user), "/tmp/wm-7/wm.sock");
  EXPECT_EQ(state_directory(Instance::user, user), "/home/u/.local/state/wm");
  EXPECT_EQ(configuration_directory(Instance::user, user), "/home/u/.config/wm");
  EXPECT_FALSE(state_directory(Instance::user, {}));
}

TEST(Paths, TheSystemsAreFixed) {
  const Surroundings anyone{"/run/user/7", "/s", "/c", "/home/u", 7};
  EXPECT_EQ(socket_path(Instance::system, anyone), "/run/wm/wm.sock");
  EXPECT_EQ(state_directory(Instance::system, anyone), "/var/lib/wm");
  EXPECT_EQ(configuration_directory(Instance::system, anyone), "/etc/wm");
}

}  // namespace
}  // namespace wm
