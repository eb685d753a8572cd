// Attempts of other users and their tasks: see docs/security.md.
#include <csignal>

#include "tests/support/terminal.h"
#include "tests/system/other_users.h"

namespace wm {
namespace {

class Security : public OtherUsers {
 protected:
  // Returns what a shell of another user printed, in a run that has ended.
  std::string run_as_nobody(const std::string& name, const std::string& script) {
    EXPECT_EQ(
        as_nobody({"register-oneoff", name, "--cwd", "/", "--", "/bin/sh", "-c", script}).status,
        0);
    as_nobody({"wait", name, "--timeout", "1m"});
    return as_nobody({"logs", name}).out;
  }
  Output owned(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--owner", "nobody"});
    return daemon_.wm(std::move(arguments));
  }
};

TEST_F(Security, ARegistrationTellsNothingOfWhatIsClosedToItsUser) {
  const auto closed = daemon_.path() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::copy_file("/bin/true", closed / "there");
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
  std::vector<std::string> errors;
  for (const char* program : {"there", "absent"}) {
    const Output refused =
        as_nobody({"register-oneoff", "a", "--cwd", "/", "--", (closed / program).string()});
    EXPECT_EQ(refused.status, 2);
    errors.push_back(refused.err);
    errors.back().replace(errors.back().find(program), std::string(program).size(), "");
  }
  EXPECT_EQ(errors[0], errors[1]);
  EXPECT_EQ(daemon_.wm({"register-oneoff", "a", "--", (closed / "there").string()}).status, 0);
}

TEST_F(Security, NobodyElseRunsWhereOthersMayNotBe) {
  const auto closed = daemon_.path() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
  EXPECT_EQ(as_nobody({"register-oneoff", "a", "--cwd", closed.string(), "--", "/bin/true"}).status,
            0);
  EXPECT_EQ(as_nobody({"wait", "a"}).status, 1);
  EXPECT_NE(as_nobody({"show", "a"}).out.find("cannot change to the directory"), std::string::npos)
      << as_nobody({"show", "a"}).out;
}

TEST_F(Security, OnlyRootActsForOthers) {
  EXPECT_EQ(as_nobody({"register-oneoff", "mine", "--initial-delay", "1h", "--cwd", "/", "--",
                       "/bin/true"})
                .status,
            0);
  EXPECT_EQ(as_nobody({"--owner", "root", "list"}).status, 5);
  EXPECT_EQ(as_nobody({"--owner", "nobody", "list"}).status, 0) << "oneself is no other";
  EXPECT_EQ(daemon_.wm({"show", "mine"}).status, 3) << "names are per owner";
  EXPECT_EQ(daemon_.wm({"show", "mine"}).err,
            "wm: no such job: 'mine' of yours: use --owner nobody\n");
  EXPECT_EQ(daemon_.wm({"register-oneoff", "roots", "--", "/bin/true"}).status, 0);
  EXPECT_EQ(as_nobody({"show", "roots"}).err, "wm: no such job: 'roots': see wm list --all\n");
  EXPECT_NE(owned({"show", "mine"}).out.find("mine"), std::string::npos);
  EXPECT_EQ(owned({"cancel", "mine"}).status, 0);
  EXPECT_NE(as_nobody({"show", "mine"}).out.find("cancelled"), std::string::npos);
  EXPECT_EQ(daemon_.wm({"--owner", "no-such-user", "list"}).status, 2);
}

TEST_F(Security, WhatRootRegistersForAUserIsThatUsers) {
  EXPECT_EQ(owned({"register-oneoff", "whose", "--", "/usr/bin/id", "-un"}).status, 0);
  EXPECT_EQ(as_nobody({"wait", "whose"}).status, 0);
  EXPECT_EQ(as_nobody({"logs", "whose"}).out, "nobody\n");
  EXPECT_EQ(owned({"register-oneoff", "other", "--as", "daemon", "--", "/bin/true"}).status, 5);
  EXPECT_EQ(daemon_.wm({"register-oneoff", "own", "--", "/bin/true"}).status, 0);
  EXPECT_EQ(daemon_.wm({"wait", "own"}).status, 0);
  const std::string history = daemon_.wm({"history"}).out;
  EXPECT_NE(history.find("OWNER"), std::string::npos) << history;
  EXPECT_NE(history.find("nobody"), std::string::npos) << history;
  EXPECT_EQ(as_nobody({"history"}).out.find("OWNER"), std::string::npos) << "there is one";
}

TEST_F(Security, OnlyRootsJobsGetMoreOfTheMachineThanOthers) {
  const std::vector<std::string> command{"--cwd", "/", "--initial-delay", "1h", "--", "/bin/true"};
  const auto once = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "once");
    words.insert(words.end(), command.begin(), command.end());
    return words;
  };
  const Output refused = as_nobody(once({"pr", "--nice", "-10"}));
  EXPECT_EQ(refused.status, 5);
  EXPECT_EQ(refused.err, "wm: nice -10 is only for root: give 0 to 19\n");
  EXPECT_EQ(as_nobody(once({"pr", "--cpu-weight", "10000"})).status, 5);
  EXPECT_EQ(owned(once({"pr", "--nice", "-10"})).status, 5) << "root's right is not handed on";
  EXPECT_EQ(as_nobody(once({"pr", "--nice", "10"})).status, 0);
  EXPECT_EQ(as_nobody({"update", "pr", "--nice", "-1"}).status, 5);
  const auto file = daemon_.path() / "jobs.toml";
  std::ofstream(file) << "[[work]]\nname = \"pr\"\nnice = -1\ncommand = [\"/bin/true\"]\n";
  const Output applied = as_nobody({"apply", file.string()});
  EXPECT_EQ(applied.status, 5);
  EXPECT_NE(applied.err.find("nice -1 is only for root"), std::string::npos) << applied.err;
  EXPECT_EQ(daemon_.wm(once({"pr", "--nice", "-10", "--cpu-weight", "10000"})).status, 0);
}

