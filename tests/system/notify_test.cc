// Events reach people: on a session's bus, and through a command.
#include <fstream>

#include <sys/stat.h>

#include "tests/support/private_bus.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

class Notified : public testing::Test {
 protected:
  std::string contents(const std::string& name) const {
    std::ifstream file(daemon_.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void run(const std::string& name, const std::string& script,
           std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"register-oneoff", name});
    options.insert(options.end(), {"--", "/bin/sh", "-c", script});
    const Output output = daemon_.wm(options);
    EXPECT_EQ(output.status, 0) << output.err;
    daemon_.wm({"wait", name});
  }

  TestDaemon daemon_;
};

class OnTheDesktop : public Notified {
 protected:
  // Waits for that many notifications, and returns them.
  std::vector<std::string> shown(std::size_t count) {
    boost::asio::io_context loop;
    EXPECT_TRUE(run_until(loop, {&desktop_}, [&] { return desktop_.shown().size() >= count; }));
    return desktop_.shown();
  }

  PrivateBus bus_;
  FakeService desktop_{bus_, "org.freedesktop.Notifications"};
};

using Lines = std::vector<std::string>;

TEST_F(OnTheDesktop, WhatWasAskedForAndNoMore) {
  daemon_.start();
  run("quiet", "exit 64");
  run("sync<1>", "exit 64", {"--notify", "started,failed"});
  EXPECT_EQ(shown(2).at(0), "Started: sync<1>|run 1|0");
  EXPECT_TRUE(desktop_.shown().at(1).starts_with("Failed: sync<1>|exit 64|"));
  EXPECT_EQ(desktop_.shown().size(), 2U);
}

TEST_F(OnTheDesktop, EveryChangeOfStatusForThoseWhoDebug) {
  daemon_.configure("debug = true\n");
  daemon_.start();
  run("sync", "exit 64");
  const Lines all = shown(3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], "Scheduled: sync||0");
  EXPECT_TRUE(all[1].starts_with("Started: sync|run 1|"));
  EXPECT_TRUE(all[2].starts_with("Failed: sync|exit 64|"));
}

TEST_F(OnTheDesktop, TheTextIsNoMarkup) {
  daemon_.start();
  ASSERT_EQ(daemon_
                .wm({"register-oneoff", "a", "--notify", "failed", "--cwd", "/no/<b>&such", "--",
                     "/bin/true"})
                .status,
            0);
  EXPECT_NE(shown(1).at(0).find("/no/&lt;b&gt;&amp;such"), std::string::npos) << shown(1).at(0);
}

TEST_F(Notified, NotOnAMachineWithoutADesktopAndTheLogSaysSoOnce) {
  daemon_.start();
  run("a", "true", {"--notify", "succeeded"});
  run("b", "true", {"--notify", "succeeded"});
  daemon_.stop();
  const std::string log = contents("log");
  const std::size_t first = log.find("no desktop notifications");
  EXPECT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("no desktop notifications", first + 1), std::string::npos) << log;
}

TEST_F(Notified, ByACommandThatGetsTheEvents) {
  const std::string events = (daemon_.path() / "events").string();
  ASSERT_EQ(::mkfifo(events.c_str(), 0600), 0);
  daemon_.configure("[notify]\ncommand = [\"/bin/sh\", \"-c\", \"cat >" + events + "\"]\n");
  daemon_.start();
  // Opened for reading and writing, it has no end between two commands.
  std::fstream lines(events);
  run("sync", "exit 64");
  Lines list;
  for (int i = 0; i < 3; ++i) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const json::value event = json::parse(line);
    list.push_back(wm::text(event, "event") + ' ' + wm::text(event, "uniqueName") + ": " +
                   wm::text(event, "detail"));
  }
  EXPECT_EQ(list, (Lines{"scheduled sync: ", "started sync: run 1", "failed sync: exit 64"}));
}

TEST_F(Notified, ByACommandThatHangsAndHoldsUpNobody) {
  const std::string lives = (daemon_.path() / "lives").string();
  ASSERT_EQ(::mkfifo(lives.c_str(), 0600), 0);
  daemon_.configure("[notify]\ncommand = [\"/bin/sh\", \"-c\", \"exec sleep 1000 >" + lives +
                    "\"]\nevents = [\"completed\"]\ntime_limit = \"1s\"\n");
  daemon_.start();
  for (int i = 0; i < 20; ++i) run("a", "true", {"--existing", "replace"});
  EXPECT_EQ(contents("lives"), "") << "the pipe ends once the command is killed";
}

}  // namespace
}  // namespace wm
