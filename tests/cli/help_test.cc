// What `--help` says, to people with a terminal of 80 columns.
#include <sstream>

#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/render/table.h"

namespace wm::cli {
namespace {

std::string help(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "wm");
  arguments.push_back("--help");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run(static_cast<int>(arguments.size()), arguments.data(), {out, err}), 0);
  EXPECT_EQ(err.str(), "");
  return out.str();
}

TEST(Help, FitsEightyColumnsAndGivesAnExample) {
  std::vector<std::vector<const char*>> commands{
      {}, {"conditions", "override"}, {"conditions", "clear"}};
  for (const Command& command : all_commands()) commands.push_back({command.name});
  for (const auto& command : commands) {
    const std::string text = help(command);
    EXPECT_NE(text.find("Example: wm "), std::string::npos) << text;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80U) << line;
  }
}

TEST(Help, NamesEveryCommand) {
  const std::string text = help({});
  for (const Command& command : all_commands()) {
    EXPECT_NE(text.find(command.summary), std::string::npos) << command.name;
  }
}

TEST(Run, AWrongWordIsOneLineAndStatusTwo) {
  const char* const arguments[] = {"wm", "list", "--frob"};
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run(3, arguments, {out, err}), 2);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(), "wm: The following argument was not expected: --frob: see wm list --help\n");
}

}  // namespace
}  // namespace wm::cli