TEST_F(Security, RootWatchesWhoseJobsHaveEvents) {
  const auto client = daemon_.start_wm({"watch"});
  while (daemon_.json({"status"}).at("connections").as_int64() < 2) {
  }
  while (!client->sleeps()) {
  }
  daemon_.json({"status"});
  const std::vector<std::string> later{"--initial-delay", "1h", "--", "/bin/true"};
  for (const char* const name : {"whose", "own"}) {
    std::vector<std::string> words{"register-oneoff", name};
    words.insert(words.end(), later.begin(), later.end());
    EXPECT_EQ((name == std::string("own") ? daemon_.wm(words) : owned(words)).status, 0);
  }
  EXPECT_NE(client->line().find("  scheduled    whose (nobody)  "), std::string::npos);
  EXPECT_NE(client->line().find("  scheduled    own  "), std::string::npos) << "root's own";
}

TEST_F(Security, RootReadsWhoseJobsTheyAre) {
  EXPECT_EQ(owned({"once", "whose", "--initial-delay", "1h", "--", "/bin/true"}).status, 0);
  EXPECT_EQ(daemon_.wm({"once", "own", "--initial-delay", "1h", "--", "/bin/true"}).status, 0);
  const std::string forecast = daemon_.wm({"forecast"}).out;
  EXPECT_NE(forecast.find("  whose (nobody)"), std::string::npos) << forecast;
  EXPECT_NE(forecast.find("  own\n"), std::string::npos) << forecast;
  EXPECT_EQ(daemon_.json({"forecast"}).at(0).at("owner"), 65534);
  EXPECT_EQ(owned({"forecast"}).out.find("(nobody)"), std::string::npos) << "root has said whose";
  const std::string cancelled = daemon_.wm({"cancel", "--all"}).out;
  EXPECT_NE(cancelled.find("cancelled 'whose' (nobody)\n"), std::string::npos) << cancelled;
  EXPECT_NE(cancelled.find("cancelled 'own'\n"), std::string::npos) << cancelled;

  EXPECT_EQ(owned({"once", "loud", "--", "/bin/sh", "-c", "echo oh >&2; exit 64"}).status, 0);
  EXPECT_EQ(owned({"wait", "loud"}).status, 1);
  const std::string logs = daemon_.wm({"logs"}).out;
  EXPECT_NE(logs.find("  loud (nobody)  oh\n"), std::string::npos) << logs;
}

TEST_F(Security, CommandsThatAreProposedAreForTheSameOwner) {
  EXPECT_EQ(owned({"once", "loud", "--", "/bin/sh", "-c", "echo oh >&2; exit 64"}).status, 0);
  EXPECT_EQ(owned({"wait", "loud"}).status, 1);
  const std::string why = owned({"why", "loud"}).out;
  EXPECT_NE(why.find("All of it: wm --owner nobody logs loud\n"), std::string::npos) << why;
  EXPECT_NE(why.find("Once more: wm --owner nobody retry loud\n"), std::string::npos) << why;
  Terminal list(100, 24, {WM_PROGRAM, "--socket", daemon_.socket(), "list", "-a"});
  EXPECT_EQ(list.finish(), 0);
  EXPECT_NE(list.text().find("wm --owner USER why NAME says more."), std::string::npos)
      << list.text();
}

TEST_F(Security, OnlyWhoeverMayEndAPauseIsToldTo) {
  EXPECT_EQ(daemon_.wm({"pause"}).status, 0);
  EXPECT_EQ(as_nobody({"once", "mine", "--cwd", "/", "--", "/bin/true"}).status, 0);
  const std::string why = as_nobody({"why", "mine"}).out;
  EXPECT_NE(why.find("Root may end the pause: wm resume\n"), std::string::npos) << why;
  EXPECT_NE(as_nobody({"status"}).out.find("everything is paused: root may wm resume"),
            std::string::npos);
  EXPECT_NE(daemon_.wm({"status"}).out.find("everything is paused: wm resume"), std::string::npos);
}

TEST_F(Security, TheMetricsOfAllAreNotForEverybody) {
  EXPECT_EQ(as_nobody({"metrics"}).status, 5);
  EXPECT_EQ(daemon_.wm({"metrics"}).status, 0);
  EXPECT_NE(as_nobody({"doctor"}).out.find("permission"), std::string::npos);
}

