// kill -9 of the daemon, again and again, under load: nothing acknowledged is lost, and no two runs
// of one job overlap.
#include <atomic>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/programs.h"

namespace wm {
namespace {

namespace json = boost::json;

constexpr int kCrashes = 34;
constexpr int kClients = 4;
constexpr const char* kRegister = "io.wm.Scheduler.Register";

class Crash : public testing::Test {
 protected:
  Crash() {
    // A run holds a lock that dies with it and with everything that it started.
    std::ofstream(task_) << "#!/bin/sh\n"
                            "cd \"" +
                                daemon_.path().string() +
                                "/work\"\n"
                                "exec 9>>\"$WM_UNIQUE_NAME.lock\"\n"
                                "flock -n 9 || echo \"$WM_UNIQUE_NAME\" >>overlaps\n"
                                "echo \"$WM_UNIQUE_NAME\" >>ran\n"
                                "case $WM_UNIQUE_NAME in *[02468]) sleep 0.02 ;; esac\n";
    std::filesystem::permissions(task_, std::filesystem::perms::owner_all);
    std::filesystem::create_directory(daemon_.path() / "work");
  }

  json::object work(const std::string& name, json::object more = {}) {
    more["uniqueName"] = name;
    more["command"] = {task_.string()};
    return more;
  }

  // Registers jobs until the daemon is gone.
  void register_until_killed(int client, int round) {
    try {
      RawConnection connection(daemon_.socket());
      for (int i = 0;; ++i) {
        const std::string name =
            std::to_string(round) + "-" + std::to_string(client) + "-" + std::to_string(i);
        const json::object answer = connection.call(kRegister, {{"work", work(name)}});
        if (!answer.contains("parameters")) return;
        const std::scoped_lock lock(mutex_);
        acknowledged_.insert(name);
        ++count_;
        count_.notify_all();
      }
    } catch (const std::runtime_error&) {
      return;  // It was killed before we could connect.
    }
  }

  void await_acknowledgements(int wanted) {
    for (int now = count_; now < wanted; now = count_) count_.wait(now);
  }

  std::multiset<std::string> lines_of(const char* file) {
    std::ifstream stream(daemon_.path() / "work" / file);
    std::multiset<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.insert(line);
    return lines;
  }

  TestDaemon daemon_{std::string(TestDaemon::kConfiguration) +
                     "[run]\nmax_parallel = 8\n[history]\nmax_runs = 1000000\n"};
  std::filesystem::path task_ = daemon_.path() / "task";
  std::mutex mutex_;
  std::set<std::string> acknowledged_;
  std::atomic<int> count_ = 0;
};

// In each round another program takes over twice, under load; then the daemon is killed.
TEST_F(Crash, LosesNothingAndOverlapsNothing) {
  std::mt19937 random(42);
  daemon_.start();
  for (const char* name : {"periodic-0", "periodic-2", "periodic-3"}) {
    RawConnection(daemon_.socket())
        .call(kRegister, {{"work", work(name, {{"kind", "periodic"}, {"everyMs", 10}})}});
    acknowledged_.insert(name);
  }
  const auto some_more = [&] {
    await_acknowledgements(count_ + std::uniform_int_distribution(1, 30)(random));
  };
  for (int round = 0; round < kCrashes; ++round) {
    std::vector<std::jthread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([this, client, round] { register_until_killed(client, round); });
    }
    some_more();
    for (int i = 0; i < 2; ++i) {
      const json::object answer = RawConnection(daemon_.socket()).call("io.wm.Scheduler.Reexec");
      ASSERT_TRUE(answer.contains("parameters")) << answer;
      some_more();
    }
    daemon_.kill();
    clients.clear();
    daemon_.start();
  }

  RawConnection connection(daemon_.socket());
  for (const std::string& name : acknowledged_) {
    if (name.starts_with("periodic")) continue;
    const json::object answer = connection.call("io.wm.Scheduler.Wait", {{"uniqueName", name}});
    ASSERT_TRUE(answer.contains("parameters")) << name << " is lost";
    EXPECT_EQ(answer.at("parameters").at("work").at("state"), "succeeded");
  }
  EXPECT_EQ(lines_of("overlaps").size(), 0U);
  daemon_.wm({"cancel", "--all"});
  for (const char* name : {"periodic-0", "periodic-2", "periodic-3"}) daemon_.wm({"wait", name});

  const std::multiset<std::string> ran = lines_of("ran");
  std::map<std::string, std::size_t> recorded;
  const json::value history = daemon_.json({"history"});
  for (const json::value& run : history.as_array()) {
    ++recorded[std::string(run.at("uniqueName").as_string())];
  }
  std::size_t repeated = 0;
  for (const std::string& name : acknowledged_) {
    EXPECT_GE(ran.count(name), 1U) << name << " never ran";
    EXPECT_LE(ran.count(name), recorded[name]) << name << " ran without a record";
    if (ran.count(name) > 1 && !name.starts_with("periodic")) ++repeated;
  }
  RecordProperty("acknowledged", static_cast<int>(acknowledged_.size()));
  RecordProperty("cut_short_and_repeated", static_cast<int>(repeated));
  EXPECT_GT(repeated, 0U) << "no crash has cut a run short: nothing was tried";
}

}  // namespace
}  // namespace wm
