// Real agents beside real daemons, with a real database.
#include <algorithm>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "tests/fleet/fleet_fixture.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

class FleetAgent : public FleetTest {
 protected:
  // Runs the job now, and returns once its run has ended.
  static void run_once(const TestNode& node, const std::string& name) {
    RawConnection events(node.daemon().socket());
    events.call_for_more("io.wm.Scheduler.Watch");
    events.next();  // From here on it tells everything.
    ASSERT_EQ(node.daemon().wm({"run", name}).status, 0);
    for (bool ended = false; !ended;) {
      const json::object reply = events.next();
      ended = std::ranges::any_of(array_of(reply, "events"), [](const json::value& event) {
        return event.as_object().contains("outcome");
      });
    }
  }
};

TEST_F(FleetAgent, AnyWorkRunsOnceAndItsOutputIsKept) {
  add_node("a");
  add_node("b");
  add({"hello"}, {"sh", "-c", "echo out; echo err >&2; echo $FLEET_NODE $FLEET_FENCE"});
  EXPECT_EQ(wait("hello"), 0);
  const json::value shown = fleet_->json({"show", "hello"});
  const json::array& runs = array_of(shown.as_object(), "runs");
  ASSERT_EQ(runs.size(), 1U);
  const std::string node = text_of(runs[0].as_object(), "node");
  EXPECT_EQ(number_of(runs[0].as_object(), "fence"), 1);
  const Output logs = fleet_->wm_fleet({"logs", "hello"});
  EXPECT_EQ(logs.out, "out\n" + node + " 1\n");
  EXPECT_EQ(logs.err, "err\n");
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where until is not null"), "0");
}

// The second run starts within the second in which the first one has ended.
TEST_F(FleetAgent, ARunIsTheEndOfItsOwnClaimAndNotOfTheNextOne) {
  add_node("a");
  add({"again"});
  EXPECT_EQ(wait("again"), 0);
  add({"again"}, {"sh", "-c", "exit 70"});
  EXPECT_EQ(wait("again"), 1) << runs();
  add({"again"});
  EXPECT_EQ(wait("again"), 0) << runs();
  EXPECT_TRUE(becomes("select count(*) from wm.run", "3"));
  EXPECT_EQ(runs(), "a 1 succeeded f, a 2 failed f, a 3 succeeded f");
}

TEST_F(FleetAgent, EachNodeThatMatchesRunsItOnce) {
  add_node("a", {"site=berlin"});
  add_node("b", {"site=berlin"});
  add_node("c", {"site=paris"});
  add({"everywhere", "--each", "--label", "site=berlin"}, {"true"});
  EXPECT_EQ(wait("everywhere"), 0) << fleet_->wm_fleet({"show", "everywhere"}).out;
  EXPECT_EQ(fleet_->value("select string_agg(n.name, ' ' order by n.name) from wm.run r join "
                          "wm.node n using (node_id)"),
            "a b");
}

TEST_F(FleetAgent, AFailureIsTriedAgainElsewhereUnderTheSameRules) {
  add_node("a");
  add({"flaky", "--backoff-delay", "10s", "--max-attempts", "2"},
      {"sh", "-c", "echo out of $FLEET_ATTEMPT; echo no server >&2; exit 75"});
  EXPECT_TRUE(becomes("select attempts from wm.piece", "1"));
  EXPECT_EQ(fleet_->value("select due - since from wm.piece"), "00:00:10");
  fleet_->value("update wm.piece set due = now()");
  fleet_->value("notify wm_fleet");
  EXPECT_EQ(wait("flaky"), 1);
  EXPECT_EQ(fleet_->value("select string_agg(attempt || ' ' || outcome, ', ' order by started_at)"
                          " from wm.run"),
            "1 retry, 2 failed");
  EXPECT_EQ(fleet_->wm_fleet({"logs", "flaky"}).out, "out of 2\n");
  const std::string why = fleet_->wm_fleet({"why", "flaky"}).out;
  EXPECT_TRUE(why.starts_with("flaky has failed: exit 75, attempt 2 of 2 was the last, on a, "))
      << why;
  EXPECT_NE(why.find("  stderr, last lines:\n    no server\n"
                     "  All of it: wm-fleet logs --node a flaky\n"),
            std::string::npos)
      << why;
}

