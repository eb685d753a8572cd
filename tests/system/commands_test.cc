// The real client and the real daemon: every command, as people and scripts use it.
#include <csignal>
#include <fstream>
#include <memory>
#include <set>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/other_users.h"

namespace wm {
namespace {

TEST_F(Commands, WorkRunsAndShowsWhatItDid) {
  EXPECT_EQ(ok({"register-oneoff", "hello", "--", "echo", "Hello", "you"}), "enqueued 'hello'\n");
  EXPECT_EQ(ok({"wait", "hello"}), "'hello' succeeded\n");
  EXPECT_EQ(ok({"logs", "hello"}), "Hello you\n");

  const json::value work = json({"show", "hello"});
  EXPECT_EQ(text(work, "state"), "succeeded");
  EXPECT_EQ(text(work, "uniqueName"), "hello");
  EXPECT_EQ(work.at("command").as_array().size(), 3U);
  EXPECT_EQ(text(work.at("lastResult"), "outcome"), "succeeded");
  EXPECT_NE(ok({"show", "hello"}).find("succeeded"), std::string::npos);

  EXPECT_EQ(json({"list"}).as_array().size(), 0U);
  EXPECT_EQ(json({"list", "--all"}).as_array().size(), 1U);
  const json::array runs = json({"history", "hello"}).as_array();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(text(runs[0], "outcome"), "succeeded");
  EXPECT_EQ(runs[0].at("run"), 1);
  EXPECT_NE(ok({"history"}).find("hello"), std::string::npos);
}

TEST_F(Commands, TheLessonsRegistrationsBehaveAsTheLessonSays) {
  daemon_.configure(std::string(TestDaemon::kConfiguration) + R"(
[tasks."*"]
command = ["/bin/echo", "dispatch"]
dispatcher = true
)");
  daemon_.signal(SIGHUP);
  ok({"conditions", "override", "network=none", "battery=low"});
  const json::value sync = json({"register-oneoff", "oneoff-sync-001", "fetchLatestPosts",
                                 "--input", "userId=user_42", "--network", "connected"});
  EXPECT_EQ(text(sync, "result"), "enqueued");
  EXPECT_EQ(text(sync, "state"), "enqueued");
  EXPECT_EQ(text(sync.at("waitingFor").at(0), "name"), "network");
  EXPECT_EQ(sync.at("input"), json::parse(R"({"userId":"user_42"})"));
  ok({"register-periodic", "periodic-cache-cleanup", "cleanupCache", "--frequency", "1h",
      "--battery-not-low"});
  EXPECT_EQ(json({"list"}).as_array().size(), 2U);

  ok({"conditions", "override", "network=connected"});
  ok({"wait", "oneoff-sync-001"});
  EXPECT_EQ(ok({"logs", "oneoff-sync-001"}), "dispatch fetchLatestPosts\n");
  EXPECT_EQ(text(json({"show", "periodic-cache-cleanup"}), "state"), "enqueued");

  ok({"cancel", "periodic-cache-cleanup"});
  EXPECT_EQ(json({"list"}).as_array().size(), 0U);
}

TEST_F(Commands, PeriodicWorkRunsAgainAndAgain) {
  ok({"register-periodic", "tick", "--every", "20ms", "--initial-delay", "20ms", "--", "true"});
  EXPECT_EQ(ok({"wait", "tick"}), "'tick' ran: succeeded\n");
  ok({"wait", "tick"});
  const json::value work = json({"show", "tick"});
  EXPECT_EQ(work.at("everyMs"), 20);
  EXPECT_EQ(text(work, "cadence"), "interval");
  ok({"cancel", "--all"});
  EXPECT_GE(json({"history", "tick"}).as_array().size(), 2U);
}

TEST_F(Commands, WaitTellsHowItEnded) {
  shell("fails", "exit 70");
  const Output failed = wm({"wait", "fails"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.out, "'fails' failed (exit 70)\n");

  shell("slow", "exec sleep 100");
  EXPECT_EQ(wm({"wait", "slow", "--for", "running"}).status, 0);
  fails(124, "'slow' has not ended after 10ms", {"wait", "slow", "--timeout", "10ms"});
  ok({"cancel", "slow"});
  EXPECT_EQ(wm({"wait", "slow"}).status, 1);
  EXPECT_EQ(wm({"wait", "slow", "--for", "cancelled"}).status, 0);
  EXPECT_EQ(wm({"wait", "slow", "--for", "succeeded"}).status, 1);
}

TEST_F(Commands, RetriesBackOffAndAreCounted) {
  shell("thrice", "echo $WM_RUN_ATTEMPT; test $WM_RUN_ATTEMPT = 3", {"--backoff-delay", "10ms"});
  ok({"wait", "thrice"});
  const json::array runs = json({"history", "thrice"}).as_array();
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(text(runs[1], "outcome"), "retry");
  EXPECT_EQ(runs[1].at("exitCode"), 1);
  EXPECT_EQ(runs[0].at("attempt"), 3);
  EXPECT_EQ(ok({"logs", "thrice", "--run", "1"}), "1\n");
  EXPECT_EQ(json({"history", "--failed"}).as_array().size(), 2U);
  EXPECT_EQ(json({"history", "--limit", "2"}).as_array().size(), 2U);
  EXPECT_EQ(json({"history", "--since", "1h"}).as_array().size(), 3U);
  EXPECT_EQ(json({"history", "--since", "2100-01-01 00:00"}).as_array().size(), 0U);
}

TEST_F(Commands, MaxAttemptsAndExitRules) {
  shell("twice", "exit 1", {"--backoff-delay", "1ms", "--max-attempts", "2"});
  EXPECT_EQ(wm({"wait", "twice"}).status, 1);
  EXPECT_EQ(json({"history", "twice"}).as_array().size(), 2U);
  shell("rules", "exit 3", {"--success-on", "3-5"});
  EXPECT_EQ(wm({"wait", "rules"}).status, 0);
  shell("crash", "kill -9 $$");
  const Output crash = wm({"wait", "crash"});
  EXPECT_EQ(crash.status, 1);
  EXPECT_NE(crash.out.find("SIGKILL"), std::string::npos);
}

TEST_F(Commands, WorkWaitsForItsConditions) {
  ok({"conditions", "override", "network=none", "charging=no", "battery=low", "storage=low"});
  const std::vector<std::vector<std::string>> needs{
      {"--network", "connected"}, {"--charging"}, {"--battery-not-low"}, {"--storage-not-low"}};
  for (std::size_t i = 0; i < needs.size(); ++i) {
    shell("work-" + std::to_string(i), ":", needs[i]);
  }
  EXPECT_EQ(json({"list", "--state", "enqueued"}).as_array().size(), 4U);
  ok({"conditions", "override", "network=metered", "charging=yes", "battery=ok", "storage=ok"});
  for (std::size_t i = 0; i < needs.size(); ++i) {
    EXPECT_EQ(wm({"wait", "work-" + std::to_string(i)}).status, 0);
  }
  shell("unmetered", ":", {"--network", "unmetered"});
  EXPECT_EQ(text(json({"show", "unmetered"}), "state"), "enqueued");
  ok({"conditions", "override", "network=unmetered"});
  EXPECT_EQ(wm({"wait", "unmetered"}).status, 0);
}

TEST_F(Commands, LosingAConstraintStopsTheRun) {
  ok({"conditions", "override", "network=connected"});
  shell("slow", "exec sleep 100", {"--network", "connected"});
  ok({"conditions", "override", "network=none"});
  EXPECT_EQ(wm({"wait", "slow", "--for", "enqueued"}).status, 0);
  const json::value work = json({"show", "slow"});
  EXPECT_EQ(text(work.at("lastResult"), "outcome"), "interrupted");
  EXPECT_EQ(text(work.at("lastResult"), "stopReason"), "constraint-network");
}

TEST_F(Commands, OverridesEnd) {
  ok({"conditions", "override", "charging=no", "--for", "50ms"});
  shell("patient", ":", {"--charging"});
  const json::value before = json({"conditions"});
  ok({"conditions", "override", "charging=yes"});
  EXPECT_EQ(wm({"wait", "patient"}).status, 0);
  ok({"conditions", "clear"});
  const json::value after = json({"conditions"});
  for (const json::value& condition : after.as_array()) {
    EXPECT_FALSE(condition.at("overridden").as_bool());
    EXPECT_NE(text(condition, "source"), "");
  }
  EXPECT_EQ(before.as_array().size(), 5U);
}

TEST_F(Commands, CancelByNameTagAndAll) {
  shell("a", "exec sleep 100", {"--tag", "x"});
  shell("b", ":", {"--tag", "x", "--initial-delay", "1h"});
  shell("c", ":", {"--initial-delay", "1h"});
  EXPECT_EQ(json({"list", "--tag", "x"}).as_array().size(), 2U);
  EXPECT_EQ(ok({"cancel", "--tag", "x"}),
            "stopping 'a': cancelled once its process is gone\ncancelled 'b'\n");
  EXPECT_EQ(wm({"wait", "a"}).status, 1);
  EXPECT_EQ(ok({"cancel", "--all"}), "cancelled 'c'\n");
  shell("done", ":");
  ok({"wait", "done"});
  EXPECT_EQ(ok({"cancel", "done"}), "'done' had already ended: succeeded\n");
  fails(3, "'absent'", {"cancel", "c", "absent"});
}

TEST_F(Commands, ExistingWorkIsKeptOrReplaced) {
  shell("a", "echo old", {"--initial-delay", "1h"});
  const std::string kept = wm({"register-oneoff", "a", "--", "echo", "new"}).out;
  EXPECT_TRUE(kept.starts_with("'a' is kept")) << kept;
  const json::value replaced =
      json({"register-oneoff", "a", "--existing", "replace", "--", "echo", "new"});
  EXPECT_EQ(text(replaced, "result"), "replaced");
  ok({"wait", "a"});
  EXPECT_EQ(ok({"logs", "a"}), "new\n");
}

TEST_F(Commands, InputComesInEveryForm) {
  std::ofstream(daemon_.path() / "input.json") << R"({"file": true})";
  const std::string file = "@" + (daemon_.path() / "input.json").string();
  const auto input_of = [&](std::vector<std::string> options, const std::string& typed = "") {
    std::vector<std::string> arguments{"--json", "register-oneoff", "in", "--existing", "replace"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", "true"});
    return json::serialize(json::parse(wm(arguments, typed).out).at("input"));
  };
  EXPECT_EQ(input_of({"--input", "a=1", "--input", "b:=1", "--input", "c:=[true]"}),
            R"({"a":"1","b":1,"c":[true]})");
  EXPECT_EQ(input_of({"--input-json", R"({"x":"ü"})"}), R"({"x":"ü"})");
  EXPECT_EQ(input_of({"--input-json", file, "--input", "k=v=w"}), R"({"file":true,"k":"v=w"})");
  EXPECT_EQ(input_of({"--input-json", "-"}, R"({"stdin":1})"), R"({"stdin":1})");
}

TEST_F(Commands, ANameIsTheCommandsIfNoneIsGiven) {
  ok({"pause"});
  EXPECT_EQ(ok({"once", "--", "true"}), "enqueued 'true', waits for the end of a pause\n");
  EXPECT_EQ(text(json({"once", "--", "/bin/true"}), "uniqueName"), "true-2");
  EXPECT_EQ(text(json({"once", "--", "sh", "-c", "true; false"}), "uniqueName"), "true-3");
  EXPECT_EQ(text(json({"once", "--", "sh", "-c", "$(reboot)"}), "uniqueName"), "sh");
  EXPECT_EQ(text(json({"once", "true-5", "--", "true"}), "uniqueName"), "true-5");
  const json::value nice = json({"once", "--", "sh", "-c", "cd / && nice /bin/ls"});
  EXPECT_EQ(text(nice, "uniqueName"), "ls") << "as of the jobs that are imported";
  EXPECT_EQ(text(json({"once", "--", "true"}), "uniqueName"), "true-4");
  EXPECT_EQ(text(json({"once", "--", "true"}), "uniqueName"), "true-6");
  ok({"cancel", "true-2"});
  EXPECT_EQ(text(json({"once", "--", "true"}), "uniqueName"), "true-7") << "the next number";

  fails(2, "give a command after --", {"once"});
  fails(2, "give a command after --", {"once", "name"});
  fails(2, "--existing needs a name", {"once", "--existing", "replace", "--", "true"});
  fails(2, "a shell's line needs a shell: -- sh -c 'a && b'", {"once", "--", "a && b"});
}

TEST_F(Commands, AJobThatHasFailedKeepsItsNameFromTheNextOne) {
  const std::string script = (daemon_.path() / "job").string();
  const auto once = [&](const std::string& status) {
    std::ofstream(script) << "exit " << status << '\n';
    const std::string name = text(json({"once", "--", "sh", script}), "uniqueName");
    wm({"wait", name});
    return name;
  };
  EXPECT_EQ(once("64"), "job");
  EXPECT_EQ(once("0"), "job-2");
  EXPECT_EQ(once("0"), "job-2") << "the one that has succeeded is replaced";
}

TEST_F(Commands, ATimeThatIsPastIsPointedOut) {
  const Output registered = wm({"once", "--at", "2020-01-01 00:00", "--", "true"});
  EXPECT_EQ(registered.status, 0);
  EXPECT_NE(registered.err.find("that time is past: the job is due at once"), std::string::npos);
  ok({"pause"});
  ok({"once", "waits", "--", "true"});
  EXPECT_NE(wm({"update", "waits", "--at", "2020-01-01"}).err.find("that time is past"),
            std::string::npos);
  EXPECT_EQ(wm({"update", "waits", "--at", "in 5m"}).err, "");
}

TEST_F(Commands, TheCallersEnvironmentIsTakenAlongIfAsked) {
  const auto registered = [&](const std::vector<std::string>& options) {
    std::vector<std::string> command{WM_PROGRAM, "--socket", daemon_.socket(), "once"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--", "env"});
    return run_program(command, {{"COLOUR", "bl\xc3\xbc e"},
                                 {"SECRET", "x"},
                                 {"BAD", "\xff"},
                                 {"DISPLAY", ":9"},
                                 {"WM_RECONNECT", "1s"}});
  };
  const auto printed = [&](const std::string& name) {
    ok({"wait", name});
    return "\n" + ok({"logs", name});
  };
  EXPECT_EQ(registered({"all", "--keep-env", "--env", "SECRET=y"}).status, 0);
  EXPECT_EQ(registered({"one", "--keep-env=COLOUR"}).status, 0);
  EXPECT_EQ(registered({"none"}).status, 0);

  const std::string all = printed("all");
  EXPECT_NE(all.find("\nCOLOUR=bl\xc3\xbc e\n"), std::string::npos) << all;
  EXPECT_NE(all.find("\nSECRET=y\n"), std::string::npos) << "what --env says counts";
  EXPECT_EQ(all.find("\nDISPLAY=:9\n"), std::string::npos) << "of the moment";
  EXPECT_EQ(all.find("\nWM_RECONNECT="), std::string::npos);
  EXPECT_EQ(all.find("\nBAD="), std::string::npos);
  EXPECT_EQ(printed("one").find("\nSECRET="), std::string::npos);
  EXPECT_EQ(printed("none").find("\nCOLOUR="), std::string::npos);
  EXPECT_EQ(registered({"x", "--keep-env=ABSENT"}).err, "wm: --keep-env: ABSENT is not set here\n");
  EXPECT_EQ(registered({"x", "--keep-env=BAD"}).err, "wm: --keep-env: BAD is not UTF-8\n");
}

TEST_F(Commands, WhoeverFollowsALogIsToldOfRunsThatFailWithoutAWord) {
  const std::string mark = (daemon_.path() / "mark").string();
  ok({"register-periodic", "check", "--every", "1d", "--max-attempts", "1", "--", "/bin/sh", "-c",
      "[ -e " + mark + " ] && exit 1; touch " + mark + "; echo one"});
  const auto log = daemon_.start_wm({"logs", "check", "-f"});
  EXPECT_EQ(log->line(), "one");
  for (const std::string run : {"2", "3"}) {
    ok({"run", "check"});
    const std::string said = log->error_line();
    EXPECT_TRUE(said.starts_with("wm: check, run " + run + ": failed (exit 1")) << said;
  }
}

TEST_F(Commands, SecretsComeFromAFileThatIsReadAtEachStart) {
  const auto file = daemon_.path() / "secrets";
  std::ofstream(file) << "export PASSWORD='x y'\n";
  const std::string here = std::filesystem::relative(file).string();
  shell("a", "echo $PASSWORD", {"--env-file", here});
  ok({"wait", "a"});
  EXPECT_EQ(ok({"logs", "a"}), "x y\n");
  EXPECT_EQ(text(json({"show", "a"}), "envFile"), file.string());
  EXPECT_EQ(ok({"show", "a"}).find("x y"), std::string::npos);

  std::ofstream(file) << "PASSWORD\n";
  shell("b", "true", {"--env-file", here});
  EXPECT_EQ(wm({"wait", "b"}).status, 1);
  const std::string reason =
      "cannot take its variables from '" + file.string() + "', line 1: it is not NAME=VALUE";
  EXPECT_TRUE(ok({"why", "b"}).starts_with("'b' has failed: " + reason));
  EXPECT_NE(ok({"history", "b"}).find(reason), std::string::npos);
}

TEST_F(Commands, TheUmaskIsKeptWithTheEnvironment) {
  const auto printed = [&](const std::string& name, const std::string& options) {
    const std::string line = std::string("umask 027; exec ") + WM_PROGRAM + " --socket " +
                             daemon_.socket() + " once " + name + ' ' + options + " -- sh -c umask";
    EXPECT_EQ(run_program({"/bin/sh", "-c", line}).status, 0);
    ok({"wait", name});
    return ok({"logs", name});
  };
  EXPECT_EQ(printed("a", "--keep-env"), "0027\n");
  EXPECT_EQ(printed("b", "--keep-env --umask 77"), "0077\n");
  EXPECT_EQ(printed("c", ""), "0022\n");
  EXPECT_EQ(text(json({"show", "b"}), "umask"), "077");
  fails(2, "no mask: write octal digits", {"once", "d", "--umask", "0888", "--", "true"});
}

TEST_F(Commands, ACommandThatIsToRunAgainAndAgainIsRegisteredOnce) {
  const auto registered = [&](const std::vector<std::string>& arguments) {
    const json::value work = json(arguments);
    return text(work, "result") + " " + text(work, "uniqueName");
  };
  EXPECT_EQ(registered({"every", "day", "--", "true"}), "enqueued true");
  EXPECT_EQ(registered({"every", "1d", "--", "true"}), "kept true");
  EXPECT_EQ(registered({"every", "2d", "--", "true"}), "enqueued true-2");
  EXPECT_EQ(registered({"every", "2d", "--", "true"}), "kept true-2");
  EXPECT_EQ(registered({"every", "day", "--", "true"}), "kept true");
  const json::value work = json({"every", "Mon..Fri 09:00", "report", "--", "true"});
  EXPECT_EQ(text(work, "calendar"), "0 9 * * 1-5");
  EXPECT_EQ(text(work, "uniqueName"), "report");

  fails(2, "bad period 'moo'", {"every", "moo", "--", "true"});
  fails(2, "write wm every \"2 hours\"", {"every", "2", "hours", "--", "true"});
  fails(2, "--calendar", {"every", "2h", "--calendar", "@daily", "--", "true"});
}

TEST_F(Commands, LogsKeepBytesAsTheyAre) {
  shell("binary", "printf '\\377\\000x'; echo error >&2");
  ok({"wait", "binary"});
  const Output both = wm({"logs", "binary"});
  EXPECT_EQ(both.out, std::string("\xff\0x", 3));
  EXPECT_EQ(both.err, "error\n");
  EXPECT_EQ(text(json({"logs", "binary", "--stdout"}), "base64"), "/wB4");
  EXPECT_EQ(text(json({"logs", "binary", "--stderr"}), "text"), "error\n");
}

// The job says each word only once the one before it is in the log.
TEST_F(Commands, LogsHaveBothStreamsInTheOrderInWhichTheyWerePrinted) {
  const auto read = daemon_.path() / "read";
  const std::string next = "; cat " + read.string() + "; ";
  make_pipe(read);
  shell("both", "echo one" + next + "echo two >&2" + next + "printf thr" + next +
                    "printf 'fo' >&2" + next + "echo ee" + next + "echo ur >&2");
  for (const char* printed :
       {"one\n", "one\ntwo\n", "one\ntwo\nthr", "one\ntwo\nthrfo", "one\ntwo\nthrfoee\n"}) {
    while (text(json({"logs", "both"}), "text") != printed) std::this_thread::yield();
    std::ofstream(read) << "";
  }
  ok({"wait", "both"});

  const Output both = wm({"logs", "both"});
  EXPECT_EQ(both.out, "one\nthree\n");
  EXPECT_EQ(both.err, "two\nfour\n");
  EXPECT_EQ(text(json({"logs", "both"}), "text"), "one\ntwo\nthrfoee\nur\n");
  EXPECT_EQ(text(json({"logs", "both"}), "stream"), "both");
  EXPECT_EQ(ok({"logs", "both", "--stdout"}), "one\nthree\n");
  EXPECT_EQ(wm({"logs", "both", "--stderr"}).err, "two\nfour\n");

  const Output last = wm({"logs", "both", "-n", "2"});
  EXPECT_EQ(last.out, "three\n");
  EXPECT_EQ(last.err, "four\n");
  const Output followed = wm({"logs", "both", "-f", "-n", "1"});
  EXPECT_EQ(followed.out + followed.err, "four\n") << "it has ended";
}

TEST_F(Commands, LogsWithoutANameAreTheNewestLinesOfAll) {
  fails(2, "--follow needs the name", {"logs", "-f"});
  fails(2, "--run needs the name", {"logs", "--run", "2"});
  EXPECT_EQ(wm({"logs"}).err, "wm: nothing has been printed yet\n");
  shell("first", "echo one; echo two");
  ok({"wait", "first"});
  shell("second", "echo three");
  ok({"wait", "second"});

  const std::string lines = ok({"logs", "-n", "2"});
  const json::array documents = json({"logs"}).as_array();

  EXPECT_EQ(lines.find("one"), std::string::npos);
  EXPECT_LT(lines.find("  first  two\n"), lines.find("  second  three\n")) << lines;
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_EQ(text(documents[0], "uniqueName"), "first");
  EXPECT_EQ(text(documents[2], "text"), "three\n");
}

TEST_F(Commands, LongLogsComeInParts) {
  shell("long", "head -c 3000000 /dev/zero | tr '\\0' x");
  ok({"wait", "long"});
  EXPECT_EQ(ok({"logs", "long"}), std::string(3'000'000, 'x'));
}

TEST_F(Commands, ManyWorksComeInPages) {
  RawConnection connection(daemon_.socket());
  for (int i = 0; i < 1200; ++i) {
    connection.call("io.wm.Scheduler.Register", {{"work",
                                                  {{"uniqueName", "work-" + std::to_string(i)},
                                                   {"command", {"/bin/true"}},
                                                   {"initialDelayMs", 3'600'000},
                                                   {"description", std::string(1000, 'd')}}}});
  }
  EXPECT_EQ(json({"list"}).as_array().size(), 1200U);
  EXPECT_EQ(json({"cancel", "--all"}).as_array().size(), 1200U);
  EXPECT_EQ(json({"list"}).as_array().size(), 0U);
}

TEST_F(Commands, StatusAndTasks) {
  const json::value status = json({"status"});
  EXPECT_EQ(status.at("pid"), daemon_.pid());
  EXPECT_EQ(text(status, "socket"), daemon_.socket());
  EXPECT_EQ(status.at("running"), 0);
  EXPECT_NE(ok({"status"}).find("state directory"), std::string::npos);
  EXPECT_EQ(json({"tasks"}).as_array().size(), 0U);
}

TEST_F(Commands, AReloadTakesValidSettingsOnly) {
  daemon_.configure("[tasks.one]\ncommand = [\"/bin/true\"]\n");
  daemon_.signal(SIGHUP);
  EXPECT_EQ(json({"tasks"}).as_array().size(), 1U);
  daemon_.configure("[tasks.two]\ncommand = [\"true\"]\n");
  daemon_.signal(SIGHUP);
  EXPECT_EQ(text(json({"tasks"}).at(0), "name"), "one");
}

TEST_F(Commands, AChainThatFailedNamesTheFirstCause) {
  ok({"pause"});
  shell("c1", "exit 65");
  shell("c2", ":", {"--after", "c1"});
  shell("c3", ":", {"--after", "c2"});
  ok({"resume"});
  EXPECT_EQ(wm({"wait", "c2"}).out, "'c2' failed (because 'c1' failed: exit 65)\n");
  const std::string why = ok({"why", "c3"});
  EXPECT_TRUE(why.starts_with("'c3' has failed, because 'c1' failed: exit 65\n")) << why;
  EXPECT_NE(why.find("  Once more: wm retry c1 c2 c3\n"), std::string::npos) << why;
  const Output late = wm({"once", "c4", "--after", "c3", "--", "true"});
  EXPECT_EQ(late.out, "'c4' has failed, because 'c3' has not succeeded\n");
  EXPECT_EQ(late.err, "wm: 'c1' failed: exit 65: wm retry c1 c2 c3 c4\n");
  EXPECT_NE(ok({"show", "c4"}).find("'c4' has failed, because 'c3' has not succeeded\n"),
            std::string::npos);
  EXPECT_NE(ok({"list", "-a"}).find("failed: c3 has not succeeded"), std::string::npos);
  ok({"pause"});
  EXPECT_EQ(wm({"retry", "c1"}).err,
            "wm: c2, c3 and c4 depend on it, and stay as before: wm retry c2 c3 c4\n");
  EXPECT_EQ(wm({"retry", "c2", "c3", "c4"}).err, "");
}

TEST_F(Commands, WhatIsKeptWithAnotherCommandIsSaid) {
  ok({"once", "deploy", "--initial-delay", "1h", "--", "echo", "v1"});
  EXPECT_EQ(wm({"once", "deploy", "--initial-delay", "1h", "--", "echo", "v1"}).err, "");
  const Output other = wm({"once", "deploy", "--", "echo", "v2"});
  EXPECT_EQ(other.status, 0);
  EXPECT_EQ(other.err,
            "wm: 'deploy' still has its earlier command: --existing replace takes the new one, "
            "another name adds a job\n");
}

TEST_F(Commands, AWordThatIsAJobIsNoCommand) {
  ok({"once", "backup", "--initial-delay", "1h", "--", "true"});
  fails(2, "backup is a job: wm show backup, wm why backup, wm logs backup", {"backup"});
  fails(2, "did you mean the job backup: wm show backup", {"bakcup"});
  fails(2, "did you mean list?", {"lst"});
  fails(2, "unknown command 'frobnicate', and no job: see wm --help", {"frobnicate"});
}

TEST_F(Commands, AnEmptyValueIsRefusedAndNeverMeansAll) {
  ok({"once", "a1", "--initial-delay", "1h", "--", "true"});
  const auto is_refused = [this](const std::string& option, std::vector<std::string> words) {
    fails(2, option + " is empty: give it a value: see wm ", std::move(words));
  };
  for (const char* const command : {"pause", "resume"}) {
    is_refused("--group", {command, "--group", ""});
    is_refused("--group", {command, "--group="});
  }
  is_refused("--for", {"pause", "--for", ""});
  is_refused("--for", {"conditions", "override", "charging=no", "--for", ""});
  is_refused("--for", {"conditions", "override", "--for=", "charging=no"});
  is_refused("NAME", {"cancel", "", "a1"});
  is_refused("NAME", {"cancel", ""});
  is_refused("--tag", {"cancel", "--tag", ""});
  is_refused("--tag", {"cancel", "--tag=", "a1"});
  is_refused("--timeout", {"wait", "a1", "--timeout", ""});
  is_refused("--as", {"once", "x", "--as", "", "--", "true"});
  is_refused("--keep-env", {"once", "x", "--keep-env=", "--", "true"});
  is_refused("NAME", {"once", "", "--", "true"});
  is_refused("NAME", {"every", "1h", "", "--", "true"});
  is_refused("WHEN", {"every", "", "--", "true"});
  is_refused("--task", {"list", "--task", ""});
  is_refused("--since", {"history", "--since", ""});
  is_refused("--at", {"why", "a1", "--at", ""});
  is_refused("--for", {"forecast", "--for", ""});
  is_refused("NAME", {"status", ""});
  is_refused("NAME", {"update", "", "--tag", "b"});
  is_refused("--idle", {"update", "a1", "--idle="});
  is_refused("--owner", {"--owner", "", "list"});
  is_refused("FILE", {"import", "crontab", ""});
  fails(2, "name a command", {""});
  EXPECT_EQ(ok({"resume"}), "nothing was paused\n");
  EXPECT_EQ(text(json({"show", "a1"}), "state"), "enqueued");
  EXPECT_EQ(wm({"update", "a1", "--tag", ""}).status, 0) << "there it has a meaning";
}

TEST_F(Commands, ErrorsNameTheValueAndTheExitCode) {
  const std::string long_name(256, 'n');
  fails(3, "'absent'", {"show", "absent"});
  fails(3, "'absent'", {"wait", "absent"});
  fails(3, "'absent'", {"logs", "absent"});
  fails(3, "'absent'", {"history", "absent"});
  fails(2, "unknown task 'nope'", {"register-oneoff", "a", "nope"});
  fails(2, "'/absent'", {"register-oneoff", "a", "--", "/absent"});
  fails(2, "not executable", {"register-oneoff", "a", "--", "/etc/passwd"});
  fails(2, "'nosuchprogram'", {"register-oneoff", "a", "--", "nosuchprogram"});
  fails(2, "empty", {"register-oneoff", "", "--", "true"});
  fails(2, "cannot read /tmp", {"register-oneoff", "a", "--input-json", "@/tmp", "--", "true"});
  fails(2, "cannot read /tmp", {"apply", "/tmp"});
  fails(2, "256 bytes", {"register-oneoff", long_name, "--", "true"});
  fails(2, "\\x1b", {"register-oneoff", "a\x1b[2J", "--", "true"});
  fails(2, "not UTF-8", {"register-oneoff", "a\xff", "--", "true"});
  fails(2, "-5m", {"register-oneoff", "a", "--initial-delay=-5m", "--", "true"});
  fails(2, "10 years",
        {"register-oneoff", "a", "--initial-delay", "99999999999999999d", "--", "true"});
  fails(2, "limits.min_period", {"register-periodic", "a", "--every", "0s", "--", "true"});
  fails(2, "--every", {"register-periodic", "a", "--", "true"});
  fails(2, "flex", {"register-periodic", "a", "--every", "1h", "--flex", "2h", "--", "true"});
  fails(2, "backoff delay", {"register-oneoff", "a", "--backoff-delay", "6h", "--", "true"});
  fails(2, "'fast'", {"register-oneoff", "a", "--network", "fast", "--", "true"});
  fails(2, "not a JSON object", {"register-oneoff", "a", "--input-json", "[1]", "--", "true"});
  fails(2, "not valid JSON", {"register-oneoff", "a", "--input-json", "{", "--", "true"});
  fails(2, "cannot read", {"register-oneoff", "a", "--input-json", "@/absent", "--", "true"});
  fails(2, "10240",
        {"register-oneoff", "a", "--input", "k=" + std::string(11'000, 'x'), "--", "true"});
  fails(2, "KEY=VALUE", {"register-oneoff", "a", "--input", "k", "--", "true"});
  fails(2, "'300'", {"register-oneoff", "a", "--fail-on", "300", "--", "true"});
  fails(2, "WM_", {"register-oneoff", "a", "--env", "WM_INPUT=x", "--", "true"});
  fails(2, "one of them", {"register-oneoff", "a", "task", "--", "true"});
  fails(2, "name a task, or give a command after --", {"register-oneoff", "a"});
  fails(2, "'merge'", {"register-oneoff", "a", "--existing", "merge", "--", "true"});
  fails(2, "'moon'", {"conditions", "override", "moon=full"});
  fails(2, "'fast'", {"conditions", "override", "network=fast"});
  fails(2, "KEY=VALUE", {"conditions", "override", "network"});
  fails(2, "'lost'", {"list", "--state", "lost"});
  fails(2, "one of these", {"cancel"});
  fails(2, "one of these", {"cancel", "a", "--all"});
  fails(2, "'frob'", {"frob"});
  fails(2, "--frob", {"list", "--frob"});
  EXPECT_EQ(json({"list", "--all"}).as_array().size(), 0U) << "nothing was stored";
}

TEST_F(Commands, WorkThatHasNotRunHasNoLogs) {
  shell("later", ":", {"--initial-delay", "1h"});
  fails(3, "has not run yet", {"logs", "later"});
  fails(3, "no such run", {"logs", "later", "--run", "7"});
}

TEST_F(Commands, ColoursAreForTerminals) {
  shell("a", ":");
  ok({"wait", "a"});
  EXPECT_EQ(ok({"list", "--all"}).find('\033'), std::string::npos);
  EXPECT_NE(ok({"list", "--all", "--color", "always"}).find('\033'), std::string::npos);
}

TEST_F(Commands, NamesCannotCommandATerminal) {
  shell("a", ":", {"--description", "x\x1b]0;title\x07", "--initial-delay", "1h"});
  EXPECT_EQ(ok({"show", "a"}).find('\033'), std::string::npos);
}

TEST_F(Commands, AStoppedDaemonInterruptsItsRunsAndRepeatsThem) {
  ASSERT_EQ(::mkfifo((daemon_.path() / "ready").c_str(), 0600), 0);
  shell("slow", "test -e again && exit 0; touch again; echo > ready; exec sleep 100",
        {"--cwd", daemon_.path().string()});
  shell("later", ":", {"--initial-delay", "1h"});
  std::string line;
  std::ifstream ready(daemon_.path() / "ready");  // It opens once the run opens it, too.
  std::getline(ready, line);

  EXPECT_EQ(daemon_.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(daemon_.socket()));
  fails(4, "no daemon answers", {"list"});
  daemon_.start();

  EXPECT_EQ(wm({"wait", "slow"}).status, 0);
  const json::array runs = json({"history", "slow"}).as_array();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(text(runs[1], "outcome"), "interrupted");
  EXPECT_EQ(text(runs[1], "stopReason"), "shutdown");
  EXPECT_EQ(runs[0].at("attempt"), 1) << "an interruption does not count";
  EXPECT_EQ(json({"list"}).as_array().size(), 1U);
}

TEST_F(Commands, ASecondDaemonIsRefused) {
  const Output same = run_program({WMD_PROGRAM, "--socket", (daemon_.path() / "other").string(),
                                   "--state-dir", (daemon_.path() / "state").string()});
  EXPECT_EQ(same.status, 3);
  EXPECT_NE(same.err.find("another wmd uses it"), std::string::npos) << same.err;
  const Output socket = run_program({WMD_PROGRAM, "--socket", daemon_.socket(), "--state-dir",
                                     (daemon_.path() / "other-state").string()});
  EXPECT_EQ(socket.status, 3);
  EXPECT_NE(socket.err.find("another daemon answers"), std::string::npos) << socket.err;
  ok({"status"});
}

TEST(Configuration, IsCheckedWithoutADaemon) {
  const TestDaemon daemon;
  const std::string file = (daemon.path() / "wmd.toml").string();
  EXPECT_EQ(run_program({WMD_PROGRAM, "--check-config", "--config", file}).status, 0);
  daemon.configure("[limits]\nmin_perod = \"1m\"\n");
  const Output wrong = run_program({WMD_PROGRAM, "--check-config", "--config", file});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find(file + ":2:1: unknown key 'limits.min_perod'"), std::string::npos)
      << wrong.err;
  EXPECT_NE(run_program({WMD_PROGRAM, "--check-config", "--config", "/absent"}).status, 0);
}

TEST(StateDirectory, IsNotSharedWithOthers) {
  TestDaemon daemon;
  std::filesystem::create_directory(daemon.path() / "state");
  std::filesystem::permissions(daemon.path() / "state", std::filesystem::perms::all);
  EXPECT_THROW(daemon.start(), std::runtime_error);
}

TEST_F(OtherUsers, WorkRunsAsItsOwner) {
  EXPECT_EQ(as_nobody({"register-oneoff", "who", "--cwd", "/", "--", "/bin/sh", "-c",
                       "id -u; id -g; id -G; echo $HOME"})
                .status,
            0);
  EXPECT_EQ(as_nobody({"wait", "who"}).status, 0) << as_nobody({"show", "who"}).out;
  EXPECT_EQ(as_nobody({"logs", "who"}).out, "65534\n65534\n65534\n/nonexistent\n");
}

TEST_F(OtherUsers, WaitForPathsWithTheirOwnRights) {
  const auto closed = daemon_.path() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
  const auto on_path = [&](const std::filesystem::path& path) {
    return as_nobody({"register-oneoff", "sync", "--on-path", path.string(), "--trigger-delay",
                      "0s", "--cwd", "/", "--", "/bin/true"});
  };
  const Output refused = on_path(closed / "*");
  EXPECT_NE(refused.err.find("Permission denied"), std::string::npos) << refused.err;
  EXPECT_EQ(as_nobody({"--json", "list"}).out, "[]\n");

  const auto open = daemon_.path() / "open";
  std::filesystem::create_directory(open);
  std::filesystem::permissions(open, std::filesystem::perms(0755));
  EXPECT_EQ(on_path(open / "*").err, "");
  std::ofstream(open / "a") << "x";
  EXPECT_EQ(as_nobody({"wait", "sync"}).status, 0);
}

TEST_F(OtherUsers, SeeTheirOwnWorkAloneAndMayNotPretend) {
  daemon_.wm({"register-oneoff", "roots", "--initial-delay", "1h", "--", "true"});
  EXPECT_EQ(as_nobody({"--json", "list"}).out, "[]\n");
  EXPECT_EQ(as_nobody({"show", "roots"}).status, 3);
  EXPECT_EQ(as_nobody({"cancel", "--all"}).status, 0);
  EXPECT_EQ(daemon_.json({"list"}).as_array().size(), 1U);
  EXPECT_EQ(as_nobody({"conditions", "override", "network=none"}).status, 5);
}

class Autostart : public testing::Test {
 protected:
  Autostart() {
    std::filesystem::create_directory(directory_.path() / "run");
    std::filesystem::permissions(directory_.path() / "run", std::filesystem::perms::owner_all);
  }
  std::map<std::string, std::string> home() const {
    return {{"HOME", directory_.path().string()},
            {"XDG_RUNTIME_DIR", (directory_.path() / "run").string()},
            {"XDG_STATE_HOME", ""},
            {"XDG_CONFIG_HOME", ""},
            {"DBUS_SESSION_BUS_ADDRESS", ""}};
  }
  TemporaryDirectory directory_;
};

TEST_F(Autostart, TheFirstCommandStartsTheUsersDaemon) {
  const Output first = run_program({WM_PROGRAM, "--user", "--json", "status"}, home());
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.err, "wm: started wmd --user\n");
  const json::value status = json::parse(first.out);
  EXPECT_EQ(text(status, "socket"), (directory_.path() / "run/wm/wm.sock").string());
  EXPECT_EQ(text(status, "stateDirectory"), (directory_.path() / ".local/state/wm").string());

  const Output second = run_program({WM_PROGRAM, "list"}, home());
  EXPECT_EQ(second.status, 0);
  ::kill(static_cast<pid_t>(status.at("pid").as_int64()), SIGTERM);
}

TEST_F(Autostart, ManyCommandsAtOnceStartOneDaemon) {
  constexpr std::size_t kCommands = 16;
  std::vector<std::unique_ptr<RunningProgram>> commands;
  for (std::size_t i = 0; i < kCommands; ++i) {
    commands.push_back(std::make_unique<RunningProgram>(
        std::vector<std::string>{WM_PROGRAM, "--user", "--json", "status"}, home()));
  }
  std::set<std::int64_t> daemons;
  int started = 0;
  for (const auto& command : commands) {
    const Output output = command->finish();
    ASSERT_EQ(output.status, 0) << output.err;
    daemons.insert(json::parse(output.out).at("pid").as_int64());
    if (!output.err.empty()) ++started;
  }
  EXPECT_EQ(daemons.size(), 1U);
  EXPECT_LE(started, 1) << "the one whose daemon it is says so, unless it was served before that";
  ::kill(static_cast<pid_t>(*daemons.begin()), SIGTERM);
}

TEST_F(Autostart, SaysWhatTheDaemonSaidThatDidNotStart) {
  const auto why = [](const std::map<std::string, std::string>& variables) {
    const Output output = run_program({WM_PROGRAM, "--user", "list"}, variables);
    EXPECT_EQ(output.status, 4);
    EXPECT_EQ(output.err.find('\n'), output.err.size() - 1) << output.err;
    return output.err;
  };
  auto variables = home();
  variables["HOME"] = "/proc/nowhere";
  EXPECT_NE(why(variables).find("cannot make the directory /proc/nowhere"), std::string::npos)
      << why(variables);
  variables = home();
  std::filesystem::create_directories(directory_.path() / ".config/wm");
  std::ofstream(directory_.path() / ".config/wm/wmd.toml") << "[\"moon\\u001b[31m\"]\n";
  const std::string wrong = why(variables);
  EXPECT_NE(wrong.find("wmd --user did not start: "), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("unknown key"), std::string::npos) << wrong;
  EXPECT_EQ(wrong.find('\x1b'), std::string::npos) << wrong;
}

TEST_F(Autostart, NeedsNoHomeWhereTheStateHasAPlace) {
  auto variables = home();
  variables["HOME"] = "";
  variables["XDG_STATE_HOME"] = (directory_.path() / "state").string();
  const Output first = run_program({WM_PROGRAM, "--user", "--json", "status"}, variables);
  ASSERT_EQ(first.status, 0) << first.err;
  const json::value status = json::parse(first.out);
  EXPECT_EQ(text(status, "stateDirectory"), (directory_.path() / "state/wm").string());
  ::kill(static_cast<pid_t>(status.at("pid").as_int64()), SIGTERM);
}

TEST_F(Autostart, CanBeTurnedOff) {
  auto variables = home();
  variables["WM_AUTOSTART"] = "0";
  EXPECT_EQ(run_program({WM_PROGRAM, "--user", "list"}, variables).status, 4);
}

}  // namespace
}  // namespace wm
