// Words that people type, and those that they read in return.
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
  fails(2, "--since: bad time 'tomorrow': it is yet to come", {"history", "--since", "tomorrow"});
  fails(2, "did you mean yesterday?", {"history", "--since", "yesteday"});

  const std::string at =
      text(json({"register-oneoff", "b", "--at", "tomorrow 09:00", "--", "true"}), "at");
  EXPECT_EQ(text(json({"update", "b", "--at", "in 2 hours"}), "uniqueName"), "b");
  EXPECT_EQ(text(json({"update", "b", "--at", "Tomorrow 9:00"}), "at"), at);
  EXPECT_TRUE(at.ends_with(":00:00.000Z")) << at;
  fails(2, "--at: bad time 'yesterday': it is past", {"update", "b", "--at", "yesterday"});
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

// What the daemon finds wrong with a file, it says in the words of the file, too.
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
  EXPECT_EQ(problem("task = 'upload'\n"), "line 2: unknown task 'upload': declared are sync\n");
  for (const char* keys :
       {"after = ['nobody']\n", "after = ['a']\n", "trigger-delay = '1s'\n", "calendar = '61'\n",
        "every = '1h'\nflex = '2h'\n", "every = '1h'\ndeadline = '2h'\n", "flex = '1h'\n",
        "at = '09:00'\ninitial-delay = '1h'\n", "expedited = true\ncharging = true\n",
        "idle = true\nbackoff-delay = '1m'\n", "fail-on = '1'\nretry-on = '1'\n",
        "require = ['nas']\n", "cwd = 'relative'\n", "env = { WM_A = 'b' }\n",
        "prefer = [{ constraint = 'charging', relax-after = '0s' }]\n", "tags = ['']\n",
        "as = 'nobody-of-that-name'\n", "memory-max = '1K'\n",
        "cwd = '/absent/dir'\nafter = ['x']\n"}) {
    EXPECT_NE(problem(run + keys).find(" "), std::string::npos) << keys;
  }
}

}  // namespace
}  // namespace wm
