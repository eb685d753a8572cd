#include "daemon/system/child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/runs/processes.h"
#include "daemon/system/memory_file.h"
#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

void set_oom_score(int score) { std::ofstream("/proc/self/oom_score_adj") << score; }

int oom_score() {
  int score = -1;
  std::ifstream("/proc/self/oom_score_adj") >> score;
  return score;
}

ChildPlan plan_for(std::vector<std::string> arguments) {
  ChildPlan plan;
  plan.arguments = std::move(arguments);
  plan.directory = "/";
  return plan;
}

// Forbids clone3 to this process from now on, as the sandboxes of some containers do.
void forbid_clone3() {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{program.size(), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

std::string name_of(ChildMemory memory) {
  return memory == ChildMemory::shared ? "shared" : "copied";
}

class ChildTest : public testing::TestWithParam<ChildMemory> {
 protected:
  ChildFiles files() const { return {.output = printed_.get(), .errors = printed_.get()}; }
  static int end_of(const Child& child) {
    int status = -1;
    ::waitpid(child.pid(), &status, 0);
    return status;
  }
  std::string printed() const {
    std::string text(4096, '\0');
    ::pread(printed_.get(), text.data(), text.size(), 0);
    return text.substr(0, text.find('\0'));
  }

  UniqueFd printed_ = bounded_memory_file(4096);
};

TEST_P(ChildTest, OneThatWaitsRunsWhatItIsToldThen) {
  const auto child = Child::prepare(files(), GetParam());
  ASSERT_TRUE(child);
  EXPECT_FALSE((*child)->has_begun());
  ChildPlan plan = plan_for({"/bin/sh", "-c", "echo $1 $WORD $PWD $(nice) $(cat)", "sh", "first"});
  plan.environment = {"PATH=/usr/bin:/bin", "WORD=word"};
  plan.directory = "/tmp";
  plan.nice = 5;
  plan.input = "input";

  (*child)->begin(plan);

  EXPECT_EQ(end_of(**child), 0);
  EXPECT_TRUE((*child)->has_begun());
  EXPECT_FALSE((*child)->failure());
  EXPECT_EQ(printed(), "first word /tmp 5 input\n");
}

TEST_P(ChildTest, OneThatHasBegunIsSeenToHave) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd end(pipe[0]);
  const auto child = Child::start({.output = pipe[1], .errors = pipe[1]},
                                  plan_for({"/bin/sh", "-c", "echo; exec sleep 100"}), GetParam());
  ::close(pipe[1]);
  ASSERT_TRUE(child);
  char line = 0;
  ASSERT_EQ(::read(end.get(), &line, 1), 1);

  EXPECT_TRUE((*child)->has_begun());
  EXPECT_FALSE((*child)->failure());

  (*child)->terminate();
  EXPECT_EQ(WTERMSIG(end_of(**child)), SIGTERM);
}

// The child runs the daemon's own program, so only the start itself tells the two apart. It cannot
// print, and so does not end.
TEST_P(ChildTest, OneThatRunsThisProgramIsSeenToHaveBegun) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  UniqueFd end(pipe[0]);
  const UniqueFd full(pipe[1]);
  const std::string page(4096, ' ');
  ::fcntl(full.get(), F_SETFL, O_NONBLOCK);
  while (::write(full.get(), page.data(), page.size()) > 0) {
  }
  ::fcntl(full.get(), F_SETFL, 0);

  const auto child = Child::start(
      {.output = full.get(), .errors = printed_.get()},
      plan_for({std::filesystem::read_symlink("/proc/self/exe"), "--gtest_list_tests"}),
      GetParam());
  ASSERT_TRUE(child);
  while (!(*child)->has_begun()) ::sched_yield();

  EXPECT_EQ(::waitpid((*child)->pid(), nullptr, WNOHANG), 0);
  end.reset();
  EXPECT_EQ(WTERMSIG(end_of(**child)), SIGPIPE);
}

TEST_P(ChildTest, WhatFailsIsToldWithItsStage) {
  const auto failure_of = [&](const ChildPlan& plan) {
    const auto child = Child::start(files(), plan, GetParam());
    if (!child) return child.error().describe();
    EXPECT_EQ(WEXITSTATUS(end_of(**child)), 127);
    EXPECT_TRUE((*child)->has_begun());
    const auto failure = (*child)->failure();
    return failure ? failure->describe() : "nothing";
  };
  ChildPlan plan = plan_for({"/no/such/program"});
  EXPECT_EQ(failure_of(plan), "cannot run '/no/such/program': No such file or directory");
  plan.directory = "/no/such/place";
  EXPECT_EQ(failure_of(plan),
            "cannot change to the directory '/no/such/place': No such file or "
            "directory");
  plan.bounds = {{.resource = -1, .most = 1}};
  EXPECT_EQ(failure_of(plan), "cannot set its limits and priority: Invalid argument");
  plan.state_directory = "/no/such/place/state";
  EXPECT_EQ(failure_of(plan),
            "cannot make its state directory '/no/such/place/state': No such file or directory");
}

