// The life of real children, from start to end.
#include <csignal>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon/runs/real_runner.h"

namespace wm {
namespace {

class ProcessRunnerTest : public RealRunner {};

TEST_P(ProcessRunnerTest, TellsHowAChildEnded) {
  EXPECT_EQ(run(shell("exit 75")).end, (ChildEnd{ChildEnd::How::exited, 75, ""}));
  EXPECT_EQ(run(shell("kill -SEGV $$")).end, (ChildEnd{ChildEnd::How::signalled, SIGSEGV, ""}));
}

TEST_P(ProcessRunnerTest, KeepsWhatAChildPrints) {
  run(shell("echo out; echo err >&2"));
  EXPECT_EQ(log(), "out\n");
  EXPECT_EQ(log(LogStream::errors), "err\n");
}

TEST_P(ProcessRunnerTest, ASilentChildLeavesNoLog) {
  run(shell(":"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path() / "logs"));
}

TEST_P(ProcessRunnerTest, InputComesOnStandardInputAndThenEnds) {
  run(shell("cat; echo; echo \"$WM_INPUT\""));
  EXPECT_EQ(log(), "{\"userId\":\"user_42\"}\n{\"userId\":\"user_42\"}\n");
}

TEST_P(ProcessRunnerTest, ProcessingWorkTakesOnlyWhatNobodyElseWants) {
  Launch launch = shell("nice; ionice -p $$");
  launch.info.request.kind = WorkKind::processing;
  run(launch);
  EXPECT_EQ(log(), "19\nidle\n");
}

TEST_P(ProcessRunnerTest, WhatARunLeavesInItsOutputFileComesBack) {
  EXPECT_EQ(run(shell(R"(printf '{"posts":3}' >"$WM_OUTPUT_FILE")")).output, R"({"posts":3})");
  EXPECT_EQ(run(shell("true")).output, "");
  EXPECT_EQ(run(shell(R"(rm "$WM_OUTPUT_FILE"; ln -s /etc/passwd "$WM_OUTPUT_FILE")")).output, "")
      << "a link leads nowhere";
  EXPECT_EQ(run(shell(R"(rm "$WM_OUTPUT_FILE"; mkfifo "$WM_OUTPUT_FILE")")).output, "");
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path() / "outputs"));
}

TEST_P(ProcessRunnerTest, TheEnvironmentIsExactlyWhatIsPromised) {
  ::setenv("LEAKED", "1", 1);
  ::setenv("DISPLAY", ":1", 1);  // A daemon that serves all users has no session to pass on.
  ::setenv("LC_TIME", "de_AT.UTF-8", 1);
  Launch launch = shell("");
  launch.command = {"/bin/sh", "-c", "tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1"};
  launch.env = {{"EXTRA", "x"}};
  run(launch);
  for (const char* name : {"LEAKED", "DISPLAY", "LC_TIME"}) ::unsetenv(name);
  std::set<std::string> wanted{"EXTRA",          "HOME",
                               "LANG",           "LC_TIME",
                               "LOGNAME",        "PATH",
                               "SHELL",          "USER",
                               "WM_INPUT",       "WM_OUTPUT_FILE",
                               "WM_RUN_ATTEMPT", "WM_SOCKET",
                               "WM_STATE_DIR",   "WM_STOP_REASON_FILE",
                               "WM_TASK_NAME",   "WM_UNIQUE_NAME",
                               "WM_WORK_ID"};
  for (const auto& [name, value] : runtime_variables(::geteuid())) wanted.insert(name);
  for (const auto& [name, value] : locale_variables()) wanted.insert(name);
  std::istringstream lines(log());
  EXPECT_EQ((std::set<std::string>{std::istream_iterator<std::string>(lines), {}}), wanted);
}

TEST_P(ProcessRunnerTest, WhatTheTaskDeclaresWinsOverTheLocale) {
  ::setenv("LC_TIME", "de_AT.UTF-8", 1);
  Launch launch = shell("echo $LC_TIME");
  launch.env = {{"LC_TIME", "C"}};
  run(launch);
  ::unsetenv("LC_TIME");
  EXPECT_EQ(log(), "C\n");
}

TEST_P(ProcessRunnerTest, SaysWhoItIs) {
  run(shell("echo $WM_TASK_NAME $WM_UNIQUE_NAME $WM_WORK_ID $WM_RUN_ATTEMPT $WM_SOCKET"));
  EXPECT_EQ(log(), "task name " + uuid_ + " 2 /the/socket\n");
}

TEST_P(ProcessRunnerTest, NoDescriptorLeaksIn) {
  const int leak = ::open("/dev/null", O_RDONLY);  // A library may leave out O_CLOEXEC.
  run(shell("for fd in /proc/$$/fd/*; do [ -e $fd ] && echo ${fd##*/}; done; :"));
  ::close(leak);
  EXPECT_EQ(log(), "0\n1\n2\n");
}

