// Words that people type, and words that they read in return.
#include "tests/system/commands.h"

namespace wm {
namespace {

class TypedWords : public Commands {
 protected:
  TypedWords()
      : Commands(std::string(TestDaemon::kConfiguration) +
                 "[tasks.sync]\ncommand = [\"/bin/true\"]\n") {}

  static std::size_t count(const json::value& list) { return list.as_array().size(); }
};

TEST_F(TypedWords, TimesAsPeopleSayThem) {
  ok({"register-oneoff", "a", "--", "true"});
  ok({"wait", "a"});
  for (const char* since : {"yesterday", "2 days ago", "1 hour", "monday", "1h 30min"}) {
    EXPECT_EQ(count(json({"history", "--since", since})), 1U) << since;
  }
  fails(2, "--since: bad time 'tomorrow': it is in the future", {"history", "--since", "tomorrow"});
  fails(2, "did you mean yesterday?", {"history", "--since", "yesteday"});

  const std::string at =
      text(json({"register-oneoff", "b", "--at", "tomorrow 09:00", "--", "true"}), "at");
  EXPECT_EQ(text(json({"update", "b", "--at", "in 2 hours"}), "uniqueName"), "b");
  EXPECT_EQ(text(json({"update", "b", "--at", "Tomorrow 9:00"}), "at"), at);
  EXPECT_TRUE(at.ends_with(":00:00.000Z")) << at;
  fails(2, "--at: bad time 'yesterday': it is in the past", {"update", "b", "--at", "yesterday"});
  fails(2, "--timeout: bad duration '5'", {"wait", "b", "--timeout", "5"});
}

TEST_F(TypedWords, AConditionIsPretendedInAnyWordsForYesAndNo) {
  for (const char* no : {"no", "false", "off"}) {
    ok({"conditions", "override", std::string("charging=") + no});
    EXPECT_EQ(wm({"check", "--charging"}).status, 75) << no;
  }
  for (const char* yes : {"yes", "true", "on"}) {
    ok({"conditions", "override", std::string("charging=") + yes});
    EXPECT_EQ(wm({"check", "--charging"}).status, 0) << yes;
  }
  fails(2, "use ok or low", {"conditions", "override", "battery=yes"});
  fails(2, "'meterd': did you mean metered?", {"conditions", "override", "network=meterd"});
  fails(2, "'charing': did you mean charging?", {"conditions", "override", "charing=yes"});
}

TEST_F(TypedWords, AnInterruptionIsNoFailure) {
  ok({"conditions", "override", "charging=yes"});
  ok({"register-oneoff", "stopped", "--charging", "--", "sleep", "60"});
  ok({"wait", "stopped", "--for", "running"});
  ok({"conditions", "override", "charging=no"});
  ok({"wait", "stopped", "--for", "enqueued"});
  ok({"register-oneoff", "again", "--max-attempts", "2", "--backoff-delay", "1ms", "--", "sh", "-c",
      "exit 1"});
  EXPECT_EQ(wm({"wait", "again"}).status, 1);

  const json::value failed = json({"history", "--failed"});
  ASSERT_EQ(count(failed), 2U);
  EXPECT_EQ(text(failed.at(0), "outcome"), "failed");
  EXPECT_EQ(text(failed.at(1), "outcome"), "retry");
  EXPECT_EQ(count(json({"history"})), 3U);
}

TEST_F(TypedWords, WhyNamesAllThatHoldsDelayedWorkBack) {
  ok({"conditions", "override", "charging=no", "network=metered", "idle=no"});
  ok({"register-oneoff", "a", "--initial-delay", "1h", "--charging", "--network", "unmetered",
      "--prefer", "idle", "--relax-after", "1h", "--", "true"});
  ok({"pause"});
  std::vector<std::string> names;
  const json::value why = json({"why", "a"});
  for (const json::value& wait : why.at("waitingFor").as_array()) {
    names.push_back(text(wait, "kind") + " " + text(wait, "name"));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"delay ", "constraint network", "constraint charging",
                                             "constraint idle", "paused "}));
}

