// Many nodes, many jobs, and everything fails that can: agents, daemons, the database, the network.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "core/text.h"
#include "tests/fleet/test_fleet.h"
#include "tests/fleet/test_network.h"

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
  }

  std::filesystem::path directory(const std::string& name) const {
    std::filesystem::create_directory(fleet_->path() / name);
    return fleet_->path() / name;
  }

  // Each run takes the lock of its job, and fails for good if another one has it. At its end it
  // writes down its claim.
  void declare(int jobs) {
    const std::filesystem::path file = fleet_->path() / "work.toml";
    std::ofstream out(file);
    for (int i = 0; i < jobs; ++i) {
      const std::string name = "job" + std::to_string(i);
      out << "[[work]]\nname = \"" << name << "\"\nlease = \"4s\"\nhold = \"2s\"\ncommand = ["
          << R"("flock", "--nonblock", "--no-fork", "--conflict-exit-code", "64", ")"
          << (directory("locks") / name).string() << R"(", "sh", "-c", "sleep 0.0)" << i % 5
          << "; echo $FLEET_NODE $FLEET_FENCE >> " << (directory("ends") / name).string()
          << "\"]\n";
    }
    out.close();
    const Output applied = fleet_->wm_fleet({"apply", file});
    ASSERT_EQ(applied.status, 0) << applied.err;
  }

  // Every second node reaches the database over the network of its site.
  void start_nodes(int nodes) {
    constexpr int kSites = 4;
    for (int i = 0; i < kSites; ++i) sites_.push_back(std::make_unique<TestNetwork>(*fleet_));
    heals_.resize(kSites);
    for (int i = 0; i < nodes; ++i) {
      nodes_.push_back(std::make_unique<TestNode>(*fleet_, "n" + std::to_string(i),
                                                  std::vector<std::string>{}, "slots = 4\n"));
      const auto site = static_cast<std::size_t>(i / 2 % kSites);
      if (i % 2 == 0) nodes_.back()->use_database(sites_[site]->address());
      nodes_.back()->start();
    }
  }

  // A server process stands still for longer than an agent waits. A thread lets it go on, because
  // it may have stopped with a lock that we need.
  void stop_process(const std::string& node) {
    const auto pid = parse_number<pid_t>(fleet_->value(
        "select min(pid) from pg_stat_activity where usename = 'wm_node_" + node + "'"));
    if (!pid || ::kill(*pid, SIGSTOP) != 0) return;
    stalls_.emplace_back([process = *pid] {
      std::this_thread::sleep_for(std::chrono::seconds(12));
      ::kill(process, SIGCONT);
    });
  }

  // The network of a site fails in one of the ways in which networks do, for up to 14 seconds.
  void partition(int turn) {
    constexpr int kLongest = 70;
    const std::size_t at = random_() % sites_.size();
    if (heals_[at] != 0) return;
    heals_[at] = turn + 1 + static_cast<int>(random_() % kLongest);
    switch (random_() % 4) {
      case 0:
        sites_[at]->stall(TestNetwork::Way::to_database);
        break;
      case 1:
        sites_[at]->stall(TestNetwork::Way::to_node);
        break;
      case 2:
        sites_[at]->stall();
        break;
      default:
        sites_[at]->cut();
        break;
    }
  }

  void heal(int turn) {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      if (heals_[i] == 0 || heals_[i] > turn) continue;
      heals_[i] = 0;
      sites_[i]->go_on();
    }
  }

  void strike(int turn) {
    TestNode& node = *nodes_[random_() % nodes_.size()];
    switch (random_() % 10) {
      case 0:  // The machine loses power, and comes back.
        node.kill();
        node.start();
        break;
      case 1:  // It stands still for longer than a lease.
        node.signal_agent(SIGSTOP);
        still_.push_back(&node);
        break;
      case 2:
        wake_nodes();
        break;
      case 3:
        stop_process(node.name());
        break;
      case 4:
      case 5:
        partition(turn);
        break;
      default:
        node.kill_agent();
        node.start_agent();
        break;
    }
  }

  void wake_nodes() {
    for (TestNode* one : std::exchange(still_, {})) one->signal_agent(SIGCONT);
  }

  void calm_down() {
    wake_nodes();
    heal(std::numeric_limits<int>::max());
  }

  std::string open_pieces() {
    return fleet_->value("select count(*) from wm.piece where state = 0");
  }

  // Strikes until all is done, but leaves the end in peace.
  void storm(int jobs) {
    using std::chrono::steady_clock;
    const auto began = steady_clock::now();
    for (int turn = 1; open_pieces() != "0"; ++turn) {
      const auto took = steady_clock::now() - began;
      ASSERT_LT(took, std::chrono::minutes(4)) << open_pieces() << " are left";
      if (turn % 20 == 0) {
        fleet_->stop(true);
        fleet_->start();
      } else if (took < std::chrono::seconds(15 + jobs / 250)) {
        heal(turn);
        strike(turn);
      } else {
        calm_down();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    calm_down();
  }

  std::optional<TestDatabase> fleet_;
  std::vector<std::unique_ptr<TestNetwork>> sites_;
  std::vector<int> heals_;  // The turn in which that site's network goes on; 0: it is well.
  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::vector<TestNode*> still_;
  std::vector<std::jthread> stalls_;  // Joined before the server ends.
  std::mt19937 random_{20};
};

TEST_F(FleetChaos, EachJobIsDoneAndNeverTwiceAtOnce) {
  const int jobs = number_from("WM_CHAOS_JOBS", kJobs);
  declare(jobs);
  start_nodes(number_from("WM_CHAOS_NODES", kNodes));
  storm(jobs);
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where state <> 1"), "0") << fleet_->value(
      "select string_agg(record::text, ' ') from (select record from wm.run where "
      "outcome = 'failed' limit 3) r");
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where until is not null"), "0");
  // One result for each, from whoever had the last claim.
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece p where (select count(*) from wm.run r "
                          "where r.piece_id = p.piece_id and r.outcome = 'succeeded' and not "
                          "r.void and r.fence = p.fence and r.node_id = p.ended_by) <> 1"),
            "0");
  EXPECT_EQ(fleet_->value("select count(*) from wm.run where outcome = 'succeeded' and not void"),
            std::to_string(jobs));
  // What was reported to have succeeded was there, under that claim.
  const json::value succeeded = json::parse(fleet_->value(
      "select jsonb_agg(jsonb_build_array(w.name, n.name || ' ' || r.fence)) from wm.run r join "
      "wm.work w using (work_id) join wm.node n using (node_id) where outcome = 'succeeded'"));
  for (const json::value& run : succeeded.as_array()) {
    std::ifstream ends(directory("ends") / run.at(0).as_string().c_str());
    std::string line;
    bool found = false;
    while (!found && std::getline(ends, line)) found = line == run.at(1).as_string();
    EXPECT_TRUE(found) << run;
  }
  // Nothing is left to stop, and to ask each daemon for its end takes long.
  for (const auto& node : nodes_) node->kill();
}

}  // namespace
}  // namespace wm::fleet
