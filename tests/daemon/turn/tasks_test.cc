#include "daemon/turn/tasks.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace wm {
namespace {

WorkRequest task(const std::string& name) {
  WorkRequest request = oneoff("a");
  request.command.clear();
  request.task_name = name;
  return request;
}

TEST(Tasks, AnUnknownTaskNamesTheDeclaredOnes) {
  Settings settings;
  EXPECT_NE(resolve_command(task("x"), settings).error().message.find("declares none"),
            std::string::npos);
  settings.tasks["sync"] = {{"/bin/sync"}, false, {}};
  EXPECT_EQ(resolve_command(task("x"), settings).error().message,
            "unknown task 'x': the declared ones are sync");
}

TEST(Tasks, OnlyADispatcherGetsTheTaskName) {
  Settings settings;
  settings.tasks["sync"] = {{"/bin/sync", "-f"}, false, {}};
  settings.tasks["*"] = {{"/bin/dispatch"}, true, {}};
  EXPECT_EQ(resolve_command(task("sync"), settings), (std::vector<std::string>{"/bin/sync", "-f"}));
  EXPECT_EQ(resolve_command(task("x"), settings), (std::vector<std::string>{"/bin/dispatch", "x"}));
}

TEST(Tasks, TheWorksEnvironmentComesBeforeTheTasks) {
  Settings settings;
  settings.tasks["sync"] = {{"/bin/sync"}, false, {{"A", "task"}, {"B", "task"}}};
  WorkInfo info;
  info.request = task("sync");
  info.request.env = {{"A", "work"}};
  const auto launch = make_launch(info, settings);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->env, (std::map<std::string, std::string>{{"A", "work"}, {"B", "task"}}));
  EXPECT_EQ(launch->stop_grace, 10s);
}

TEST(Tasks, AProgramMustBeThereAndExecutable) {
  EXPECT_TRUE(check_executable({{"/bin/sh"}, ::geteuid()}));
  for (const char* program : {"/absent", "/etc/passwd", "/tmp"}) {
    EXPECT_FALSE(check_executable({{program}, ::geteuid()})) << program;
  }
}

}  // namespace
}  // namespace wm
