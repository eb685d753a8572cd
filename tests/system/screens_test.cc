// Tests of the client's sentences about forecasts, cancellations and counts.
#include <algorithm>

#include "tests/support/terminal.h"
#include "tests/system/other_users.h"

namespace wm {
namespace {

class Screens : public Commands {
 protected:
  explicit Screens(const std::string& configuration = TestDaemon::kConfiguration)
      : Commands(configuration) {}

  std::string shown(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command{WM_PROGRAM, "--socket", daemon_.socket(), "--color", "never"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Terminal terminal(80, 24, command, {});
    EXPECT_EQ(terminal.finish(), 0) << terminal.text();
    return terminal.text();
  }

  void later(const std::string& name, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"--initial-delay", "1h"});
    shell(name, ":", options);
  }
};

class OneSlot : public Screens {
 protected:
  OneSlot() : Screens("[run]\nmax_parallel = 1\n") {}
};

TEST_F(OneSlot, AForecastNamesNoTimeForAFreeSlot) {
  const auto pipe = daemon_.path() / "pipe";
  make_pipe(pipe);
  shell("long", "read -r line <" + pipe.string());
  ok({"once", "next", "--", "true"});
  const std::string piped = ok({"forecast"});
  EXPECT_NE(piped.find("when a slot is free"), std::string::npos) << piped;
  const std::string text = shown({"forecast"});
  EXPECT_TRUE(text.starts_with("1 run, the first when a slot is free: 'next'\n")) << text;
  std::ofstream(pipe) << "x\n";
}

TEST_F(Screens, AForecastWithoutRunsSaysWhy) {
  EXPECT_EQ(wm({"forecast"}).err, "wm: nothing would run: there are no unfinished jobs\n");
  later("a");
  EXPECT_NE(wm({"forecast", "--for", "10m"})
                .err.find("wm: nothing would run within 10m: the next "
                          "job, 'a', is due "),
            std::string::npos);
  shell("bad", "exit 65");
  EXPECT_EQ(wm({"wait", "bad"}).status, 1);
  EXPECT_EQ(wm({"forecast", "bad"}).err,
            "wm: nothing would run: 'bad' has failed; wm retry enqueues it once more\n");
  ok({"pause"});
  EXPECT_EQ(wm({"forecast"}).err, "wm: nothing would run: everything is paused: wm resume\n");
  ok({"resume"});
  ok({"conditions", "override", "charging=no"});
  ok({"cancel", "a"});
  ok({"once", "c", "--charging", "--", "true"});
  EXPECT_EQ(wm({"forecast"}).err,
            "wm: nothing would run, as things are: wm list shows what each job waits for\n");
}

TEST_F(Screens, ACancellationNamesWhatGoesWithIt) {
  later("q1");
  shell("q2", ":", {"--after", "q1"});
  shell("q3", ":", {"--after", "q2"});
  later("other");
  shell("after", ":", {"--after", "other"});
  EXPECT_EQ(ok({"cancel", "q1"}), "cancelled 'q1', and 2 jobs that come after it\n");
  EXPECT_EQ(ok({"cancel", "other", "after"}), "cancelled 'other'\ncancelled 'after'\n");
  EXPECT_EQ(text(json({"show", "q3"}), "state"), "cancelled");
}

TEST_F(Screens, LongAnswersEndWithASum) {
  std::string toml;
  for (int i = 0; i < 30; ++i) {
    toml += "[[work]]\nname = 'j" + std::to_string(i) +
            "'\ncommand = ['true']\ntags = ['t']\ninitial-delay = '1h'\n";
  }
  const auto path = daemon_.path() / "jobs.toml";
  std::ofstream(path) << toml;
  const std::string applied = shown({"apply", path.string()});
  EXPECT_TRUE(applied.ends_with("\n30 jobs enqueued\n")) << applied;
  const std::string cancelled = shown({"cancel", "--tag", "t"});
  EXPECT_TRUE(cancelled.ends_with("\n30 jobs cancelled\n")) << cancelled;
  const std::string again = ok({"apply", path.string()});
  EXPECT_EQ(std::ranges::count(again, '\n'), 30) << "a pipe has a line per job";
}

TEST_F(Screens, AnInitialDelayThatIsPastIsSaid) {
  const auto pipe = daemon_.path() / "pipe";
  make_pipe(pipe);
  ok({"every", "1h", "p", "--", "/bin/sh", "-c", "echo x >" + pipe.string() + "; exec sleep 600"});
  EXPECT_EQ(read_line(pipe), "x");
  const Output output = wm({"update", "p", "--initial-delay", "10m"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.err,
            "wm: --initial-delay is for the first run, which has begun: --at TIME sets the next\n");
  later("one");
  EXPECT_EQ(wm({"update", "one", "--initial-delay", "10m"}).err, "");
}

class SharedScreens : public OtherUsers {};

TEST_F(SharedScreens, AStatusTellsOwnJobsFromThoseOfOthers) {
  for (const char* const name : {"a", "b"}) {
    ASSERT_EQ(daemon_.wm({"once", name, "--initial-delay", "1h", "--", "true"}).status, 0);
  }
  ASSERT_EQ(as_nobody({"once", "c", "--initial-delay", "1h", "--cwd", "/", "--", "true"}).status,
            0);
  const std::string first = as_nobody({"status"}).out;
  EXPECT_TRUE(first.starts_with("wmd is up: 1 job waits; other users have 2\n")) << first;
  EXPECT_TRUE(daemon_.wm({"status"}).out.starts_with("wmd is up: 3 jobs wait\n"));
}

}  // namespace
}  // namespace wm
