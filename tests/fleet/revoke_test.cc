// A node that is revoked is out, whatever it has left behind or still does.
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "tests/fleet/fleet_fixture.h"

namespace wm::fleet {
namespace {

class FleetRevoke : public FleetTest {
 protected:
  // A node's own connection, to that database of the server.
  NodeCaller node_in(const std::string& database) {
    std::string conninfo = conninfo_;
    const std::string_view usual = "dbname=postgres";
    conninfo.replace(conninfo.find(usual), usual.size(), "dbname=" + database);
    return NodeCaller(conninfo);
  }

  void SetUp() override {
    FleetTest::SetUp();
    if (!IsSkipped()) conninfo_ = fleet_->enroll("a");
  }

  std::string role_is() {
    return fleet_->value(
        "select concat_ws(' ', rolcanlogin, pg_has_role(oid, 'wm_node', 'member')) from pg_roles "
        "where rolname = 'wm_node_a'");
  }

  std::string conninfo_;
};

TEST_F(FleetRevoke, ARoleThatOwnsSomethingElsewhereStaysWithoutLoginAndIsTakenAgain) {
  fleet_->value("create database other");
  ASSERT_EQ(node_in("other").error_of("select lo_create(0)"), "");

  const Output revoked = fleet_->wm_fleet({"revoke", "a"});
  EXPECT_EQ(revoked.status, 0);
  EXPECT_EQ(revoked.err,
            "wm-fleet: the role wm_node_a stays, without login: it owns something in the database "
            "other: there, DROP OWNED BY \"wm_node_a\", then DROP ROLE \"wm_node_a\"\n");
  EXPECT_EQ(role_is(), "f f");
  EXPECT_EQ(fleet_->wm_fleet({"revoke", "a"}).status, 3);

  NodeCaller again(fleet_->enroll("a"));
  EXPECT_EQ(text_of(again.call("hello", {}), "node"), "a");
  EXPECT_EQ(text_of(fleet_->json({"revoke", "a"}).as_object(), "roleLeft"), "wm_node_a");
}

TEST_F(FleetRevoke, AnOpenTransactionOfTheNodeHoldsNothingUp) {
  NodeCaller node(conninfo_);
  ASSERT_EQ(node.error_of("begin; select wm.hello('{\"labels\": {\"x\": \"y\"}}');"
                          "alter role current_user password 'mine'"),
            "");
  const Output revoked = fleet_->wm_fleet({"revoke", "a"});
  EXPECT_EQ(revoked.status, 0) << revoked.err;
  EXPECT_EQ(role_is(), "");
  EXPECT_NE(node.error_of("select 1"), "");
}

TEST_F(FleetRevoke, WhatANodeLocksIsNamedWithItsWayOut) {
  NodeCaller node(conninfo_);
  ASSERT_EQ(node.error_of("begin; select wm.hello(jsonb_build_object('labels', jsonb_build_object("
                          "'x', 'y'))), pg_advisory_lock(hashtext('wm-fleet migration'))"),
            "");
  const auto refused = [&](const std::vector<std::string>& arguments) {
    const Output output = fleet_->wm_fleet(arguments);
    EXPECT_EQ(output.status, 6);
    EXPECT_EQ(output.err,
              "wm-fleet: another session holds a lock that this needs: node a has, which wm-fleet "
              "revoke ends\n");
  };
  std::jthread migration([&] { refused({"migrate"}); });
  refused({"label", "a", "site=berlin"});
  migration.join();

  EXPECT_EQ(fleet_->wm_fleet({"revoke", "a"}).status, 0);
  EXPECT_EQ(fleet_->wm_fleet({"migrate"}).status, 0);
}

TEST_F(FleetRevoke, ANodeHasFewSessionsAndLosesThoseThatNobodyHears) {
  std::vector<NodeCaller> sessions;
  for (int i = 0; i < 4; ++i) sessions.emplace_back(conninfo_);
  EXPECT_THROW(NodeCaller{conninfo_}, std::runtime_error);
  EXPECT_EQ(fleet_->value("select array_to_string(rolconfig, ' ') from pg_roles where rolname = "
                          "'wm_node_a'"),
            "tcp_keepalives_idle=15 tcp_keepalives_interval=5 tcp_keepalives_count=3");
}

TEST_F(FleetRevoke, AnAdministratorWithFewRightsCanRevoke) {
  fleet_->value(
      "create role few login createrole; grant pg_signal_backend to few;"
      // Since PostgreSQL 16 that is no power over roles that others have made.
      "grant wm_node, wm_node_a to few with admin option;"
      "grant usage on schema wm to few; grant all on all tables in schema wm to few;"
      "grant execute on all functions in schema wm to few");
  NodeCaller node(conninfo_);
  ASSERT_EQ(node.error_of("select lo_create(0)"), "");
  std::ofstream(fleet_->path() / "data/pg_hba.conf")
      << "local all admin,few trust\nlocal all all scram-sha-256\n";
  fleet_->value("select pg_reload_conf()");

  const Output revoked =
      run_program({WM_FLEET_PROGRAM, "--database", fleet_->address() + " user=few", "revoke", "a"});
  EXPECT_EQ(revoked.status, 0) << revoked.err;
  EXPECT_EQ(revoked.err, "");
  EXPECT_EQ(role_is(), "");
}

}  // namespace
}  // namespace wm::fleet
