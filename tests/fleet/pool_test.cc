// An agent behind PgBouncer in transaction mode, where a session's LISTEN means nothing.
#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/fleet/test_fleet.h"

namespace wm::fleet {
namespace {

TEST(FleetPool, AnAgentBehindAPoolAsksInsteadOfListening) {
  if (!TestDatabase::is_installed()) GTEST_SKIP() << "PostgreSQL is not installed";
  if (!TestPool::is_installed()) GTEST_SKIP() << "PgBouncer is not installed";
  TestDatabase fleet;
  TestNode node(fleet, "a");
  const TestPool pool(fleet);
  node.use_database(pool.address());
  const Output added = fleet.wm_fleet({"register-oneoff", "pooled", "--", "true"});
  ASSERT_EQ(added.status, 0) << added.err;
  node.start();
  EXPECT_EQ(fleet.wm_fleet({"wait", "pooled", "--timeout", "60s"}).status, 0);
  EXPECT_EQ(fleet.value("select count(*) from pg_stat_activity where query like 'listen%'"), "0");
}

}  // namespace
}  // namespace wm::fleet
