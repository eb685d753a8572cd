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

}  // namespace
}  // namespace wm::fleet
