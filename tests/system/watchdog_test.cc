// Runs that hang, and runs that say that they do not.
#include <atomic>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "tests/system/other_users.h"

namespace wm {
namespace {

class Watchdog : public Commands {
 protected:
  Watchdog() {
    std::filesystem::create_directory(here_);
    for (const char* pipe : {"ready", "go"}) make_pipe(here_ / pipe);
  }

  void start(const std::string& name, const std::string& script,
             std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--cwd", here_.string()});
    shell(name, script, std::move(options));
  }
  void await_ready() const { read_line(here_ / "ready"); }
  void go() const { std::ofstream(here_ / "go") << "x\n"; }
  // Returns once a run that began now was silent for that long, and is over.
  void outlive(const std::string& watchdog) {
    start("silent", "exec sleep 1000", {"--watchdog", watchdog, "--max-attempts", "1"});
    EXPECT_EQ(wm({"wait", "silent"}).status, 1);
    EXPECT_EQ(text(json({"show", "silent"}), "stopReason"), "watchdog");
  }
  std::size_t runs_of(const std::string& name) { return json({"history", name}).as_array().size(); }

  std::filesystem::path here_ = daemon_.path() / "here";
};

TEST_F(Watchdog, ARunThatHangsIsStoppedAndTriedAgain) {
  start("task", "[ -e tried ] && exit 0; touch tried; exec sleep 1000",
        {"--watchdog", "1s", "--backoff-delay", "1ms"});
  ok({"wait", "task"});
  const json::array runs = json({"history", "task"}).as_array();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(text(runs[1], "outcome"), "retry");
  EXPECT_EQ(text(runs[1], "stopReason"), "watchdog");
  EXPECT_EQ(text(runs[1], "reason"), "nothing was heard for 1s");
  const std::string shown = ok({"history", "task"});
  EXPECT_NE(shown.find("watchdog, SIGTERM, nothing was heard for 1s"), std::string::npos) << shown;
  EXPECT_EQ(json({"show", "task"}).at("watchdogMs"), 1000);
}

TEST_F(Watchdog, ARunThatSaysThatItIsAliveGoesOn) {
  start("task", "until [ -e over ]; do " WM_PROGRAM " alive || exit 70; done",
        {"--watchdog", "2s"});
  ok({"wait", "task", "--for", "running"});
  outlive("2s");
  std::ofstream(here_ / "over") << "x\n";
  ok({"wait", "task"});
  EXPECT_EQ(runs_of("task"), 1U);
}

TEST_F(Watchdog, ItsOwnerKeepsARunAliveFromOutside) {
  start("task", "echo >ready; read x <go", {"--watchdog", "2s"});
  await_ready();
  std::atomic<bool> enough = false;
  std::jthread feeder([&] {
    RawConnection owner(daemon_.socket());
    while (!enough) {
      const json::object answer =
          owner.call("io.wm.Scheduler.KeepAlive", {{"uniqueNames", {"task", "nobody"}}});
      EXPECT_EQ(answer.at("parameters"),
                (json::value{{"heard", {"task"}}, {"notRunning", {"nobody"}}}));
    }
  });
  outlive("2s");
  enough = true;
  feeder.join();
  go();
  ok({"wait", "task"});
  EXPECT_EQ(runs_of("task"), 1U);
}

TEST_F(Watchdog, GoesOnUnderTheNextProgram) {
  start("task", "echo >ready; exec sleep 1000", {"--watchdog", "2s", "--max-attempts", "1"});
  await_ready();
  ok({"daemon", "reexec"});
  EXPECT_EQ(wm({"wait", "task"}).status, 1);
  EXPECT_EQ(text(json({"show", "task"}), "stopReason"), "watchdog");
}

TEST_F(Watchdog, AJobMayStartOnlyOnItsOwnersWord) {
  start("task", "echo >ready; exec sleep 1000",
        {"--watchdog", "1h", "--while-kept-alive", "--stop-grace", "0s"});
  const auto keep_alive = [&] {
    return RawConnection(daemon_.socket())
        .call("io.wm.Scheduler.KeepAlive", {{"uniqueNames", {"task"}}})
        .at("parameters");
  };
  ok({"run", "task"});
  EXPECT_EQ(text(json({"list"}).at(0).at("waitingFor").at(0), "kind"), "keep-alive");
  EXPECT_NE(ok({"why", "task"}).find("its owner's word (KeepAlive)"), std::string::npos);
  const json::value heard{{"heard", {"task"}}, {"notRunning", json::array()}};
  EXPECT_EQ(keep_alive(), heard);
  await_ready();
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(text(json({"show", "task"}), "state"), "enqueued");
  EXPECT_EQ(keep_alive(), heard);
  await_ready();
  EXPECT_NE(ok({"export"}).find("while-kept-alive = true\n"), std::string::npos);
  ok({"cancel", "task"});
  fails(2, "--while-kept-alive needs --watchdog: how long its owner's word counts",
        {"register-oneoff", "a", "--while-kept-alive", "--", "/bin/true"});
}

TEST_F(Watchdog, AnUpdateIsForTheNextRun) {
  start("task", "echo >ready; exec sleep 1000", {"--watchdog", "2s", "--max-attempts", "1"});
  await_ready();
  ok({"update", "task", "--watchdog", "1h"});
  EXPECT_EQ(json({"show", "task"}).at("watchdogMs"), 3'600'000);
  EXPECT_EQ(wm({"wait", "task"}).status, 1);
  EXPECT_EQ(text(json({"history", "task"}).at(0), "reason"),
            "nothing was heard for 2s, attempt 1 of 1 was the last");
}

TEST_F(Watchdog, IsSaidInAnyCommandAndFileAndHasBounds) {
  ok({"register-periodic", "often", "--every", "1h", "--initial-delay", "1h", "--watchdog", "1m",
      "--", "/bin/true"});
  EXPECT_EQ(json({"list"}).at(0).at("watchdogMs"), 60'000);
  EXPECT_NE(ok({"export"}).find("watchdog = \"1m\"\n"), std::string::npos);
  ok({"update", "often", "--watchdog", "0s"});
  EXPECT_FALSE(json({"show", "often"}).as_object().contains("watchdogMs"));
  fails(2, "a watchdog is 0s (none), or 100ms or more",
        {"register-oneoff", "a", "--watchdog", "99ms", "--", "/bin/true"});
  fails(6, "this is not a run", {"alive"});
}

class WatchdogOfOthers : public OtherUsers {};

TEST_F(WatchdogOfOthers, NobodyElseKeepsARunAlive) {
  const auto connect_as_nobody = [&] {
    EXPECT_EQ(::seteuid(65534), 0);  // SO_PEERCRED reports the user at the time of the connection.
    RawConnection connection(daemon_.socket());
    EXPECT_EQ(::seteuid(0), 0);
    return connection;
  };
  EXPECT_EQ(daemon_
                .wm({"register-oneoff", "task", "--watchdog", "2s", "--max-attempts", "1",
                     "--stop-grace", "0s", "--", "/bin/sleep", "1000"})
                .status,
            0);
  const json::object running =
      RawConnection(daemon_.socket())
          .call("io.wm.Scheduler.Wait", {{"uniqueName", "task"}, {"state", "running"}});
  const json::value id = running.at("parameters").at("work").at("id");
  std::atomic<bool> over = false;
  std::jthread stranger([&, connection = connect_as_nobody()]() mutable {
    while (!over) {
      const auto call = [&](const char* method, json::object parameters) {
        return connection.call(std::string("io.wm.Scheduler.") + method, std::move(parameters));
      };
      const json::object names{{"uniqueNames", {"task"}}};
      EXPECT_EQ(call("KeepAlive", names).at("parameters").at("notRunning").as_array().size(), 1U);
      EXPECT_EQ(call("KeepAlive", {{"uniqueNames", {"task"}}, {"owner", 0}}).at("error"),
                "io.wm.Scheduler.NotPermitted");
      const json::object answer = call("SayAlive", {{"id", id}});
      if (answer.at("error") == "io.wm.Scheduler.Refused") break;  // It is over.
      EXPECT_EQ(answer.at("error"), "io.wm.Scheduler.NotPermitted");
    }
  });
  EXPECT_EQ(daemon_.wm({"wait", "task"}).status, 1);
  over = true;
  EXPECT_EQ(text(daemon_.json({"show", "task"}), "stopReason"), "watchdog");
}

}  // namespace
}  // namespace wm
