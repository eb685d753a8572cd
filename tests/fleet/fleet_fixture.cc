#include "tests/fleet/fleet_fixture.h"

#include <fstream>
#include <sstream>

namespace wm::fleet {

namespace json = boost::json;

void FleetTest::SetUp() {
  if (!TestDatabase::is_installed()) GTEST_SKIP() << "PostgreSQL is not installed";
  fleet_.emplace();
  watch_changes();
}

void FleetTest::watch_changes() {
  changes_.watch_files(fleet_->path());
  changes_.watch_rows(fleet_->address() + " user=admin");
}

TestNode& FleetTest::enroll_node(const std::string& name, const std::vector<std::string>& labels,
                                 const std::string& more) {
  nodes_.push_back(std::make_unique<TestNode>(*fleet_, name, labels, more));
  changes_.watch_files(nodes_.back()->daemon().path());
  return *nodes_.back();
}

TestNode& FleetTest::add_node(const std::string& name, const std::vector<std::string>& labels,
                              const std::string& more) {
  TestNode& node = enroll_node(name, labels, more);
  node.start();
  return node;
}

NodeCaller FleetTest::caller(const std::string& name,
                             const std::vector<std::string>& labels) const {
  NodeCaller node(fleet_->enroll(name, labels));
  node.call("hello", {{"version", "test"}, {"labels", json::object{}}});
  return node;
}

void FleetTest::add(std::vector<std::string> options, std::vector<std::string> command) const {
  std::vector<std::string> arguments{"register-oneoff"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), command.begin(), command.end());
  const Output done = fleet_->wm_fleet(arguments);
  ASSERT_EQ(done.status, 0) << done.err;
}

int FleetTest::wait(const std::string& name) {
  becomes(
      "select wm.state_of(w) in ('succeeded', 'failed', 'cancelled') from wm.work w where "
      "w.name = '" +
          name + "'",
      "t");
  return fleet_->wm_fleet({"wait", name, "--timeout", "1ms"}).status;
}

bool FleetTest::becomes(const std::function<bool()>& question, std::chrono::seconds limit) {
  return changes_.until(
      [&] {
        if (!changes_.watches_rows() && fleet_->runs()) {
          changes_.watch_rows(fleet_->address() + " user=admin");
        }
        return question();
      },
      limit);
}

bool FleetTest::becomes(const std::string& sql, const std::string& wanted,
                        std::chrono::seconds limit) {
  return becomes([&] { return fleet_->value(sql) == wanted; }, limit);
}

std::string FleetTest::runs() {
  return fleet_->value(
      "select string_agg(concat_ws(' ', n.name, r.fence, r.outcome, r.void), ', ' order by "
      "r.started_at) from wm.run r join wm.node n using (node_id)");
}

std::string FleetTest::text_in(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(file(name)).rdbuf();
  return text.str();
}

json::object FleetTest::end_of(const json::object& claim, int state) {
  return {{"piece", claim.at("piece")},
          {"fence", claim.at("fence")},
          {"state", state},
          {"due", "2026-01-01T00:00:00.000Z"},
          {"since", "2026-01-01T00:00:00.000Z"},
          {"timing", 0},
          {"attempts", 1},
          {"periods", 0}};
}

json::object FleetTest::run_of(const json::object& claim, int run) {
  return {{"name", claim.at("name")},
          {"run", run},
          {"attempt", 1},
          {"startedAt", "2026-01-01T00:00:00.000Z"},
          {"finishedAt", "2026-01-01T00:00:01.000Z"},
          {"outcome", "succeeded"},
          {"piece", claim.at("piece")},
          {"fence", claim.at("fence")},
          {"record", json::object{}},
          {"log", json::array{}}};
}

}  // namespace wm::fleet