// A run has its own output, and can neither list nor replace the files beside it.
TEST_F(Security, ATaskCannotTouchTheFilesAround) {
  EXPECT_EQ(run_as_nobody("files",
                          "cd / && d=$(dirname $WM_OUTPUT_FILE)\n"
                          "ls $d 2>/dev/null && echo listed\n"
                          "ln -sfn /etc/shadow $WM_OUTPUT_FILE 2>/dev/null && echo replaced\n"
                          "touch $d/other 2>/dev/null && echo made\n"
                          "cat $d/../wm.db 2>/dev/null | head -c1 && echo >&2 read\n"
                          "ls $d/../logs 2>/dev/null && echo listed\n"
                          "ls $d/../work 2>/dev/null && echo listed\n"
                          "echo end"),
            "end\n");
}

TEST_F(Security, NamesAreNoPaths) {
  const std::string name = "../../../../escaped";
  EXPECT_EQ(run_as_nobody(name, "echo $WM_UNIQUE_NAME; echo data >$WM_STATE_DIR/kept"),
            name + '\n');
  for (const auto& entry : std::filesystem::recursive_directory_iterator(daemon_.path())) {
    EXPECT_EQ(entry.path().string().find("escaped"), std::string::npos) << entry.path();
  }
}

TEST_F(Security, ForgettingWorkFollowsNoLinks) {
  const auto precious = daemon_.path() / "precious";
  std::filesystem::create_directory(precious);
  std::ofstream(precious / "file") << "kept";
  EXPECT_EQ(run_as_nobody("links", "cd $WM_STATE_DIR && ln -s " + precious.string() +
                                       " link && mkdir -p a/b && ln -s / a/b/root && echo done"),
            "done\n");
  ASSERT_EQ(daemon_.wm({"prune"}).status, 0);
  ASSERT_EQ(daemon_.stop(), 0);
  EXPECT_TRUE(std::filesystem::exists(precious / "file"));
}

TEST_F(Security, ATaskLearnsNothingOfTheDaemonAndDoesItNoHarm) {
  EXPECT_EQ(run_as_nobody("daemon",
                          "cat /proc/$PPID/environ >/dev/null 2>&1 && echo environment\n"
                          "ls /proc/$PPID/fd >/dev/null 2>&1 && echo descriptors\n"
                          "kill -0 $PPID 2>/dev/null && echo signal\n"
                          "test -w $WM_SOCKET || echo closed\n"
                          "env | grep -c NOTIFY\n"
                          "echo end"),
            "0\nend\n");
}

TEST_F(Security, ATaskActsThroughTheSocketAsItsOwnerAlone) {
  EXPECT_EQ(
      daemon_.wm({"register-oneoff", "roots", "--initial-delay", "1h", "--", "/bin/true"}).status,
      0);
  const std::string client = (daemon_.path() / "wm").string();
  as_nobody({"status"});  // This copies the client.
  std::string script;
  for (const char* call : {"cancel roots", "pause", "daemon reexec", "metrics",
                           "conditions override charging=no", "cancel --all"}) {
    script += client + ' ' + call + " 2>/dev/null; echo $?\n";
  }
  EXPECT_EQ(run_as_nobody("client", script), "3\n5\n5\n5\n5\n")
      << "cancel --all ends this run itself";
  EXPECT_NE(daemon_.wm({"show", "roots"}).out.find("enqueued"), std::string::npos);
}

// Another user has made the directory that this user's socket would be in.
TEST_F(Security, ADirectoryInTmpThatIsAnothersIsRefused) {
  constexpr const char* kDirectory = "/tmp/wm-65534";
  std::filesystem::remove_all(kDirectory);
  std::filesystem::create_directory(kDirectory);
  const auto client = daemon_.path() / "wm";
  as_nobody({"status"});
  const Output refused =
      run_program({"setpriv", "--reuid", kNobody, "--regid", kNobody, "--clear-groups", "env", "-i",
                   "HOME=/", client.string(), "--user", "list"});
  std::filesystem::remove_all(kDirectory);
  EXPECT_EQ(refused.status, 5);
  EXPECT_NE(refused.err.find("not yours alone"), std::string::npos) << refused.err;
}

TEST_F(Security, NobodyElsesWordsReachATerminalAsTheyAre) {
  for (const char* option : {"--tag", "--group"}) {
    EXPECT_EQ(as_nobody({"register-oneoff", "words", option, "\x1b]0;owned\x07", "--cwd", "/", "--",
                         "/bin/true"})
                  .status,
              2);
  }
  EXPECT_EQ(as_nobody({"register-oneoff", "words", "--description", "\x1b]0;owned\x07",
                       "--initial-delay", "1h", "--cwd", "/", "--", "/bin/echo", "\x1b[8m"})
                .status,
            0);
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"--owner", "nobody", "show", "words"},
                                             {"list"},
                                             {"--owner", "nobody", "why", "words"}}) {
    EXPECT_EQ(daemon_.wm(arguments).out.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace wm
