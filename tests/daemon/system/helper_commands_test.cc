// Short commands of the configuration: how they end, and what they say.
#include "daemon/system/helper_commands.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace wm {
namespace {

class HelperCommandsTest : public testing::Test {
 protected:
  // Returns the end of this shell script, within the time; the loop runs meanwhile.
  HelperEnd end_of(std::vector<std::string> arguments, const std::string& input = "",
                   Duration time_limit = 1min) {
    std::optional<HelperEnd> end;
    const auto run = commands_.start({std::move(arguments), input, time_limit},
                                     [&](const HelperEnd& how) { end = how; });
    while (!end) turn();
    return *end;
  }
  HelperEnd end_of_script(const std::string& script, const std::string& input = "",
                          Duration time_limit = 1min) {
    return end_of({"/bin/sh", "-c", script}, input, time_limit);
  }
  void turn() {
    loop_.run_for(1ms);
    loop_.restart();
    int status = 0;
    if (const pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0) {
      commands_.child_ended(pid, status);
    }
  }

  boost::asio::io_context loop_;
  HelperCommands commands_{loop_};
};

TEST_F(HelperCommandsTest, SaysHowItEnded) {
  EXPECT_TRUE(end_of_script("exit 0").success);
  const HelperEnd failed = end_of_script("echo one >&2; echo two >&2; exit 3");
  EXPECT_FALSE(failed.success);
  EXPECT_EQ(failed.detail, "exit 3: one");
  EXPECT_EQ(end_of_script("kill -9 $$").detail, "ended by signal 9");
}

TEST_F(HelperCommandsTest, GetsItsInputAndAnEnvironmentOfItsOwn) {
  ::setenv("LEAKED", "1", 1);
  EXPECT_EQ(
      end_of_script("test \"$(cat)\" = word && test -z \"$LEAKED\" && pwd >&2; exit 1", "word")
          .detail,
      "exit 1: /");
  ::unsetenv("LEAKED");
}

TEST_F(HelperCommandsTest, IsKilledWhenItsTimeIsUp) {
  const HelperEnd end = end_of_script("sleep 100", "", 50ms);
  EXPECT_FALSE(end.success);
  EXPECT_EQ(end.detail, "no answer within 50ms");
}

TEST_F(HelperCommandsTest, OneThatCannotStartSaysWhy) {
  const HelperEnd end = end_of({"/absent"});
  EXPECT_FALSE(end.success);
  EXPECT_NE(end.detail.find("'/absent': No such file or directory"), std::string::npos)
      << end.detail;
}

TEST_F(HelperCommandsTest, NobodyHearsOfOneThatWasGivenUp) {
  bool told = false;
  commands_.start({{"/bin/sleep", "100"}, "", 1min}, [&](const HelperEnd&) { told = true; })
      .reset();
  int status = 0;
  const pid_t pid = ::waitpid(-1, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(commands_.has_child(pid));
  commands_.child_ended(pid, status);
  EXPECT_FALSE(commands_.has_child(pid));
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace wm
