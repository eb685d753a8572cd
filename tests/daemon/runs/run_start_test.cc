// What a run begins with, and why it cannot begin.
#include <algorithm>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/system/users.h"
#include "daemon/system/variables_file.h"
#include "tests/daemon/runs/real_runner.h"

namespace wm {
namespace {

class RunStart : public RealRunner {};

TEST_P(RunStart, AScriptNamesTheInterpreterThatIsMissing) {
  const auto script = directory_.path() / "script";
  std::ofstream(script) << "#! /no/such -e\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  Launch launch = shell(":");
  launch.command = {script.string()};
  EXPECT_EQ(run(launch).end.reason,
            "cannot run '" + script.string() + "': its interpreter '/no/such' is missing");
}

TEST_P(RunStart, TheFilesOfARunHaveTheUmaskOfItsJob) {
  Launch launch = shell("umask");
  launch.info.request.terms.umask = 027;
  run(launch);
  EXPECT_EQ(log(), "0027\n");
}

class RunVariablesFile : public RealRunner {
 protected:
  Launch with_file(const std::string& text, const std::string& script) {
    std::ofstream(file_) << text;
    Launch launch = shell(script);
    launch.info.request.env_file = file_;
    return launch;
  }
  std::string refusal(const Launch& launch) {
    const ChildEnd end = run(launch).end;
    EXPECT_EQ(end.how, ChildEnd::How::not_started);
    return end.reason;
  }

  const std::string file_ = (directory_.path() / "env").string();
  const std::string cannot_ = "cannot take its variables from '" + file_ + "'";
};

TEST_P(RunVariablesFile, AddsToItsVariablesAndWins) {
  Launch launch = with_file("PASSWORD='a b'\nHOME=/else\n",
                            "echo $PASSWORD $HOME $OTHER; ls /proc/self/fd | wc -l");
  launch.env = {{"PASSWORD", "old"}, {"OTHER", "o"}};
  run(launch);
  EXPECT_EQ(log(), "a b /else o\n4\n") << "the last of them is that of the directory itself";
}

TEST_P(RunVariablesFile, IsReadAtEachStart) {
  const Launch launch = with_file("A=1\n", "echo $A");
  run(launch);
  EXPECT_EQ(log(), "1\n");
  std::ofstream(file_) << "A=2\n";
  run(launch);
  EXPECT_EQ(log(), "2\n");
}

TEST_P(RunVariablesFile, SaysWhyItCannotBeTaken) {
  EXPECT_EQ(refusal(with_file("A=1\nB\n", ":")), cannot_ + ", line 2: it is not NAME=VALUE");
  EXPECT_EQ(refusal(with_file("WM_INPUT={}\n", ":")),
            cannot_ + ", line 1: names that begin with WM_ belong to wm");
  EXPECT_EQ(refusal(with_file(std::string("A=1\nB=\0", 7), ":")),
            cannot_ + ", line 2: it holds a NUL byte");
  EXPECT_EQ(refusal(with_file("A=" + std::string(kMostInVariablesFile, 'x'), ":")),
            cannot_ + ": it has more than 64 KiB");

  Launch launch = shell(":");
  launch.info.request.env_file = file_ + "-absent";
  EXPECT_EQ(refusal(launch),
            "cannot take its variables from '" + file_ + "-absent': No such file or directory");
  launch.info.request.env_file = (directory_.path() / "ready").string();
  EXPECT_NE(refusal(launch).find(": it is not a plain file"), std::string::npos)
      << "and nobody waits for the other end of a pipe";
}

TEST_P(RunVariablesFile, MayBeFull) {
  std::string text;
  while (text.size() + 6 <= kMostInVariablesFile)
    text += "A=" + std::to_string(100 + text.size() % 899) + "\n";
  run(with_file(text, "echo ${#A}"));
  EXPECT_EQ(log(), "3\n");
}

// Root's daemon may read everything; the user of a job may not.
TEST_P(RunVariablesFile, IsReadWithTheRightsOfItsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run jobs of other users";
  const auto user = find_user("nobody");
  if (!user) GTEST_SKIP() << "there is no user to become";
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  Launch launch = with_file("A=1\n", "echo $A");
  launch.info.work.owner = user->uid;
  ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
  EXPECT_EQ(refusal(launch), cannot_ + ": Permission denied");

  ASSERT_EQ(::chown(file_.c_str(), user->uid, user->gid), 0);
  EXPECT_EQ(run(launch).end, (ChildEnd{ChildEnd::How::exited, 0, ""}));
  EXPECT_EQ(log(), "1\n");
}

TEST_P(RunStart, WithoutAHomeItBeginsAtTheRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run jobs of other users";
  const auto user = find_user("nobody");
  if (!user || user->home != "/nonexistent") GTEST_SKIP() << "there is no user without a home";
  Launch launch = shell("pwd");
  launch.info.work.owner = user->uid;
  launch.info.request.cwd.clear();
  run(launch);
  EXPECT_EQ(log(), "/\n");
  EXPECT_EQ(log(LogStream::errors),
            "wm: its home '/nonexistent' cannot be entered: it begins in /\n");
}

INSTANTIATE_TEST_SUITE_P(Cgroups, RunStart,
                         testing::Combine(testing::Bool(), testing::ValuesIn(kChildMemories)),
                         [](const auto& one) { return std::apply(name_of_world, one.param); });

INSTANTIATE_TEST_SUITE_P(Cgroups, RunVariablesFile,
                         testing::Combine(testing::Bool(), testing::ValuesIn(kChildMemories)),
                         [](const auto& one) { return std::apply(name_of_world, one.param); });

}  // namespace
}  // namespace wm