TEST_P(ChildTest, ItsStateDirectoryIsMadeOnceAndClosedToOthers) {
  const TemporaryDirectory directory;
  const std::filesystem::path state = directory.path() / "state";
  ChildPlan plan = plan_for({"/bin/sh", "-c", "echo here >> kept"});
  plan.directory = plan.state_directory = state.string();
  for (int run = 0; run < 2; ++run) {
    const auto child = Child::start(files(), plan, GetParam());
    ASSERT_TRUE(child);
    EXPECT_EQ(end_of(**child), 0);
  }
  EXPECT_EQ(std::filesystem::file_size(state / "kept"), 10U) << "what it has kept stays";
  EXPECT_EQ(std::filesystem::status(state).permissions(), std::filesystem::perms::owner_all);
}

TEST_P(ChildTest, TheStateDirectoryOfAnotherUserIsTheirs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  const TemporaryDirectory directory;
  ChildPlan plan = plan_for({"/bin/true"});
  plan.state_directory = (directory.path() / "state").string();
  plan.switch_user = true;
  plan.uid = 12'345;
  plan.gid = 12'346;
  const auto child = Child::start(files(), plan, GetParam());
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(**child), 0);
  struct stat status{};
  ASSERT_EQ(::stat(plan.state_directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, plan.uid);
  EXPECT_EQ(status.st_gid, plan.gid);
}

TEST_P(ChildTest, APlanOfAnySizeIsAnsweredAsTheKernelWould) {
  const auto child = Child::prepare(files(), GetParam());
  ASSERT_TRUE(child);
  (*child)->begin(plan_for({"/bin/true", std::string(std::size_t{9} << 20, 'x')}));
  EXPECT_EQ(WEXITSTATUS(end_of(**child)), 127);
  ASSERT_TRUE((*child)->failure());
  EXPECT_EQ((*child)->failure()->describe(), "cannot run '/bin/true': Argument list too long");
}

TEST_P(ChildTest, NoDescriptorOfOursIsLeftToIt) {
  const UniqueFd leak(::fcntl(printed_.get(), F_DUPFD, 20));  // Without O_CLOEXEC.
  const UniqueFd record(::fcntl(printed_.get(), F_DUPFD_CLOEXEC, 30));
  const UniqueFd above(::fcntl(printed_.get(), F_DUPFD, 40));
  ChildFiles given = files();
  given.record = record.get();
  ChildPlan plan = plan_for(
      {"/bin/sh", "-c", "for fd in /proc/$$/fd/*; do [ -e $fd ] && echo ${fd##*/}; done; :"});
  plan.record_offset = 2048;
  const auto child = Child::start(given, plan, GetParam());
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(**child), 0);
  EXPECT_EQ(printed(), "0\n1\n2\n");
}

TEST_P(ChildTest, ASandboxWithoutClone3IsEnough) {
  const auto try_it = [&] {
    forbid_clone3();
    const auto child = Child::start(files(), plan_for({"/bin/sh", "-c", "exit 3"}), GetParam());
    std::_Exit(child ? WEXITSTATUS(end_of(**child)) : 1);
  };
  EXPECT_EXIT(try_it(), testing::ExitedWithCode(3), "");
}

TEST_P(ChildTest, ItIsWrittenDownBeforeItsProgramRuns) {
  const UniqueFd record = bounded_memory_file(4096);
  ChildFiles given = files();
  given.record = record.get();
  ChildPlan plan = plan_for({"/bin/true"});
  plan.record_offset = 1024;
  const auto child = Child::start(given, plan, GetParam());
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(**child), 0);
  std::array<char, 512> text{};
  ::pread(record.get(), text.data(), text.size() - 1, 1024);
  const auto stat = parse_process_stat(text.data());
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, (*child)->pid());
  EXPECT_EQ(stat->session, (*child)->pid());
}

// Its parent is a process between this one and the child.
TEST_P(ChildTest, OneThatIsBoundEndsWithItsParent) {
  constexpr int kLongMs = 20'000;
  for (const bool other_user : {false, true}) {
    if (other_user && ::geteuid() != 0) continue;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    const UniqueFd end(pipe[0]);
    const pid_t parent = ::fork();
    if (parent == 0) {
      ChildPlan plan = plan_for({"/bin/sh", "-c", "echo; exec sleep 1000"});
      plan.switch_user = other_user;
      plan.uid = 12'345;
      plan.gid = 12'346;
      const auto child =
          Child::start({.output = pipe[1], .errors = pipe[1], .bound = true}, plan, GetParam());
      if (!child) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(pipe[1]);
    char line = 0;
    ASSERT_EQ(::read(end.get(), &line, 1), 1);

    ::kill(parent, SIGKILL);

    ::waitpid(parent, nullptr, 0);
    pollfd over{end.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&over, 1, kLongMs), 1) << (other_user ? "another user's" : "ours");
  }
}

INSTANTIATE_TEST_SUITE_P(Memory, ChildTest, testing::ValuesIn(kChildMemories),
                         [](const auto& one) { return name_of(one.param); });

TEST(ChildOomTest, ItsScoreIsItsOwn) {
  const int before = oom_score();
  set_oom_score(before + 100);
  const UniqueFd printed = bounded_memory_file(4096);
  ChildPlan plan = plan_for({"/bin/cat", "/proc/self/oom_score_adj"});
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

}  // namespace
}  // namespace wm