TEST_F(TypedWords, WorkThatHasATimeIsDueThen) {
  const std::string added =
      ok({"register-periodic", "a", "--calendar", "30 2 * * *", "--", "true"});
  EXPECT_TRUE(added == "enqueued 'a', due tomorrow 02:30\n" ||
              added == "enqueued 'a', due today 02:30\n")
      << added;
  const std::string due = added.substr(14, added.size() - 15);
  for (const std::string& answer : {ok({"list"}), ok({"show", "a"})}) {
    EXPECT_NE(answer.find(due.substr(4)), std::string::npos) << answer;
  }
  const std::string why = ok({"why", "a"});
  EXPECT_NE(why.find("waits for its time (" + due.substr(4) + ", in "), std::string::npos) << why;
  EXPECT_EQ(ok({"register-oneoff", "b", "--at", "tomorrow 23:30", "--", "true"}),
            "enqueued 'b', due tomorrow 23:30\n");
}

TEST_F(TypedWords, ResumeSaysWhatGoesOn) {
  EXPECT_EQ(ok({"resume"}), "nothing was paused\n");
  ok({"pause"});
  EXPECT_EQ(wm({"pause", "--group", "backup"}).status, 0);
  EXPECT_EQ(ok({"resume", "--group", "other"}),
            "group other was not paused\nstill paused: everything\nstill paused: group backup\n");
  EXPECT_EQ(ok({"resume"}), "resumed: everything\nstill paused: group backup\n");
  EXPECT_EQ(ok({"resume", "--group", "backup"}), "resumed: group backup\n");
}

TEST_F(TypedWords, WhatCannotRunIsRefusedAndADirectoryMayStillCome) {
  const std::string plain = (daemon_.path() / "plain").string();
  std::ofstream(plain) << "127.0.0.1 localhost\n";
  fails(2, "it is not executable; try chmod +x", {"register-oneoff", "a", "--", plain});

  const std::string absent = (daemon_.path() / "absent").string();
  const Output output =
      wm({"register-oneoff", "b", "--cwd", absent, "--initial-delay", "1h", "--", "true"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.err, "wm: the working directory '" + absent +
                            "' does not exist yet: without it a run fails\n");
  EXPECT_EQ(text(json({"show", "b"}), "cwd"), absent);
  const Output secret =
      wm({"once", "c", "--env-file", absent, "--initial-delay", "1h", "--", "true"});
  EXPECT_EQ(secret.status, 0);
  EXPECT_EQ(secret.err, "wm: the file of variables '" + absent +
                            "' does not exist yet: without it a run fails\n");
}

TEST_F(TypedWords, APauseOfNobodySaysSo) {
  ok({"once", "a", "--group", "backup", "--initial-delay", "1h", "--", "true"});
  ok({"pause", "--group", "backup"});
  const Output paused = wm({"pause", "--group", "backups"});
  EXPECT_EQ(paused.status, 0) << "its jobs may come later";
  EXPECT_EQ(paused.err, "wm: no unfinished job is in the group 'backups' so far\n");
  fails(2, "a pause of 0s is over at once: give a longer time", {"pause", "--for", "0s"});
}

TEST_F(TypedWords, WhatHasEndedIsToldHowItRunsAgain) {
  shell("good", ":");
  shell("bad", "exit 64");
  wm({"wait", "good", "bad"});
  ok({"once", "gone", "--initial-delay", "1h", "--", "true"});
  ok({"cancel", "gone"});
  for (const char* const command : {"run", "retry"}) {
    fails(6, "'good' has succeeded: to run it again, register it again", {command, "good"});
  }
  fails(6, "'bad' has failed: wm retry enqueues it once more", {"run", "bad"});
  fails(6, "'gone' was cancelled: wm retry enqueues it once more", {"run", "gone"});
}

TEST_F(TypedWords, WaitSaysWhatHasNotHappened) {
  ok({"once", "late", "--initial-delay", "1h", "--", "true"});
  const Output late = wm({"wait", "late", "--for", "running", "--timeout", "10ms"});
  EXPECT_EQ(late.status, 124);
  EXPECT_EQ(late.err, "wm: 'late' has not reached the state running after 10ms: wm why late\n");
  EXPECT_EQ(ok({"wait", "late", "--for", "enqueued"}), "'late' is enqueued\n");
  ok({"once", "good", "--", "true"});
  const Output good = wm({"wait", "good", "--for", "failed"});
  EXPECT_EQ(good.status, 1);
  EXPECT_EQ(good.out, "'good' succeeded, and was to be failed\n");
  ok({"cancel", "late"});
  EXPECT_EQ(wm({"wait", "late"}).out, "'late' was cancelled\n");
}

TEST_F(TypedWords, ACommandIsShownAsAShellWouldReadIt) {
  ok({"once", "a", "--initial-delay", "1h", "--", "/bin/sh", "-c", "exit 64", "--a=b c", "--d=e"});
  const std::string line = "/bin/sh -c 'exit 64' --a='b c' --d=e\n";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"show", "a"}, {"list"}}) {
    const std::string shown = ok(words);
    EXPECT_NE(shown.find(line), std::string::npos) << shown;
  }
}

