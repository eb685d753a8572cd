// What wm-fleet says of a mistyped command line: it needs no database.
#include <sstream>

#include <gtest/gtest.h>

#include "fleet/command.h"

namespace wm::fleet {
namespace {

struct Said {
  int status = 0;
  std::string out;
  std::string err;
};

Said say(std::vector<const char*> words) {
  words.insert(words.begin(), "wm-fleet");
  std::ostringstream out;
  std::ostringstream err;
  const int status = run(static_cast<int>(words.size()), words.data(), {out, err});
  return {status, out.str(), err.str()};
}

TEST(FleetCommandLine, AMistakeIsNamedWithItsWayOut) {
  const std::vector<std::pair<std::vector<const char*>, std::string>> mistakes{
      {{"lst"}, "unknown command 'lst': did you mean list?"},
      {{"frobnicate"}, "unknown command 'frobnicate': see wm-fleet --help"},
      {{"--database", "host=x", "noeds"}, "unknown command 'noeds': did you mean nodes?"},
      {{"nodes", "--jsn"}, "unknown option '--jsn': did you mean --json?"},
      {{"list", "--charging"},
       "unknown option '--charging': it is one of wm-fleet register-oneoff: see wm-fleet list "
       "--help"},
      {{"register-oneoff", "x", "--charging", "true", "--", "a"},
       "--charging takes no value: write it alone, without 'true': see wm-fleet register-oneoff "
       "--help"},
      {{"show", "a", "b"}, "unexpected argument 'b': see wm-fleet show --help"},
      {{"cancel"}, "NAME is required: see wm-fleet cancel --help"},
      {{"list", "\xff"}, "the argument '\\xff' is not UTF-8: see wm-fleet --help"},
  };
  for (const auto& [words, message] : mistakes) {
    const Said said = say(words);
    EXPECT_EQ(said.status, cli::kUsage) << message;
    EXPECT_EQ(said.err, "wm-fleet: " + message + '\n');
    EXPECT_EQ(said.out, "");
  }
}

TEST(FleetCommandLine, AWayThatTheAgentWouldRefuseIsNotWrittenIntoItsFile) {
  const Said said = say({"enroll", "n1", "--connect", "host=db.example.org sslmode=require"});
  EXPECT_EQ(said.status, cli::kUsage);
  EXPECT_TRUE(said.err.starts_with("wm-fleet: --connect: sslmode=require lets others pose as "))
      << said.err;
}

TEST(FleetCommandLine, TheNodesWayHasNoUserYet) {
  for (const char* const way : {"host=/run user=postgres", "postgresql://u:p@localhost/wm"}) {
    const Said said = say({"enroll", "n1", "--connect", way});
    EXPECT_EQ(said.status, cli::kUsage);
    EXPECT_EQ(said.err, "wm-fleet: --connect: leave out user: the node gets one of its own\n");
  }
}

TEST(FleetCommandLine, ABadNameIsCalledAName) {
  const Said said = say({"register-oneoff", "bad\aname", "--", "true"});
  EXPECT_TRUE(said.err.starts_with("wm-fleet: the name ")) << said.err;
}

TEST(FleetCommandLine, HelpNamesAllCommands) {
  for (const auto& words : std::vector<std::vector<const char*>>{{}, {"--help"}}) {
    const Said said = say(words);
    EXPECT_EQ(said.status, cli::kDone);
    EXPECT_NE(said.out.find("register-oneoff"), std::string::npos);
  }
  EXPECT_NE(say({"list", "--help"}).out.find("Example: "), std::string::npos);
}

}  // namespace
}  // namespace wm::fleet
