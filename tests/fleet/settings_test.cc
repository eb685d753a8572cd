// The agent's configuration.
#include "fleet/agent/settings.h"

#include <gtest/gtest.h>

namespace wm::fleet {
namespace {

std::string problem_of(const std::string& toml) {
  const auto read = parse_agent_settings(toml, "fleet.toml");
  return read ? "" : read.error().message;
}

TEST(AgentSettings, SayWhatIsWrongWithThem) {
  EXPECT_EQ(problem_of("[fleet]\nnode = \"n1\"\n"), "");
  EXPECT_EQ(problem_of("[fleet]\nnod = \"n1\"\n"),
            "fleet.toml:2:1: unknown key 'fleet.nod': did you mean node?");
  EXPECT_EQ(problem_of("[fleet]\n"),
            "fleet.toml: node is missing in [fleet]: the name given to enroll");
  EXPECT_EQ(problem_of(""), "fleet.toml: [fleet] is missing: see wm-fleet enroll");
}

TEST(AgentSettings, ThatAreNotThereComeFromEnroll) {
  const auto read = load_agent_settings("/nowhere/fleet.toml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message,
            "cannot read /nowhere/fleet.toml: No such file or directory: this machine is no node "
            "yet, and wm-fleet.service does not start: wm-fleet enroll, where the fleet is "
            "administered, prints that file");
}

}  // namespace
}  // namespace wm::fleet
