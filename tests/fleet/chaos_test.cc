// Many nodes, many jobs, and everything that can end at once does: agents, daemons, the database.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "core/text.h"
#include "tests/fleet/test_fleet.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

// A sanitizer's programs are slow and large: a smaller storm finds what they look for.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kJobs = 1000;
constexpr int kNodes = 10;
#else
constexpr int kJobs = 10'000;
constexpr int kNodes = 50;
#endif

int number_from(const char* variable, int usual) {
  const char* const said = std::getenv(variable);
  return parse_number<int>(said ? said : "").value_or(usual);
}

class FleetChaos : public testing::Test {
 protected:
  void SetUp() override {
    if (!TestDatabase::is_installed()) GTEST_SKIP() << "PostgreSQL is not installed";
    fleet_.emplace();
    fleet_->configure("max_connections = 300\n");
  }

  // Each run takes the lock of its job, and fails for good if another one has it.
  void declare(int jobs) {
    const std::filesystem::path locks = fleet_->path() / "locks";
    std::filesystem::create_directory(locks);
    const std::filesystem::path file = fleet_->path() / "work.toml";
    std::ofstream out(file);
    for (int i = 0; i < jobs; ++i) {
      const std::string name = "job" + std::to_string(i);
      out << "[[work]]\nname = \"" << name << "\"\nlease = \"4s\"\nhold = \"2s\"\ncommand = ["
          << R"("flock", "--nonblock", "--no-fork", "--conflict-exit-code", "64", ")"
          << (locks / name).string() << "\", \"sleep\", \"0.0" << i % 5 << "\"]\n";
    }
    out.close();
    const Output applied = fleet_->wm_fleet({"apply", file});
    ASSERT_EQ(applied.status, 0) << applied.err;
  }

  // The way to the database stands still for longer than an agent waits, without an end: its server
  // process does. A thread lets it go on, because it may have stopped with a lock that we need.
  void stall(const std::string& node) {
    const auto pid = parse_number<pid_t>(fleet_->value(
        "select min(pid) from pg_stat_activity where usename = 'wm_node_" + node + "'"));
    if (!pid || ::kill(*pid, SIGSTOP) != 0) return;
    stalls_.emplace_back([process = *pid] {
      std::this_thread::sleep_for(std::chrono::seconds(12));
      ::kill(process, SIGCONT);
    });
  }

  void strike() {
    TestNode& node = *nodes_[random_() % nodes_.size()];
    switch (random_() % 8) {
      case 0:
      case 1:
      case 6:
      case 7:
        node.kill_agent();
        node.start_agent();
        break;
      case 2:  // The machine loses power, and comes back.
        node.kill();
        node.start();
        break;
      case 3:  // It stands still for longer than a lease.
        node.signal_agent(SIGSTOP);
        still_.push_back(&node);
        break;
      case 4:
        for (TestNode* one : std::exchange(still_, {})) one->signal_agent(SIGCONT);
        break;
      default:
        stall(node.name());
        break;
    }
  }

  std::optional<TestDatabase> fleet_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::vector<TestNode*> still_;
  std::vector<std::jthread> stalls_;  // Joined before the server ends.
  std::mt19937 random_{20};
};

TEST_F(FleetChaos, EachJobIsDoneAndNeverTwiceAtOnce) {
  using std::chrono::steady_clock;
  const int jobs = number_from("WM_CHAOS_JOBS", kJobs);
  const int nodes = number_from("WM_CHAOS_NODES", kNodes);
  declare(jobs);
  for (int i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<TestNode>(*fleet_, "n" + std::to_string(i),
                                                std::vector<std::string>{}, "slots = 4\n"));
    nodes_.back()->start();
  }
  const auto open = [&] { return fleet_->value("select count(*) from wm.piece where state = 0"); };
  const auto began = steady_clock::now();
  for (int turn = 1; open() != "0"; ++turn) {
    ASSERT_LT(steady_clock::now() - began, std::chrono::minutes(4)) << open() << " are left";
    if (turn % 20 == 0) {
      fleet_->stop(true);
      fleet_->start();
    } else if (steady_clock::now() - began < std::chrono::seconds(30 + jobs / 100)) {
      strike();
    } else {  // Let it come to an end.
      for (TestNode* one : std::exchange(still_, {})) one->signal_agent(SIGCONT);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  for (TestNode* one : std::exchange(still_, {})) one->signal_agent(SIGCONT);
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where state <> 1"), "0") << fleet_->value(
      "select string_agg(record::text, ' ') from (select record from wm.run where "
      "outcome = 'failed' limit 3) r");
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where until is not null"), "0");
  EXPECT_EQ(fleet_->value("select count(*) from (select work_id from wm.run where outcome = "
                          "'succeeded' and not void group by work_id having count(*) <> 1) r"),
            "0");
  EXPECT_EQ(fleet_->value("select count(distinct work_id) from wm.run where outcome = 'succeeded' "
                          "and not void"),
            std::to_string(jobs));
}

}  // namespace
}  // namespace wm::fleet
