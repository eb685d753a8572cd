// Another program takes the daemon's place: runs go on, and nobody notices.
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "core/base64.h"
#include "core/version.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

class Reexec : public Commands {
 protected:
  Reexec() {
    std::filesystem::create_directory(here_);
    for (const char* pipe : {"ready", "told", "go"}) make_pipe(here_ / pipe);
  }

  std::string contents(const std::string& name) const {
    std::ifstream file(here_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name) const { std::ofstream(here_ / name) << "x\n"; }
  void await(const std::string& pipe) const { read_line(here_ / pipe); }
  void start(const std::string& name, const std::string& script,
             std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--cwd", here_.string()});
    shell(name, script, std::move(options));
  }
  void reexec() {
    EXPECT_EQ(ok({"daemon", "reexec"}), "wmd " + std::string(kVersion) + " has taken over, pid " +
                                            std::to_string(daemon_.pid()) + '\n');
  }

  std::filesystem::path here_ = daemon_.path() / "here";
};

TEST_F(Reexec, KeepsChildrenTheirOutputAndTheirEnd) {
  start("task", std::string(WM_PROGRAM) +
                    " progress 40; echo before; echo >ready; read x <go;"
                    "echo after; kill -9 $$");
  await("ready");
  reexec();
  reexec();
  const json::object work = json({"show", "task"}).as_object();
  EXPECT_EQ(text(work, "state"), "running");
  EXPECT_EQ(work.at("progress").at("percent"), 40);
  write("go");
  EXPECT_EQ(wm({"wait", "task"}).status, 1);
  EXPECT_EQ(ok({"logs", "task"}), "before\nafter\n");
  const json::value history = json({"history"});
  ASSERT_EQ(history.as_array().size(), 1U);
  EXPECT_EQ(history.at(0).at("signal"), 9);
  EXPECT_EQ(json({"status"}).at("pid"), daemon_.pid());
}

TEST_F(Reexec, KeepsThoseWhoWaitFollowAndWatch) {
  start("task", "echo one; echo >ready; read x <go; echo two");
  await("ready");
  RawConnection waiting(daemon_.socket());
  waiting.call_for_more("io.wm.Scheduler.Wait", {{"uniqueName", "task"}});
  waiting.next();
  RawConnection watching(daemon_.socket());
  watching.call_for_more("io.wm.Scheduler.Watch");
  watching.next();
  RawConnection following(daemon_.socket());
  following.call_for_more("io.wm.Scheduler.Logs", {{"uniqueName", "task"}, {"follow", true}});
  std::string followed;
  const auto follow = [&](std::size_t length) {
    while (followed.size() < length) {
      const json::object page = following.next();
      for (const json::value& part : page.at("parts").as_array()) {
        followed += decode_base64(text(part, "data"));
      }
    }
  };
  follow(4);
  reexec();
  reexec();
  write("go");
  json::object end;
  while (!end.contains("work")) end = waiting.next();
  EXPECT_EQ(text(end.at("work"), "state"), "succeeded");
  json::object page;
  while (!page.contains("events") || page.at("events").as_array().empty()) page = watching.next();
  EXPECT_EQ(text(page.at("events").at(0), "event"), "completed");
  follow(8);
  EXPECT_EQ(followed, "one\ntwo\n");
}

TEST_F(Reexec, LeavesARunItsGraceAndItsPlace) {
  start(
      "task",
      "exec 3<>go; trap 'echo >told' TERM; echo >ready; until read x <&3; do :; done; echo >ended",
      {"--stop-grace", "1h"});
  await("ready");
  ok({"register-oneoff", "task", "--existing", "replace", "--cwd", here_.string(), "--", "/bin/sh",
      "-c", "[ -e ended ] || echo >overlaps"});
  await("told");
  reexec();
  EXPECT_EQ(contents("overlaps"), "");
  write("go");
  ok({"wait", "task"});
  EXPECT_EQ(contents("overlaps"), "") << "what replaces it has not waited for its end";
  reexec();
  start("slow", "trap '' TERM; echo >ready; exec sleep 1000", {"--stop-grace", "1s"});
  await("ready");
  ok({"cancel", "slow"});
  reexec();
  wm({"wait", "slow"});
  EXPECT_EQ(text(json({"show", "slow"}), "state"), "cancelled") << "its grace had an end";
}

TEST_F(Reexec, StopsNoRunForWhatIsNotMeasuredYet) {
  ok({"conditions", "override", "network=unmetered", "charging=yes", "idle=yes"});
  start("task", "echo >ready; read x <go",
        {"--network", "unmetered", "--charging", "--idle", "--storage-not-low", "--max-attempts",
         "1"});
  await("ready");
  reexec();
  EXPECT_EQ(json({"check", "--network", "unmetered"}).at("holds"), true) << "still pretended";
  write("go");
  ok({"wait", "task"});
  EXPECT_EQ(json({"history"}).as_array().size(), 1U);
}

TEST_F(Reexec, IsRefusedWhereTheConfigurationIsWrongAndEverythingGoesOn) {
  start("task", "echo >ready; read x <go");
  await("ready");
  daemon_.configure("[moon]\n");
  const Output refused = wm({"daemon", "reexec"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("wmd.toml:1:2: unknown key"), std::string::npos) << refused.err;
  write("go");
  ok({"wait", "task"});
}

TEST_F(Reexec, ThatFailsLeavesEverythingAsItWas) {
  daemon_.stop();
  const std::string program = (daemon_.path() / "wmd").string();
  std::filesystem::copy_file(WMD_PROGRAM, program);
  daemon_.set_program(program);
  daemon_.start();
  start("task", "echo one; echo >ready; read x <go; echo two; exit 64");
  await("ready");
  RawConnection waiting(daemon_.socket());
  waiting.call_for_more("io.wm.Scheduler.Wait", {{"uniqueName", "task"}});
  waiting.next();
  // The program accepts the configuration, and then it is gone.
  std::filesystem::remove(program);
  std::ofstream(program) << "#!/bin/sh\nrm \"$0\"\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_NE(wm({"daemon", "reexec"}).status, 0);
  write("go");
  json::object end;
  while (!end.contains("work")) end = waiting.next();
  EXPECT_EQ(text(end.at("work"), "state"), "failed");
  EXPECT_EQ(ok({"logs", "task"}), "one\ntwo\n");
  start("more", "true");
  ok({"wait", "more"});
}

// Registrations go on all the while, and each job runs once: nothing is lost or interrupted.
TEST_F(Reexec, UnderLoadLosesNothingAndRepeatsNothing) {
  constexpr int kRegistrars = 4;
  constexpr int kTimes = 20;
  std::atomic<bool> enough = false;
  std::atomic<int> registered = 0;
  std::array<int, kRegistrars> counts{};
  std::vector<std::jthread> clients;
  for (int client = 0; client < kRegistrars; ++client) {
    clients.emplace_back([&, client] {
      RawConnection connection(daemon_.socket());
      for (int i = 0; !enough; ++i) {
        const json::object work{{"uniqueName", std::to_string(client) + '-' + std::to_string(i)},
                                {"command", {"/bin/sh", "-c", "echo $WM_UNIQUE_NAME >>ran"}},
                                {"cwd", here_.string()}};
        EXPECT_TRUE(
            connection.call("io.wm.Scheduler.Register", {{"work", work}}).contains("parameters"));
        counts.at(static_cast<std::size_t>(client)) = i + 1;
        ++registered;
        registered.notify_all();
      }
    });
  }
  for (int i = 0; i < kTimes; ++i) {
    const int wanted = registered + 10;
    daemon_.signal(SIGUSR2);
    reexec();
    for (int now = registered; now < wanted; now = registered) registered.wait(now);
  }
  enough = true;
  clients.clear();
  RawConnection connection(daemon_.socket());
  for (int client = 0; client < kRegistrars; ++client) {
    for (int i = 0; i < counts.at(static_cast<std::size_t>(client)); ++i) {
      const std::string name = std::to_string(client) + '-' + std::to_string(i);
      connection.call("io.wm.Scheduler.Wait", {{"uniqueName", name}});
    }
  }
  const std::string ran = contents("ran");
  EXPECT_EQ(std::ranges::count(ran, '\n'), registered);
  const json::value history = json({"history"});
  EXPECT_EQ(history.as_array().size(), static_cast<std::size_t>(registered));
  for (const json::value& run : history.as_array()) {
    EXPECT_EQ(run.at("outcome"), "succeeded") << run;
  }
}

}  // namespace
}  // namespace wm
