// What most tests of a fleet need: a database, nodes of both kinds, work, and events to wait for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/fleet/changes.h"
#include "tests/fleet/test_fleet.h"

namespace wm::fleet {

class FleetTest : public testing::Test {
 protected:
  void SetUp() override;
  /// For becomes(). A fleet must be in the database; SetUp() does it where it makes one.
  void watch_changes();

  /// A machine with a daemon and an agent.
  TestNode& add_node(const std::string& name, const std::vector<std::string>& labels = {},
                     const std::string& more = "");
  /// The same, not started yet.
  TestNode& enroll_node(const std::string& name, const std::vector<std::string>& labels = {},
                        const std::string& more = "");
  /// A node that is a program of the test's own, and has said hello.
  NodeCaller caller(const std::string& name, const std::vector<std::string>& labels = {}) const;

  /// Registers a one-off job.
  void add(std::vector<std::string> options,
           std::vector<std::string> command = {"/bin/true"}) const;
  /// The exit status of `wm-fleet wait` at the work's end.
  int wait(const std::string& name);

  /// Asks until it is so, once more whenever a row or a node's word has changed, or a file has come
  /// into the database's directory.
  bool becomes(const std::function<bool()>& question,
               std::chrono::seconds limit = std::chrono::minutes(1));
  bool becomes(const std::string& sql, const std::string& wanted,
               std::chrono::seconds limit = std::chrono::minutes(1));

  /// The end of a claim, and its run, as an agent would report it.
  static boost::json::object end_of(const boost::json::object& claim, int state);
  static boost::json::object run_of(const boost::json::object& claim, int run);
  /// All that was reported: the node, the fence, the outcome, and whether it is void; by time.
  std::string runs();
  /// A file beside the database, and what is in it.
  std::string file(const std::string& name) const { return (fleet_->path() / name).string(); }
  std::string text_in(const std::string& name) const;

  std::optional<TestDatabase> fleet_;
  std::vector<std::unique_ptr<TestNode>> nodes_;

 private:
  Changes changes_;
};

}  // namespace wm::fleet
