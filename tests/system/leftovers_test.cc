// Leftovers of a kill -9 are gone from the disk after the next start.
#include <atomic>
#include <set>
#include <thread>

#include "tests/system/commands.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

class Leftover : public testing::Test {
 protected:
  // Returns what the doctor says once everything has been looked at.
  std::string swept() {
    for (;;) {
      const json::value document = json::parse(daemon_.wm({"--json", "doctor"}).out);
      for (const json::value& one : document.at("findings").as_array()) {
        const std::string found = text(one, "text");
        if (text(one, "check") != "leftovers") continue;
        if (found.find("the search goes on") == std::string::npos) return found;
      }
    }
  }

  void plant(const char* path) const { std::ofstream(state_ / path) << "left over"; }

  std::set<std::string> names_in(const char* folder) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(state_ / folder)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  TestDaemon daemon_{std::string(TestDaemon::kConfiguration) + "[run]\nmax_parallel = 4\n"};
  fs::path state_ = daemon_.path() / "state";
};

TEST_F(Leftover, FilesWithoutARecordAreRemovedAndCounted) {
  daemon_.start();
  daemon_.wm({"register-oneoff", "kept", "--", "/bin/sh", "-c",
              "echo printed; echo note >\"$WM_STATE_DIR/note\""});
  daemon_.wm({"wait", "kept"});
  daemon_.kill();
  const std::set<std::string> logs = names_in("logs");
  const std::set<std::string> directories = names_in("work");
  for (const char* path : {"logs/1.77", "logs/999.1", "logs/999.1.old", "logs/gone-5.5",
                           "outputs/0b51bd77-33a1-4ba9-b3a5-0a0e2f4f9e9c"}) {
    plant(path);
  }
  for (const char* path : {"logs/README", "logs/1.1.copy"}) plant(path);
  ASSERT_EQ(directories.size(), 1U);
  fs::create_directories(state_ / "work/999/deep/down");
  plant("work/999/deep/file");
  fs::create_directory(state_ / "work/lost+found");

  daemon_.start();
  EXPECT_EQ(swept(),
            "4 logs, 1 output and 1 state directory without a record at the start: "
            "removed");

  std::set<std::string> kept = logs;
  kept.insert({"README", "1.1.copy"});
  EXPECT_EQ(names_in("logs"), kept) << "what is not ours stays";
  kept = directories;
  kept.insert("lost+found");
  EXPECT_EQ(names_in("work"), kept);
  EXPECT_TRUE(names_in("outputs").empty());
  EXPECT_EQ(daemon_.wm({"logs", "kept"}).out, "printed\n");

  daemon_.stop();
  daemon_.start();
  EXPECT_TRUE(swept().starts_with("none at the start")) << swept();
}

// These jobs are forgotten as soon as they have ended: their logs go right after the commit, and
// kill -9 comes in between.
TEST_F(Leftover, KillsUnderLoadLeaveNoLogOfAForgottenRun) {
  constexpr int kKills = 10;
  std::atomic<int> registered = 0;
  daemon_.start();
  for (int round = 0; round < kKills; ++round) {
    std::jthread client([&] {
      RawConnection connection(daemon_.socket());
      for (int i = 0;; ++i) {
        const std::string name = std::to_string(round) + "-" + std::to_string(i);
        const json::object work{
            {"uniqueName", name}, {"command", {"/bin/echo", "printed"}}, {"keepResultsMs", 0}};
        if (connection.call("io.wm.Scheduler.Register", {{"work", work}}).empty()) return;
        ++registered;
        registered.notify_all();
      }
    });
    const int wanted = registered + 40;
    for (int now = registered; now < wanted; now = registered) registered.wait(now);
    daemon_.kill();
    client.join();
    daemon_.start();
  }
  while (json::parse(daemon_.wm({"--json", "list", "--all"}).out) != json::array()) {
  }
  swept();
  daemon_.stop();
  EXPECT_EQ(names_in("logs"), std::set<std::string>());
  EXPECT_EQ(names_in("outputs"), std::set<std::string>());
}

}  // namespace
}  // namespace wm