TEST_F(FleetAgent, WorkMovesOnFromANodeThatLosesPower) {
  TestNode& a = add_node("a");
  const std::string lock = (fleet_->path() / "lock").string();
  // The lock goes with the process that has it: a second run would fail while the first goes on.
  add({"long", "--lease", "2s"}, {"sh", "-c",
                                  "echo $FLEET_NODE; exec flock -n -F " + lock +
                                      " sh -c 'test $FLEET_NODE = b || exec sleep 600'"});
  ASSERT_TRUE(becomes("select count(*) from wm.piece where until > now()", "1"));
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(lock); }));
  a.kill();
  add_node("b");
  EXPECT_EQ(wait("long"), 0);
  EXPECT_EQ(fleet_->wm_fleet({"logs", "long"}).out, "b\n");
}

TEST_F(FleetAgent, AnAgentThatIsKilledGoesOnWithItsClaim) {
  TestNode& a = add_node("a");
  add({"long", "--lease", "20s"},
      {"sh", "-c",
       "touch " + file("begun") + "; until test -e " + file("go") + "; do sleep 0.01; done"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  a.kill_agent();
  a.start_agent();
  ASSERT_TRUE(becomes("select running from wm.piece", "t"));
  run_program({"touch", file("go")});
  EXPECT_EQ(wait("long"), 0);
  EXPECT_EQ(fleet_->value("select fence from wm.piece"), "1");
  EXPECT_EQ(fleet_->value("select count(*) from wm.run"), "1");
}

TEST_F(FleetAgent, WhatWaitsTooLongGoesBack) {
  TestNode& a = add_node("a", {}, "slots = 2\n");
  a.daemon().wm({"pause"});
  add({"held", "--hold", "0s"}, {"true"});
  EXPECT_TRUE(becomes("select fence || ' ' || (until is null) from wm.piece", "1 true"));
  a.daemon().wm({"resume"});
  add_node("b");
  EXPECT_EQ(wait("held"), 0);
}

TEST_F(FleetAgent, ACopyOfItsConfigurationIsNotTheNode) {
  TestNode& a = add_node("a");
  add({"first"});
  EXPECT_EQ(wait("first"), 0);
  TestNode& copy = enroll_node("copy");
  copy.copy_configuration(a);
  copy.start();
  EXPECT_TRUE(becomes([&] { return text_of(copy.status(), "database") == "refused"; }));
  EXPECT_NE(text_of(copy.status(), "databaseProblem").find("another machine is node a"),
            std::string::npos)
      << json::serialize(copy.status());
  a.kill_agent();
  a.start_agent();
  add({"second"});
  EXPECT_EQ(wait("second"), 0) << "the node itself comes back at once";
}

TEST_F(FleetAgent, AnInterruptedRunGoesBackAndIsNoAttempt) {
  TestNode& a = add_node("a");
  add({"charged", "--charging", "--hold", "0s"},
      {"sh", "-c", "touch " + file("begun") + "; test $FLEET_NODE = b || exec sleep 600"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  a.daemon().wm({"conditions", "override", "charging=no"});
  add_node("b");
  EXPECT_EQ(wait("charged"), 0);
  EXPECT_EQ(runs(), "a 1 interrupted f, b 2 succeeded f");
  EXPECT_EQ(fleet_->value("select attempts from wm.piece"), "1");
}

TEST_F(FleetAgent, AnInterruptedClaimIsKeptForAsLongAsItMayWait) {
  TestNode& a = enroll_node("a");
  a.daemon().configure("[run]\nsettle = \"0s\"\n");
  a.start();
  add({"charged", "--charging", "--hold", "1h", "--lease", "1h"},
      {"sh", "-c",
       "test ! -e " + file("begun") + " || exit 0; touch " + file("begun") + "; exec sleep 600"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  a.daemon().wm({"conditions", "override", "charging=no"});
  ASSERT_TRUE(becomes("select count(*) from wm.run", "1"));
  a.daemon().wm({"conditions", "override", "charging=yes"});
  EXPECT_EQ(wait("charged"), 0);
  EXPECT_EQ(runs(), "a 1 interrupted f, a 1 succeeded f");
}

TEST_F(FleetAgent, ARunThatEndedWithoutTheAgentIsReported) {
  TestNode& a = add_node("a");
  add({"long", "--lease", "1h"},
      {"sh", "-c",
       "touch " + file("begun") + "; until test -e " + file("go") + "; do sleep 0.01; done"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  a.kill_agent();
  run_program({"touch", file("go")});
  ASSERT_EQ(a.daemon().wm({"wait", "fleet/long", "--timeout", "60s"}).status, 0);
  a.start_agent();
  EXPECT_EQ(wait("long"), 0);
  EXPECT_EQ(runs(), "a 1 succeeded f");
}

TEST_F(FleetAgent, WorkForEachFollowsItsRegistration) {
  TestNode& a = add_node("a");
  const auto add_each = [&](const std::string& period) {
    const Output done = fleet_->wm_fleet({"register-periodic", "often", "--each", "--existing",
                                          "update", "--every", period, "--", "true"});
    ASSERT_EQ(done.status, 0) << done.err;
  };
  const auto here = [&](const char* key) {
    const Output shown = a.daemon().wm({"show", "fleet/often", "--json"});
    if (shown.status != 0) return std::string();
    const json::value job = json::parse(shown.out);
    const json::value* const value = job.as_object().if_contains(key);
    return value ? json::serialize(*value) : std::string();
  };
  add_each("1h");
  EXPECT_TRUE(becomes([&] { return here("everyMs") == "3600000"; })) << here("everyMs");
  add_each("2h");
  EXPECT_TRUE(becomes([&] { return here("everyMs") == "7200000"; })) << here("everyMs");
  ASSERT_EQ(fleet_->wm_fleet({"cancel", "often"}).status, 0);
  EXPECT_TRUE(becomes([&] { return here("state") == "\"cancelled\""; })) << here("state");
}

TEST_F(FleetAgent, ItWaitsForItsConditions) {
  TestNode& a = add_node("a");
  a.daemon().wm({"conditions", "override", "charging=no"});
  add({"charged", "--charging"}, {"true"});
  const auto why = [&] { return fleet_->wm_fleet({"why", "charged"}).out; };
  EXPECT_TRUE(becomes([&] { return why().find("external power") != std::string::npos; })) << why();
  EXPECT_EQ(fleet_->value("select fence from wm.piece"), "0");
  a.daemon().wm({"conditions", "override", "charging=yes"});
  EXPECT_EQ(wait("charged"), 0);
}

TEST_F(FleetAgent, ReportsWaitForTheDatabase) {
  TestNode& a = add_node("a");
  add({"each", "--each"}, {"true"});
  EXPECT_EQ(wait("each"), 0);
  const Output periodic =
      fleet_->wm_fleet({"register-periodic", "again", "--each", "--every", "15m", "--", "true"});
  ASSERT_EQ(periodic.status, 0) << periodic.err;
  ASSERT_TRUE(
      becomes("select count(*) from wm.run r join wm.work w using (work_id) where w.name "
              "= 'again'",
              "1"));
  fleet_->stop(false);
  for (int i = 0; i < 3; ++i) run_once(a, "fleet/again");
  EXPECT_TRUE(becomes([&] { return text_of(a.status(), "database") == "unreachable"; }));
  fleet_->start();
  EXPECT_TRUE(
      becomes("select count(*) from wm.run r join wm.work w using (work_id) where w.name "
              "= 'again'",
              "4"));
}

TEST_F(FleetAgent, ItSaysThatTheDatabaseIsReadOnlyOrThePasswordWrong) {
  TestNode& a = add_node("a");
  EXPECT_TRUE(becomes([&] { return text_of(a.status(), "database") == "connected"; }));
  fleet_->value("alter role wm_node_a set default_transaction_read_only = on");
  fleet_->value(
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = "
      "'wm_node_a'");
  EXPECT_TRUE(becomes([&] { return text_of(a.status(), "database") == "read-only"; }))
      << json::serialize(a.status());
  fleet_->value("alter role wm_node_a reset default_transaction_read_only");
  fleet_->value("alter role wm_node_a password 'changed'");
  fleet_->value(
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = "
      "'wm_node_a'");
  EXPECT_TRUE(becomes([&] { return text_of(a.status(), "database") == "refused"; }))
      << json::serialize(a.status());
}

TEST_F(FleetAgent, ANodeObeysItsOwner) {
  TestNode& strict = enroll_node("strict");
  strict.daemon().configure("[policy]\nallow_commands = false\n");
  strict.start();
  add({"command"}, {"true"});
  EXPECT_TRUE(becomes("select fence || ' ' || (until is null) from wm.piece", "1 true"));
  add_node("free");
  EXPECT_EQ(wait("command"), 0);
}

TEST_F(FleetAgent, IdleMachinesGetLongMaintenance) {
  add_node("a");
  const Output added = fleet_->wm_fleet({"register-processing", "long", "--", "true"});
  ASSERT_EQ(added.status, 0) << added.err;
  EXPECT_EQ(wait("long"), 0);
}

TEST_F(FleetAgent, WhySaysWhatANodeRefuses) {
  TestNode& strict = enroll_node("strict");
  strict.daemon().configure("[policy]\nallow_commands = false\n");
  strict.start();
  add({"command"}, {"true"});
  EXPECT_TRUE(becomes([&] {
    return fleet_->wm_fleet({"why", "command"}).out.find("refused") != std::string::npos;
  })) << fleet_->wm_fleet({"why", "command"}).out;
}

TEST_F(FleetAgent, WhySaysWhatEachNodeHasInsteadOfWhatItNeeds) {
  TestNode& a = add_node("a");
  a.daemon().wm({"conditions", "override", "charging=no"});
  add({"any", "--network", "metered"}, {"true"});
  add({"each", "--each", "--network", "metered", "--charging"}, {"true"});
  const auto why = [&](const std::string& name) { return fleet_->wm_fleet({"why", name}).out; };
  EXPECT_TRUE(becomes([&] {
    return why("each").find("a metered network (unmetered), external power (charging no)") !=
           std::string::npos;
  })) << why("each");
  EXPECT_TRUE(why("each").starts_with("each waits on 1 node.")) << why("each");
  EXPECT_NE(why("any").find("waiting  a metered network (unmetered) "), std::string::npos)
      << why("any");
}

TEST_F(FleetAgent, WhySaysWhereAndWhyAJobForEachNodeHasFailed) {
  add_node("a");
  add_node("b");
  add({"each", "--each"}, {"sh", "-c", "test $FLEET_NODE = a || { echo gone >&2; exit 66; }"});
  EXPECT_EQ(wait("each"), 1);
  const std::string why = fleet_->wm_fleet({"why", "each"}).out;
  EXPECT_TRUE(why.starts_with("each has failed: exit 66, on b, ")) << why;
  EXPECT_NE(why.find("\nb     failed            failed: exit 66 "), std::string::npos) << why;
  EXPECT_NE(why.find("\n    gone\n"), std::string::npos) << why;
}

TEST_F(FleetAgent, WorkRunsAtItsDeadlineWhateverItsConditions) {
  TestNode& a = add_node("a");
  a.daemon().wm({"conditions", "override", "charging=no"});
  add({"late", "--charging", "--deadline", "1h"}, {"true"});
  EXPECT_TRUE(becomes([&] {
    return fleet_->wm_fleet({"why", "late"}).out.find("external power") != std::string::npos;
  }));
  fleet_->value(
      "update wm.piece set enqueued_at = enqueued_at - interval '1 h',"
      " deadline = deadline - interval '1 h'");
  fleet_->value("notify wm_fleet");
  EXPECT_EQ(wait("late"), 0) << fleet_->wm_fleet({"why", "late"}).out;
}

TEST_F(FleetAgent, ANodeSaysThatItsFileIsAnotherOnes) {
  nodes_.push_back(std::make_unique<TestNode>(*fleet_, "a"));
  const std::filesystem::path file = nodes_[0]->daemon().path() / "fleet.toml";
  run_program({"sed", "-i", "s/^node = .*/node = \"b\"/", file.string()});
  nodes_[0]->start();
  EXPECT_TRUE(becomes([&] { return text_of(nodes_[0]->status(), "database") == "refused"; }));
  EXPECT_NE(text_of(nodes_[0]->status(), "databaseProblem").find("as node a"), std::string::npos);
}

TEST_F(FleetAgent, ItServesItsNodeAlone) {
  TestNode& a = add_node("a");
  EXPECT_TRUE(becomes([&] { return text_of(a.status(), "database") == "connected"; }));
  const Output second =
      run_program({WM_FLEET_PROGRAM, "agent", "--config",
                   (a.daemon().path() / "fleet.toml").string(), "--socket", a.daemon().socket()});
  EXPECT_EQ(second.status, 6);
  EXPECT_NE(second.err.find("another agent serves this node"), std::string::npos) << second.err;
  a.kill_agent();
  a.start_agent();
  add({"after"});
  EXPECT_EQ(wait("after"), 0);
}

TEST_F(FleetAgent, CancelledWorkStopsWhereItRuns) {
  TestNode& a = add_node("a");
  add({"long", "--lease", "1h"}, {"sh", "-c", "touch " + file("begun") + "; exec sleep 600"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  ASSERT_EQ(fleet_->wm_fleet({"cancel", "long"}).status, 0);
  EXPECT_EQ(a.daemon().wm({"wait", "fleet/long", "--timeout", "60s"}).status, 1);
}

}  // namespace
}  // namespace wm::fleet
