#include "cli/pager.h"

#include <map>

#include <gtest/gtest.h>

namespace wm::cli {
namespace {

using Words = std::vector<std::string>;

Words command(std::map<std::string, std::string> variables) {
  variables.emplace("TERM", "xterm");
  return pager_command([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Pager, IsTheOneThatPeopleName) {
  EXPECT_EQ(command({}), Words{"less"});
  EXPECT_EQ(command({{"PAGER", "more"}}), Words{"more"});
  EXPECT_EQ(command({{"PAGER", "more"}, {"WM_PAGER", "most"}}), Words{"most"});
  EXPECT_EQ(command({{"PAGER", " less  -S "}}), (Words{"less", "-S"}));
  EXPECT_EQ(command({{"PAGER", "less -S | cat"}}), (Words{"sh", "-c", "less -S | cat"}));
  EXPECT_EQ(command({{"PAGER", "'my pager'"}}), (Words{"sh", "-c", "'my pager'"}));
}

TEST(Pager, MayBeNone) {
  EXPECT_EQ(command({{"PAGER", ""}}), Words{});
  EXPECT_EQ(command({{"PAGER", "cat"}}), Words{});
  EXPECT_EQ(command({{"PAGER", "more"}, {"WM_PAGER", ""}}), Words{});
  EXPECT_EQ(command({{"TERM", "dumb"}}), Words{}) << "less would ask for a key";
  EXPECT_EQ(command({{"TERM", ""}}), Words{});
}

}  // namespace
}  // namespace wm::cli
