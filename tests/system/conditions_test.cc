// Conditions as people see them, and jobs that start and stop with them.
#include <array>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/commands.h"

namespace wm {
namespace {

class ConditionsTest : public Commands {
 protected:
  std::string path(const std::string& name) { return (daemon_.path() / name).string(); }
  void touch(const std::string& name) { std::ofstream(path(name)) << "x"; }

  // `nas` holds while the file of that name exists; `asked` gets a line per call of the command.
  void declare_nas() {
    daemon_.configure(R"([conditions.nas]
command = ["/bin/sh", "-c", "echo >>)" +
                      path("asked") + R"(; test -e )" + path("nas") +
                      R"( || { echo no nas >&2; exit 1; }"]
every = "1s"
)");
    daemon_.signal(SIGHUP);
    ok({"status"});
  }
};

TEST_F(ConditionsTest, CheckSaysWhetherConstraintsHoldNow) {
  ok({"conditions", "override", "charging=yes", "network=metered", "idle=no"});
  EXPECT_EQ(ok({"check", "--charging", "--network", "connected"}), "");
  const Output output = wm({"check", "--charging", "--network", "unmetered", "--idle"});
  EXPECT_EQ(output.status, 75);
  EXPECT_EQ(output.err, "");
  EXPECT_NE(output.out.find("network  metered, needs unmetered"), std::string::npos) << output.out;
  EXPECT_NE(output.out.find("override"), std::string::npos) << output.out;
  EXPECT_EQ(output.out.find("charging"), std::string::npos) << output.out;
  fails(2, "nothing to check", {"check"});
  fails(2, "declares no condition 'vpn'", {"check", "--require", "vpn"});
  const json::value works = json({"list", "--all"});
  EXPECT_TRUE(works.as_array().empty());
}

TEST_F(ConditionsTest, SayHowManyWorksWaitOnThem) {
  ok({"conditions", "override", "charging=no"});
  shell("a", ":", {"--charging"});
  shell("b", ":", {"--prefer", "charging", "--relax-after", "1h"});
  const json::value conditions = json({"conditions"});
  for (const json::value& condition : conditions.as_array()) {
    EXPECT_EQ(condition.at("works"), text(condition, "name") == "charging" ? 2 : 0);
  }
}

TEST_F(ConditionsTest, OfOnesOwnStartAndStopWork) {
  declare_nas();
  shell("sync", "sleep 1000", {"--require", "nas", "--stop-grace", "0s"});
  touch("nas");
  ok({"wait", "sync", "--for", "running"});
  std::filesystem::remove(path("nas"));
  ok({"wait", "sync", "--for", "enqueued"});
  EXPECT_NE(ok({"why", "sync"}).find("command: exit 1: no nas"), std::string::npos);
  const json::value run = json({"history", "sync"}).at(0);
  EXPECT_EQ(text(run, "outcome"), "interrupted");
  EXPECT_EQ(text(run, "stopReason"), "constraint-custom");
  EXPECT_EQ(text(run.at("waited").at(0), "name"), "nas");
}

TEST_F(ConditionsTest, OfOnesOwnAreAskedOnlyWhileWorkRequiresThem) {
  declare_nas();
  shell("other", ":", {"--charging"});
  ok({"wait", "other"});
  json({"conditions"});
  EXPECT_FALSE(std::filesystem::exists(path("asked")));
  EXPECT_EQ(wm({"check", "--require", "nas"}).status, 75);
  EXPECT_TRUE(std::filesystem::exists(path("asked")));
  touch("nas");
  shell("sync", ":", {"--require", "nas"});
  ok({"wait", "sync"});
}

TEST_F(ConditionsTest, CanBeWatched) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const std::string socket = daemon_.socket();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], 1);
    ::execl(WM_PROGRAM, "wm", "--socket", socket.c_str(), "conditions", "--watch", "--json",
            nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  const auto charging = [&] {
    std::string line;
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
    const json::value conditions = json::parse(line);
    for (const json::value& condition : conditions.as_array()) {
      if (text(condition, "name") == "charging") return text(condition, "source");
    }
    return std::string("none");
  };
  EXPECT_NE(charging(), "override");
  ok({"conditions", "override", "charging=no"});
  EXPECT_EQ(charging(), "override");
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ::close(ends[0]);
}

}  // namespace
}  // namespace wm
