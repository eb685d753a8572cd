// The agent's configuration.
#include "fleet/agent/settings.h"

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "fleet/database/connection.h"

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

std::string password_in(const std::string& conninfo) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(conninfo.c_str(), nullptr), PQconninfoFree);
  for (const PQconninfoOption* one = options.get(); one && one->keyword; ++one) {
    if (one->keyword == std::string_view("password")) return one->val ? one->val : "";
  }
  return "";
}

TEST(AgentSettings, APasswordIsKeptWhateverIsInIt) {
  const std::string password = "it's a \\ & b=c? 100% ü/@:#";
  for (const char* const way :
       {"host=db dbname=wm", "postgresql://n1@db/wm", "postgres://db/wm?sslmode=verify-full", ""}) {
    EXPECT_EQ(password_in(with_password(way, password)), password) << way;
  }
}

}  // namespace
}  // namespace wm::fleet