TEST_P(ProcessRunnerTest, ASessionOfItsOwnDefaultSignalsAndUmask) {
  run(
      shell("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t0\\n'; umask;"
            "[ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && [ $(cut -d' ' -f5 /proc/$$/stat) = $$ ] && "
            "echo leads; pwd"));
  EXPECT_EQ(log(), "SigBlk:SigIgn:0022\nleads\n" + directory_.path().string() + "\n");
}

TEST_P(ProcessRunnerTest, WhatCannotStartSaysAtWhichStage) {
  Launch launch = shell(":");
  launch.command = {"/absent"};
  EXPECT_EQ(run(launch).end, (ChildEnd{ChildEnd::How::not_started, 0,
                                       "cannot run '/absent': No such file or directory"}));

  launch = shell(":");
  launch.info.request.cwd = "/absent";
  EXPECT_EQ(run(launch).end.reason,
            "cannot change to the directory '/absent': No such file or directory");
}

TEST_P(ProcessRunnerTest, AScriptWithoutAShebangIsNotRunByAShell) {
  const auto script = directory_.path() / "script";
  std::ofstream(script) << "echo hello\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  Launch launch = shell(":");
  launch.command = {script.string()};
  EXPECT_NE(run(launch).end.reason.find("neither a program nor a script"), std::string::npos);
}

TEST_P(ProcessRunnerTest, StoppingReachesTheWholeGroup) {
  runner_.start(
      shell("trap 'echo asked; exit 3' TERM; sh -c 'echo > ready; exec sleep 100' & wait"));
  await_ready();
  runner_.stop(7, StopReason::cancelled);
  EXPECT_EQ(wait().end, (ChildEnd{ChildEnd::How::exited, 3, ""}));
  EXPECT_EQ(log(), "asked\n");
}

TEST_P(ProcessRunnerTest, WhatIgnoresTheRequestIsKilledAfterItsGrace) {
  runner_.start(shell("trap '' TERM; echo > ready; while :; do sleep 0.01; done"));
  await_ready();
  runner_.stop(7, StopReason::cancelled);
  EXPECT_EQ(wait().end, (ChildEnd{ChildEnd::How::signalled, SIGKILL,
                                  "it had not ended 100ms after it was told to stop"}));
}

TEST_P(ProcessRunnerTest, TheGraceIsThatOfTheWholeGroup) {
  Launch launch = shell(
      "sh -c 'trap \"sleep 0.3; echo saved; exit\" TERM; echo > ready; while :; do sleep 0.01; "
      "done' & exec sleep 100");
  launch.stop_grace = 1min;
  runner_.start(launch);
  await_ready();
  runner_.stop(7, StopReason::cancelled);
  EXPECT_EQ(wait().end, (ChildEnd{ChildEnd::How::signalled, SIGTERM, ""}));
  EXPECT_EQ(log(), "saved\n");
}

TEST_P(ProcessRunnerTest, WhatLeftTheGroupIsToldOnceItsFirstProcessIsGone) {
  Launch launch = shell(
      "setsid sh -c 'trap \"echo saved; exit\" TERM; echo > ready; while :; do sleep 0.01; done' & "
      "exec sleep 100");
  launch.stop_grace = 1min;
  runner_.start(launch);
  await_ready();
  runner_.stop(7, StopReason::cancelled);
  EXPECT_EQ(wait().end, (ChildEnd{ChildEnd::How::signalled, SIGTERM, ""}));
  EXPECT_EQ(log(), "saved\n");
}

TEST_P(ProcessRunnerTest, WhatOutlastsTheGraceIsKilledThough) {
  runner_.start(
      shell("sh -c 'trap \"\" TERM; echo > ready; while :; do sleep 0.01; done' & exec sleep 100"));
  await_ready();
  runner_.stop(7, StopReason::cancelled);
  EXPECT_EQ(
      wait().end,
      (ChildEnd{ChildEnd::How::signalled, SIGTERM,
                "a process that it left running had not ended 100ms after it was told to stop"}));
}

TEST_P(ProcessRunnerTest, TheGraceOfOneRunDoesNotEndTheNext) {
  runner_.start(shell("trap 'exit 3' TERM; sh -c 'echo > ready; exec sleep 100' & wait"));
  await_ready();
  runner_.stop(7, StopReason::cancelled);
  ASSERT_EQ(wait().end.code, 3);

  const auto go = directory_.path() / "go";
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  std::fstream pipe(go);  // Both of its ends: nobody waits to open it.
  runner_.start(shell("read x <go; exit 4"));
  loop_.run_for(200ms);  // Twice that grace.
  loop_.restart();
  pipe << "\n" << std::flush;
  EXPECT_EQ(wait().end, (ChildEnd{ChildEnd::How::exited, 4, ""}));
}

TEST_P(ProcessRunnerTest, WhatLeftTheSessionIsKilledWithItsRun) {
  runner_.start(shell("setsid sh -c 'trap \"\" TERM; echo $$ > ready; sleep 100' & sleep 100"));
  const pid_t escaped = std::stoi(await_ready());
  ASSERT_EQ(::kill(escaped, 0), 0);

  runner_.stop(7, StopReason::cancelled);
  wait();

  const auto left = read_process_stat(escaped);
  EXPECT_TRUE(!left || left->dead);
}

