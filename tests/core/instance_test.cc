#include "core/instance.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

TEST(InstancePaths, FollowTheXdgVariables) {
  const Surroundings user{"/run/user/7", "/s", "/c", "/home/u", 7};
  EXPECT_EQ(socket_path(Instance::user, user), "/run/user/7/wm/wm.sock");
  EXPECT_EQ(state_directory(Instance::user, user), "/s/wm");
  EXPECT_EQ(configuration_directory(Instance::user, user), "/c/wm");
}

TEST(InstancePaths, HaveDefaultsInTheHome) {
  const Surroundings user{"", "relative", "", "/home/u", 7};
  EXPECT_EQ(socket_path(Instance::user, user), "/tmp/wm-7/wm.sock");
  EXPECT_EQ(state_directory(Instance::user, user), "/home/u/.local/state/wm");
  EXPECT_EQ(configuration_directory(Instance::user, user), "/home/u/.config/wm");
  const Surroundings container{"", "", "", "/", 7};
  EXPECT_EQ(state_directory(Instance::user, container), "/.local/state/wm");
}

TEST(InstancePaths, WithoutAHomeSayWhatIsMissing) {
  const auto state = state_directory(Instance::user, {});
  ASSERT_FALSE(state);
  for (const char* named : {"HOME", "XDG_STATE_HOME", "--state-dir"}) {
    EXPECT_NE(state.error().message.find(named), std::string::npos) << state.error().message;
  }
  EXPECT_EQ(configuration_directory(Instance::user, {}), "") << "then there is none";
}

TEST(InstancePaths, TheSystemsAreFixed) {
  const Surroundings anyone{"/run/user/7", "/s", "/c", "/home/u", 7};
  EXPECT_EQ(socket_path(Instance::system, anyone), "/run/wm/wm.sock");
  EXPECT_EQ(state_directory(Instance::system, anyone), "/var/lib/wm");
  EXPECT_EQ(configuration_directory(Instance::system, anyone), "/etc/wm");
}

}  // namespace
}  // namespace wm
