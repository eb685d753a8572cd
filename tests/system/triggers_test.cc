// Jobs that start when a path changes.
#include <csignal>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "tests/system/commands.h"

namespace wm {
namespace {

class TriggersTest : public Commands {
 protected:
  std::string in(const std::string& name) const { return (daemon_.path() / name).string(); }
  void touch(const std::string& name) { std::ofstream(in(name), std::ios::app) << "x"; }

  void on_path(const std::string& glob, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"--on-path", in(glob), "--trigger-delay", "0s"});
    shell("sync", ":", options);
  }
};

TEST_F(TriggersTest, AChangeStartsTheWork) {
  std::filesystem::create_directory(in("in"));
  on_path("in/*.txt");
  const json::value why = json({"why", "sync"});
  const json::value& wait = why.at("waitingFor").at(0);
  EXPECT_EQ(text(wait, "kind"), "trigger");
  EXPECT_EQ(text(wait, "name"), in("in/*.txt"));
  EXPECT_EQ(text(wait, "required"), "a change");
  touch("in/b.jpg");
  EXPECT_EQ(text(json({"show", "sync"}), "state"), "enqueued");
  touch("in/a.txt");
  ok({"wait", "sync"});
}

TEST_F(TriggersTest, WhatChangesWhileTheDaemonIsDownCounts) {
  on_path("in/*.txt");
  daemon_.kill();
  std::filesystem::create_directory(in("in"));
  touch("in/a.txt");
  daemon_.start();
  ok({"wait", "sync"});
}

// The daemon gets a user namespace in which the number of inotify instances can be set: other tests
// are not affected.
constexpr const char* kInstances = "/proc/sys/user/max_inotify_instances";

TEST_F(TriggersTest, WithoutInotifyTheWorkWaitsAndSaysWhy) {
  if (run_program({"unshare", "-U", "-r", "test", "-w", kInstances}).status != 0) {
    GTEST_SKIP() << "no user namespaces";
  }
  std::filesystem::create_directory(in("in"));
  restart_under("exec unshare -U -r sh -c 'echo 0 >" + std::string(kInstances) +
                " && exec \"$0\" \"$@\"'");
  on_path("in/*.txt");
  const auto problem = [&] { return text(json({"why", "sync"}).at("waitingFor").at(0), "detail"); };
  while (problem().empty()) std::this_thread::yield();
  EXPECT_NE(problem().find("fs.inotify.max_user_instances"), std::string::npos) << problem();
  EXPECT_NE(wm({"doctor"}).out.find("fs.inotify.max_user_instances"), std::string::npos);

  daemon_.kill();
  daemon_.start();  // The job is on disk already.
  while (problem().empty()) std::this_thread::yield();

  const Output more =
      run_program({"nsenter", "-t", std::to_string(daemon_.pid()), "-U", "--preserve-credentials",
                   "sh", "-c", std::string("echo 100 >") + kInstances});
  ASSERT_EQ(more.status, 0) << more.err;
  daemon_.signal(SIGHUP);
  while (!problem().empty()) std::this_thread::yield();
  touch("in/a.txt");
  ok({"wait", "sync"});
}

TEST_F(TriggersTest, AnUpdateNamesOtherPaths) {
  on_path("a");
  ok({"update", "sync", "--on-path", in("b"), "--trigger-delay", "1ms"});
  touch("a");
  EXPECT_NE(ok({"why", "sync"}).find(in("b")), std::string::npos);
  touch("b");
  ok({"wait", "sync"});
}

TEST_F(TriggersTest, AFileDeclaresThem) {
  std::ofstream(in("works.toml")) << R"([[work]]
name = "sync"
command = ["/bin/true"]
on-path = [")" << in("in") << R"("]
trigger-delay = "0s"
)";
  ok({"apply", in("works.toml")});
  const std::string exported = ok({"export"});
  EXPECT_NE(exported.find("on-path = [ \"" + in("in") + "\" ]\ntrigger-delay = \"0s\""),
            std::string::npos)
      << exported;
  touch("in");
  ok({"wait", "sync"});
}

TEST_F(TriggersTest, ARunThatWasStartedByOneIsLikeAnyOther) {
  ok({"conditions", "override", "charging=no"});
  on_path("in", {"--charging"});
  touch("in");
  while (json({"why", "sync"}).at("waitingFor").at(0).at("kind") == "trigger") {
  }
  EXPECT_EQ(text(json({"why", "sync"}).at("waitingFor").at(0), "name"), "charging");
  ok({"conditions", "override", "charging=yes"});
  ok({"wait", "sync"});
}

TEST_F(TriggersTest, WhatCannotBeWatchedIsRefused) {
  fails(2, "--on-path is empty", {"register-oneoff", "a", "--on-path", "", "--", "/bin/true"});
  fails(2, "give on-path", {"register-oneoff", "a", "--trigger-delay", "1s", "--", "/bin/true"});
}

}  // namespace
}  // namespace wm