TEST_P(ProcessRunnerTest, AStoppedProcessIsWokenToBeEnded) {
  runner_.start(shell("echo > ready; kill -STOP $$; sleep 100"));
  await_ready();
  runner_.stop(7, StopReason::cancelled);
  EXPECT_EQ(wait().end.how, ChildEnd::How::signalled);
}

TEST_P(ProcessRunnerTest, AChildThatWaitsTakesNoSignalIntoItsRun) {
  runner_.expect(true);
  const std::vector<pid_t> waiting = own_children();
  ASSERT_EQ(waiting.size(), 1U);
  ::kill(waiting.front(), SIGTERM);

  EXPECT_EQ(run(shell("echo $$ $(cat)")).end, (ChildEnd{ChildEnd::How::exited, 0, ""}));
  EXPECT_EQ(log(), std::to_string(waiting.front()) + R"( {"userId":"user_42"})" + "\n");
}

TEST_P(ProcessRunnerTest, AChildThatHasWaitedIsStoppedLikeAnyOther) {
  runner_.expect(true);
  runner_.start(shell("exec sleep 100"));
  runner_.stop(7, StopReason::cancelled);
  EXPECT_EQ(wait().end, (ChildEnd{ChildEnd::How::signalled, SIGTERM, ""}));
}

TEST_P(ProcessRunnerTest, AChildThatDiedWhileItWaitedIsNoRun) {
  runner_.expect(true);
  ::kill(own_children().front(), SIGKILL);
  siginfo_t ended{};
  ::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
  runner_.reap();
  EXPECT_EQ(run(shell("exit 3")).end, (ChildEnd{ChildEnd::How::exited, 3, ""}));
}

TEST_P(ProcessRunnerTest, NothingIsLeftOfAChildThatNoRunNeeds) {
  runner_.expect(true);
  runner_.expect(false);
  EXPECT_TRUE(own_children().empty());
}

TEST_P(ProcessRunnerTest, ALeftoverIsFoundFromAnotherControlGroup) {
  if (!with_cgroups() || !cgroups().available()) GTEST_SKIP() << "there are no control groups here";
  runner_.start(shell("echo > ready; sleep 100"));
  await_ready();
  std::string base;
  std::getline(std::ifstream(directory_.path() / "cgroup"), base);
  const auto own = std::filesystem::path(base).parent_path();
  const auto another = own / ("wm-test-" + std::to_string(::getpid()));
  std::filesystem::create_directory(another);
  const auto move_to = [](const std::filesystem::path& group) {
    std::ofstream(group / "cgroup.procs") << 0;
  };

  move_to(another);
  {
    ProcessRunner next(loop_, helpers_, commands_, directory_.path(), "/the/socket", history_,
                       cgroups());
    next.end_leftovers();
  }
  move_to(own);
  std::filesystem::remove(another);

  EXPECT_EQ(wait().end.code, SIGKILL);
}

TEST_P(ProcessRunnerTest, LeftoversOfAnEarlierDaemonAreEndedFirst) {
  runner_.start(shell("setsid sleep 100 & echo > ready; sleep 100"));
  await_ready();

  ProcessRunner next(loop_, helpers_, commands_, directory_.path(), "/the/socket", history_,
                     cgroups());
  next.end_leftovers();

  const ChildEnd end = wait().end;
  EXPECT_EQ(end.how, ChildEnd::How::signalled);
  EXPECT_EQ(end.code, SIGKILL);
}

TEST_P(ProcessRunnerTest, ARecordOfAnotherProcessHarmsNobody) {
  // This is our own pid, as if it had belonged to a run that ended long ago.
  WorkInfo info;
  info.uuid = "11111111-0000-0000-0000-000000000000";
  const std::string stat =
      std::to_string(::getpid()) + " (sh) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0\n";
  const auto path = directory_.path() / "runs";
  RunRecords records(path, true);
  const auto place = records.reserve();
  ASSERT_TRUE(place);
  ASSERT_TRUE(records.add(*place, info));
  ASSERT_EQ(::pwrite(place->file, stat.data(), stat.size(), place->offset),
            static_cast<ssize_t>(stat.size()));

  records.end_all();

  EXPECT_FALSE(std::filesystem::exists(path));
}

INSTANTIATE_TEST_SUITE_P(Cgroups, ProcessRunnerTest,
                         testing::Combine(testing::Bool(), testing::ValuesIn(kChildMemories)),
                         [](const auto& one) { return std::apply(name_of_world, one.param); });

TEST(ProcessStatTest, SurvivesStrangeNames) {
  const auto stat = parse_process_stat(
      "42 (a) R (b ) S 1 42 41 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 42);
  EXPECT_EQ(stat->session, 41);
  EXPECT_EQ(stat->start_ticks, 987654U);
  EXPECT_FALSE(stat->dead);
  for (const char* text : {"", "42", "42 (a)", "42 (a) S 1", "x (a) S 1 1 1"}) {
    EXPECT_FALSE(parse_process_stat(text)) << text;
  }
}

}  // namespace
}  // namespace wm