TEST_F(TypedWords, NumbersAndTimesThatAreOutOfPlace) {
  fails(2, "'99999999999999999999' is too large", {"logs", "-n", "99999999999999999999"});
  ok({"once", "a", "--initial-delay", "1h", "--", "true"});
  fails(3, "; none of the others is cancelled", {"cancel", "nosuch", "a"});
  EXPECT_EQ(text(json({"show", "a"}), "state"), "enqueued");
  const std::string paused = ok({"pause", "--for", "900ms"});
  EXPECT_EQ(paused.find("(now)"), std::string::npos) << paused;
}

TEST_F(TypedWords, WhatConcernsAllUsersIsForNoOwner) {
  const std::string self = std::to_string(::getuid());
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"pause"},
                                             {"resume"},
                                             {"conditions", "override", "charging=no"},
                                             {"conditions", "clear"}}) {
    std::vector<std::string> typed{"--owner", self};
    typed.insert(typed.end(), words.begin(), words.end());
    fails(2, "concerns everybody's jobs: leave --owner out", typed);
  }
  EXPECT_EQ(ok({"resume"}), "nothing was paused\n");
}

TEST_F(TypedWords, AnUpdateChangesNoFlagThatItDoesNotName) {
  ok({"register-oneoff", "a", "--charging", "--retry-on-crash", "--initial-delay", "1h", "--",
      "true"});
  fails(2, "nothing to change", {"update", "a"});
  ok({"update", "a", "--priority", "3"});
  const json::value work = json({"show", "a"});
  EXPECT_EQ(work.at("constraints").at("charging"), true);
  EXPECT_EQ(work.at("retryOnCrash"), true);
  EXPECT_EQ(work.at("priority"), 3);
}

// The daemon's complaints about a file use the words of the file, too.
TEST_F(TypedWords, ErrorsAboutAFileAreInItsWords) {
  const std::string path = (daemon_.path() / "works.toml").string();
  const auto problem = [&](const std::string& keys) {
    std::ofstream(path) << "\n[[work]]\nname = 'a'\n" << keys;
    const Output output = wm({"apply", path});
    EXPECT_EQ(output.out, "");
    EXPECT_TRUE(output.err.starts_with("wm: " + path + ": line ")) << output.err;
    EXPECT_EQ(output.err.find("--"), std::string::npos) << output.err;
    return output.err.substr(std::min(output.err.size(), path.size() + 6));
  };
  const std::string run = "command = ['/bin/true']\n";
  EXPECT_EQ(problem("comand = ['true']\n"),
            "line 4: unknown key 'comand': did you mean command?\n");
  EXPECT_EQ(problem("task = 'synk'\n"), "line 2: unknown task 'synk': did you mean sync?\n");
  EXPECT_EQ(problem("task = 'upload'\n"),
            "line 2: unknown task 'upload': the declared ones are sync\n");
  for (const char* keys :
       {"after = ['nobody']\n", "after = ['a']\n", "trigger-delay = '1s'\n", "calendar = '61'\n",
        "every = '1h'\nflex = '2h'\n", "every = '1h'\ndeadline = '2h'\n", "flex = '1h'\n",
        "at = '09:00'\ninitial-delay = '1h'\n", "expedited = true\ncharging = true\n",
        "idle = true\nbackoff-delay = '1m'\n", "fail-on = '1'\nretry-on = '1'\n",
        "require = ['nas']\n", "cwd = 'relative'\n", "env = { WM_A = 'b' }\n",
        "prefer = [{ constraint = 'charging', relax-after = '0s' }]\n", "tags = ['']\n",
        "as = 'nobody-of-that-name'\n", "memory-max = '1K'\n",
        "cwd = '/absent/dir'\nafter = ['x']\n"}) {
    EXPECT_NE(problem(run + keys).find(' '), std::string::npos) << keys;
  }
}

}  // namespace
}  // namespace wm
