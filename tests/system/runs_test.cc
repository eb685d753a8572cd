// Badly behaved tasks on a real daemon: what a run can do, touch and leave behind.
#include <csignal>
#include <fstream>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "daemon/runs/processes.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

class Runs : public Commands {
 protected:
  Runs() {
    std::filesystem::create_directory(here_);
    make_pipe(here_ / "ready");
  }

  std::string file(const std::string& name) const { return (here_ / name).string(); }
  std::string contents(const std::string& name) const {
    std::ifstream file(here_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Registers a shell script that runs in that directory, and waits for its end.
  json::object run(const std::string& script, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--cwd", here_.string(), "--max-attempts", "1"});
    shell("task", script, std::move(options));
    wm({"wait", "task"});
    return json({"show", "task"}).as_object();
  }
  static std::string reason(const json::object& work) {
    return text(work.at("lastResult"), "reason");
  }

  std::filesystem::path here_ = daemon_.path() / "here";
};

bool lives(pid_t pid) {
  const auto process = read_process_stat(pid);
  return process && !process->dead;
}

TEST_F(Runs, WhatSlipsAwayIsEndedWithItsRun) {
  const json::object work =
      run("(setsid env -i /bin/sh -c 'trap \"\" TERM HUP; echo $$ >slipped; sleep 1000' &) &\n"
          "until [ -s slipped ]; do sleep 0.01; done");
  EXPECT_EQ(text(work, "state"), "succeeded");
  EXPECT_EQ(reason(work), "processes that it left running were ended");
  EXPECT_FALSE(lives(std::stoi(contents("slipped"))));
}

TEST_F(Runs, WhatSlipsAwayIsEndedWhenItsRunIsStopped) {
  shell("task",
        "(setsid env -i /bin/sh -c 'trap \"\" TERM HUP; echo $$ >slipped; sleep 1000' &) &\n"
        "until [ -s slipped ]; do sleep 0.01; done; echo >ready; exec sleep 1000",
        {"--cwd", here_.string(), "--stop-grace", "100ms"});
  read_line(here_ / "ready");
  ok({"cancel", "task"});
  EXPECT_EQ(wm({"wait", "task"}).status, 1);
  EXPECT_FALSE(lives(std::stoi(contents("slipped"))));
}

TEST_F(Runs, AllOfAPipelineHasTheGrace) {
  shell("task",
        "sh -c 'trap \"sleep 0.2; echo saved >saved; exit\" TERM; echo >ready;"
        "while :; do sleep 0.01; done' | cat",
        {"--cwd", here_.string(), "--stop-grace", "1m"});
  read_line(here_ / "ready");
  ok({"cancel", "task"});
  EXPECT_EQ(wm({"wait", "task"}).status, 1);
  EXPECT_EQ(contents("saved"), "saved\n");
  EXPECT_EQ(text(json({"show", "task"}), "state"), "cancelled");
}

TEST_F(Runs, AForkBombMeetsItsBound) {
  const json::object work =
      run("i=0; while [ $i -lt 100 ]; do sleep 1000 & i=$((i+1)); echo $i >count; done",
          {"--tasks-max", "10"});
  if (reason(work).find("not kept") != std::string::npos) GTEST_SKIP() << reason(work);
  EXPECT_LT(std::stoi(contents("count")), 20);
  EXPECT_NE(wm({"logs", "task", "--stderr"}).err.find("fork"), std::string::npos);
}

TEST_F(Runs, OutOfMemoryIsToldAsSuch) {
  ok({"register-oneoff", "task", "--memory-max", "32M", "--max-attempts", "1", "--",
      "/usr/bin/tail", "/dev/zero"});
  wm({"wait", "task"});
  const json::object work = json({"show", "task"}).as_object();
  EXPECT_EQ(text(work, "state"), "failed");
  if (reason(work).find("alone") != std::string::npos) GTEST_SKIP() << reason(work);
  EXPECT_EQ(reason(work), "out of memory: it exceeded 32M (memory-max)");
}

TEST_F(Runs, AFloodOfOutputIsCutAtItsBeginning) {
  constexpr std::int64_t kPrinted = std::int64_t{64} << 20;
  run("head -c " + std::to_string(kPrinted - 4) + " /dev/zero; echo end");
  const json::object log = json({"logs", "task"}).as_object();
  const auto dropped = log.at("droppedBytes").to_number<std::int64_t>();
  const auto kept = static_cast<std::int64_t>(log.at("text").as_string().size());
  EXPECT_EQ(dropped + kept, kPrinted);
  EXPECT_LE(kept, std::int64_t{10} << 20);
  EXPECT_GE(kept, std::int64_t{4} << 20);
  EXPECT_TRUE(std::string_view(log.at("text").as_string()).ends_with("end\n"));
  const Output told = wm({"logs", "task"});
  EXPECT_NE(told.err.find("bytes of this log were dropped"), std::string::npos);
}

TEST_F(Runs, TheLogOfAFullDiskGoesOnOnceThereIsSpace) {
  daemon_.stop();
  const auto logs = daemon_.path() / "state/logs";
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    GTEST_SKIP() << "no file system can be mounted here";
  }
  ASSERT_EQ(::mount("none", logs.c_str(), "tmpfs", 0, "size=16k,mode=0700"), 0);
  const auto filler = logs / "filler";
  std::ofstream(filler) << std::string(std::size_t{64} << 10, 'x');
  daemon_.start();
  make_pipe(here_ / "go");
  // This is long enough for the first lines to be read before there is space.
  shell("task", "echo lost; sleep 0.3; echo >ready; read go <go; echo kept; echo half",
        {"--cwd", here_.string()});
  read_line(here_ / "ready");
  std::filesystem::remove(filler);
  std::ofstream(here_ / "go") << "go\n";
  ok({"wait", "task"});
  const Output told = wm({"logs", "task"});
  EXPECT_EQ(told.out, "kept\nhalf\n");
  EXPECT_EQ(told.err, "wm: 5 bytes are missing here: there was no space for them\n");
  const json::object log = json({"logs", "task"}).as_object();
  EXPECT_EQ(log.at("missingBytes"), 5);
  EXPECT_EQ(log.at("text"), "kept\nhalf\n");
  daemon_.stop();
  ::umount2(logs.c_str(), MNT_DETACH);
}

TEST_F(Runs, AnOutputThatIsTooLargeIsToldAndDropped) {
  const json::object work = run("head -c 1048576 /dev/zero | tr '\\0' 1 >\"$WM_OUTPUT_FILE\"");
  EXPECT_EQ(text(work, "state"), "succeeded");
  EXPECT_FALSE(reason(work).empty());
  EXPECT_FALSE(work.contains("output"));
}

TEST_F(Runs, WhatAWorkKeepsLastsFromRunToRun) {
  shell("task",
        "cat \"$WM_STATE_DIR/seen\" && exit 0; echo before >\"$WM_STATE_DIR/seen\"; exit 75",
        {"--backoff-delay", "10s"});
  ok({"wait", "task", "--for", "enqueued"});
  ok({"run", "task"});
  ok({"wait", "task"});
  EXPECT_EQ(ok({"logs", "task"}), "before\n");
  ok({"prune"});
  shell("task", "cat \"$WM_STATE_DIR/seen\"");
  ok({"wait", "task"});
  EXPECT_EQ(ok({"logs", "task"}), "before\n") << "and from registration to registration";
}

// This holds even if the directory is empty, or another job had the time to leave it empty.
TEST_F(Runs, WhatIsPutIntoAStateDirectoryBetweenRunsIsTheNamesOwn) {
  shell("task", "echo $WM_STATE_DIR");
  ok({"wait", "task"});
  std::string kept = ok({"logs", "task"});
  kept.pop_back();
  std::ofstream(std::filesystem::path(kept) / "put") << "here\n";
  shell("other", "ls $WM_STATE_DIR");
  ok({"wait", "other"});
  EXPECT_EQ(ok({"logs", "other"}), "");
  daemon_.kill();
  daemon_.start();

  shell("task", "cat $WM_STATE_DIR/put");
  ok({"wait", "task"});
  EXPECT_EQ(ok({"logs", "task"}), "here\n");
}

TEST_F(Runs, AStateDirectoryIsRemovedWhereItIsAskedFor) {
  const auto pipe = daemon_.path() / "pipe";
  make_pipe(pipe);
  fails(3, "no state directory", {"prune", "--state", "task"});
  shell("task", "touch $WM_STATE_DIR/mine; echo $WM_STATE_DIR >" + pipe.string() + "; cat " +
                    pipe.string());
  const std::string kept = read_line(pipe);
  fails(6, "a run of 'task' is in progress", {"prune", "--state", "task"});
  std::ofstream(pipe) << "end\n";
  ok({"wait", "task"});
  ok({"prune"});
  EXPECT_TRUE(std::filesystem::exists(kept + "/mine"));

  EXPECT_EQ(ok({"prune", "--state", "task"}), "removed the state directory of 'task'\n");
  fails(3, "no state directory", {"prune", "--state", "task"});
  while (std::filesystem::exists(kept)) ::usleep(1000);
}

class StateForASecond : public Runs {
 protected:
  StateForASecond() {
    daemon_.configure(std::string(TestDaemon::kConfiguration) + "[history]\nkeep_state = \"1s\"\n");
    daemon_.stop();
    daemon_.start();
  }
};

TEST_F(StateForASecond, AStateDirectoryGoesWhenItsTimeHasCome) {
  shell("task", "touch $WM_STATE_DIR/mine; echo $WM_STATE_DIR");
  ok({"wait", "task"});
  std::string kept = ok({"logs", "task"});
  kept.pop_back();
  while (std::filesystem::exists(kept)) ::usleep(10'000);
  fails(3, "no state directory", {"prune", "--state", "task"});
  EXPECT_EQ(text(json({"show", "task"}), "state"), "succeeded");
}

TEST_F(Runs, AStateDirectoryThatIsDeletedIsMadeAgain) {
  shell("task", "rmdir \"$WM_STATE_DIR\" && exit 75", {"--backoff-delay", "10s"});
  ok({"wait", "task", "--for", "enqueued"});
  ok({"run", "task"});
  wm({"wait", "task", "--for", "enqueued"});
  EXPECT_EQ(json({"show", "task"}).at("runAttemptCount"), 2);
  EXPECT_EQ(json({"history", "task"}).at(0).at("exitCode"), 75);
}

TEST_F(Runs, ARunCanReadWhyItIsStopped) {
  shell("task",
        "trap 'cat \"$WM_STOP_REASON_FILE\" >why; exit 1' TERM;"
        "sh -c 'echo >ready; exec sleep 1000' & wait",
        {"--cwd", here_.string()});
  read_line(here_ / "ready");
  ok({"cancel", "task"});
  wm({"wait", "task"});
  EXPECT_EQ(contents("why"), "cancelled\n");
}

TEST_F(Runs, SayHowFarTheyAre) {
  const std::string wm_program = WM_PROGRAM;
  shell("task",
        wm_program +
            " progress 40 --data '{\"step\":\"upload\"}'; echo >ready;"
            "until [ -e go ]; do sleep 0.01; done",
        {"--cwd", here_.string()});
  read_line(here_ / "ready");
  const json::object progress = json({"show", "task"}).at("progress").as_object();
  EXPECT_EQ(progress, (json::object{{"percent", 40}, {"data", {{"step", "upload"}}}}));
  EXPECT_NE(ok({"list"}).find("running 40 %"), std::string::npos);
  std::ofstream(here_ / "go") << "go\n";
  EXPECT_EQ(wm({"wait", "task"}).status, 0);
  EXPECT_FALSE(json({"show", "task"}).as_object().contains("progress"));
}

TEST_F(Runs, TellWhoeverWaitsHowFarTheyAre) {
  const std::string wm_program = WM_PROGRAM;
  shell("task",
        "until [ -e go ]; do sleep 0.01; done; " + wm_program + " progress 40; " + wm_program +
            " progress --data '{\"step\":\"upload\"}'; until [ -e end ]; do sleep 0.01; done",
        {"--cwd", here_.string()});
  RawConnection waiting(daemon_.socket());
  waiting.call_for_more("io.wm.Scheduler.Wait", {{"uniqueName", "task"}});
  EXPECT_TRUE(waiting.next().contains("awaited"));
  std::ofstream(here_ / "go") << "go\n";
  json::object page = waiting.next();
  for (; !page.at("progress").as_object().contains("data"); page = waiting.next()) {
    EXPECT_EQ(page.at("progress").at("percent"), 40);
  }
  EXPECT_EQ(page.at("progress").at("data").at("step"), "upload");
  std::ofstream(here_ / "end") << "end\n";
  EXPECT_EQ(text(waiting.next().at("work"), "state"), "succeeded");
}

TEST_F(Runs, ThatStopThemselvesAreShownAsSuspended) {
  make_pipe(here_ / "again");
  RawConnection watching(daemon_.socket());
  watching.call_for_more("io.wm.Scheduler.Watch");
  shell("task", "echo $$ >pid; kill -STOP $$; read x <again; kill -STOP $$",
        {"--cwd", here_.string()});
  const auto suspended = [&] { return json({"show", "task"}).as_object().contains("suspended"); };
  const auto await = [&](const std::string& event) {
    for (;;) {
      const json::object page = watching.next();
      for (const json::value& one : page.at("events").as_array()) {
        if (text(one, "event") == event) return;
      }
    }
  };
  await("suspended");
  EXPECT_TRUE(suspended());
  EXPECT_NE(ok({"list"}).find("running (suspended)"), std::string::npos);
  ::kill(std::stoi(contents("pid")), SIGCONT);
  await("continued");
  EXPECT_FALSE(suspended());
  std::ofstream(here_ / "again") << "x\n";
  await("suspended");
  ok({"cancel", "task"});
  EXPECT_EQ(wm({"wait", "task"}).status, 1);
  EXPECT_FALSE(suspended());
}

TEST_F(Runs, WhoseOutputIsTooLargeAreToldSo) {
  const json::object work =
      run(R"(head -c 1048576 /dev/zero | tr '\0' x | sed 's/.*/{"a":"&"}/' >"$WM_OUTPUT_FILE")");
  EXPECT_EQ(reason(work), "its output is over the maximum of 10240 bytes (limits.max_data)");
}

TEST_F(Runs, GiveBackWhatTheySay) {
  const std::string wm_program = WM_PROGRAM;
  const json::object work = run(wm_program + " output '{\"posts\":3}'");
  EXPECT_EQ(work.at("output").at("posts"), 3);
  run(wm_program + " output 3 2>why; " + wm_program + " progress 101 2>>why",
      {"--existing", "replace"});
  EXPECT_EQ(contents("why"),
            "wm: the output is not a JSON object: write {…}\n"
            "wm: a percentage is a whole number from 0 to 100\n");
}

TEST_F(Runs, NobodyElseSpeaksForThem) {
  fails(6, "this is not a run", {"progress", "40"});
  const Output output = run_program({"/usr/bin/env", "WM_WORK_ID=nobody", WM_PROGRAM, "--socket",
                                     daemon_.socket(), "progress", "40"});
  EXPECT_EQ(output.status, 6);
  EXPECT_EQ(output.err, "wm: no run of the job 'nobody' is in progress\n");
}

TEST_F(Runs, ALogIsFollowedToTheEndOfItsWork) {
  shell("task", "echo one; until [ -e go ]; do sleep 0.01; done; echo two; exit 0",
        {"--cwd", here_.string()});
  ok({"wait", "task", "--for", "running"});
  std::ofstream(here_ / "go") << "go\n";
  EXPECT_EQ(ok({"logs", "task", "--follow"}), "one\ntwo\n");
}

TEST_F(Runs, ARunThatIsNamedIsFollowedToItsOwnEnd) {
  ok({"every", "1h", "task", "--cwd", here_.string(), "--", "/bin/sh", "-c",
      "echo one; until [ -e go ]; do sleep 0.01; done; echo two"});
  ok({"wait", "task", "--for", "running"});
  RunningProgram log(
      {WM_PROGRAM, "--socket", daemon_.socket(), "logs", "task", "-f", "--run", "1"});
  EXPECT_EQ(log.line(), "one");
  std::ofstream(here_ / "go") << "go\n";
  EXPECT_EQ(log.line(), "two");
  EXPECT_EQ(log.finish().status, 0) << "its job goes on";
  EXPECT_EQ(ok({"logs", "task", "-f", "--run", "1"}), "one\ntwo\n");
}

TEST_F(Runs, TimesStandBeforeEachLine) {
  run("echo one; echo two >&2; echo three");
  const Output both = wm({"logs", "task", "--times"});
  const std::string& times = both.out;
  EXPECT_EQ(std::ranges::count(times, '\n'), 2);
  EXPECT_TRUE(both.err.ends_with("  two\n")) << both.err;
  EXPECT_NE(times.find("  one\n"), std::string::npos) << times;
  EXPECT_NE(times.find("  three\n"), std::string::npos) << times;
}

TEST_F(Runs, RunAtThePriorityTheyAskFor) {
  run("nice; ionice -p $$", {"--nice", "7", "--io-class", "best-effort"});
  EXPECT_EQ(ok({"logs", "task"}), "7\nbest-effort: prio 4\n");
}

TEST_F(Runs, OfAnotherUserHaveThatUsersRights) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a run to somebody else";
  std::filesystem::permissions(daemon_.path(), std::filesystem::perms(0711));
  shell("task",
        "id -un; id -u; pwd; touch \"$WM_STATE_DIR/mine\" && echo kept;"
        "echo '{\"n\":1}' >\"$WM_OUTPUT_FILE\" && echo told; grep CapEff /proc/self/status",
        {"--as", "nobody", "--cwd", "/"});
  ok({"wait", "task"});
  EXPECT_EQ(ok({"logs", "task"}), "nobody\n65534\n/\nkept\ntold\nCapEff:\t0000000000000000\n")
      << wm({"logs", "task", "--stderr"}).err;
  EXPECT_EQ(json({"show", "task"}).at("output").at("n"), 1);
  fails(2, "no user 'nobody-at-all'",
        {"register-oneoff", "other", "--as", "nobody-at-all", "--", "/bin/true"});
}

TEST_F(Runs, ManyThingsThatATaskMayDoHarmNobody) {
  EXPECT_EQ(text(run("exec >&- 2>&-; exit 0"), "state"), "succeeded");
  EXPECT_EQ(
      text(run("mkdir gone; cd gone; rmdir ../gone; exit 0", {"--existing", "replace"}), "state"),
      "succeeded");
  const json::object limited = run(
      "kill -STOP $$", {"--existing", "replace", "--time-limit", "100ms", "--stop-grace", "0s"});
  EXPECT_EQ(text(limited, "state"), "failed");
  EXPECT_EQ(text(limited, "stopReason"), "timeout");
}

}  // namespace
}  // namespace wm
