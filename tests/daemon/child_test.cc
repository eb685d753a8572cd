#include "daemon/runs/child.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/memory_file.h"

namespace wm {
namespace {

void set_oom_score(int score) { std::ofstream("/proc/self/oom_score_adj") << score; }

int oom_score() {
  int score = -1;
  std::ifstream("/proc/self/oom_score_adj") >> score;
  return score;
}

TEST(ChildTest, ItsOomScoreIsItsOwn) {
  const int before = oom_score();
  set_oom_score(before + 100);
  const UniqueFd printed = bounded_memory_file(4096);
  ChildPlan plan;
  plan.arguments = {"/bin/cat", "/proc/self/oom_score_adj"};
  plan.directory = "/";
  plan.reset_oom_score = true;

  const auto child = Child::start({.output = printed.get(), .errors = printed.get()}, plan);
  ASSERT_TRUE(child);
  int status = 0;
  ASSERT_EQ(::waitpid((*child)->pid(), &status, 0), (*child)->pid());
  const int ours = oom_score();
  set_oom_score(before);

  EXPECT_EQ(ours, before + 100);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE((*child)->has_begun());
  char text[16] = {};
  ::pread(printed.get(), &text[0], sizeof text - 1, 0);
  EXPECT_STREQ(text, "0\n");
}

TEST(ChildTest, OneWithMemoryOfItsOwnTellsWhyItFailed) {
  const UniqueFd printed = bounded_memory_file(4096);
  ChildPlan plan;
  plan.arguments = {"/no/such/program"};
  plan.directory = "/";
  plan.reset_oom_score = true;
  const auto child = Child::start({.output = printed.get(), .errors = printed.get()}, plan);
  ASSERT_TRUE(child);
  ::waitpid((*child)->pid(), nullptr, 0);
  const auto failure = (*child)->failure();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->describe(), "cannot run '/no/such/program': No such file or directory");
}

}  // namespace
}  // namespace wm
