// A network that fails between a node and the database: nothing runs twice, and what is reported
// late counts only if nobody else had the claim meanwhile.
#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "tests/fleet/fleet_fixture.h"
#include "tests/fleet/test_network.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

class FleetPartition : public FleetTest {
 protected:
  void SetUp() override {
    FleetTest::SetUp();
    if (IsSkipped()) return;
    network_.emplace(*fleet_);
    a_ = &enroll_node("a", {"place=a"});
    a_->use_database(network_->address());
    a_->start();
    ASSERT_TRUE(becomes([&] { return database_of_a() == "connected"; }));
  }

  std::string database_of_a() const { return text_of(a_->status(), "database"); }

  // Connections that were stalled are lost, as an agent sees after a while, and new ones are made.
  void heal() {
    network_->cut();
    network_->go_on();
  }

  // A run on `a` goes on for ever, with a lock; one elsewhere ends at once, unless it finds it.
  void add_endless(const std::string& name) {
    add({name, "--lease", "2s"},
        {"flock", "-n", "-F", file("lock"), "sh", "-c", "test $FLEET_NODE != a || exec sleep 600"});
    ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("lock")); }));
  }

  // Empty: it is not there yet.
  std::string state_on_a(const std::string& name) const {
    const Output shown = a_->daemon().wm({"show", "fleet/" + name, "--json"});
    return shown.status == 0 ? text_of(json::parse(shown.out).as_object(), "state") : "";
  }

  bool has_run_on_a(const std::string& name) const {
    return !a_->daemon().json({"history", "fleet/" + name}).as_array().empty();
  }

  std::optional<TestNetwork> network_;  // Gone before the server.
  TestNode* a_ = nullptr;
};

TEST_F(FleetPartition, ARunEndsBeforeItsLeaseDoesElsewhereAndItsReportIsVoid) {
  add_endless("endless");
  network_->stall();
  add_node("b");
  EXPECT_EQ(wait("endless"), 0) << runs();
  EXPECT_EQ(fleet_->value("select fence from wm.piece"), "2");
  EXPECT_EQ(runs(), "b 2 succeeded f");

  heal();
  EXPECT_TRUE(becomes("select count(*) from wm.run", "2"));
  EXPECT_EQ(runs(), "a 1 interrupted t, b 2 succeeded f");
  EXPECT_EQ(fleet_->value("select concat_ws(' ', p.state, p.fence, p.attempts, n.name) from "
                          "wm.piece p join wm.node n on n.node_id = p.ended_by"),
            "1 2 1 b");
}

TEST_F(FleetPartition, ALateReportCountsIfNobodyElseHadTheClaim) {
  add({"quick", "--lease", "2s"},
      {"sh", "-c",
       "touch " + file("begun") + "; until test -e " + file("go") + "; do sleep 0.01; done"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  network_->stall();
  run_program({"touch", file("go")});
  ASSERT_EQ(a_->daemon().wm({"wait", "fleet/quick", "--timeout", "60s"}).status, 0);
  fleet_->value("update wm.piece set until = now() - interval '1 ms'");

  heal();
  EXPECT_EQ(wait("quick"), 0);
  EXPECT_EQ(runs(), "a 1 succeeded f");
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where until is not null"), "0");
}

TEST_F(FleetPartition, ARunThatLosesItsLeaseIsNoAttempt) {
  add({"once", "--lease", "2s", "--hold", "0s", "--max-attempts", "1"},
      {"sh", "-c",
       "trap 'touch " + file("stopped") + "' TERM; test -e " + file("begun") + " || { touch " +
           file("begun") + "; sleep 600 & wait; }"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  network_->stall();
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("stopped")); }));
  ASSERT_EQ(fleet_->wm_fleet({"drain", "a"}).status, 0);

  heal();
  EXPECT_TRUE(becomes("select count(*) from wm.run", "1"));
  add_node("b");
  EXPECT_EQ(wait("once"), 0) << runs();
  EXPECT_EQ(runs(), "a 1 interrupted f, b 2 succeeded f");
  EXPECT_EQ(fleet_->value("select attempts from wm.piece"), "1");
}

TEST_F(FleetPartition, TheOnlyNodeTakesWorkAgainWhoseLeaseItHasLost) {
  constexpr std::chrono::seconds kLessThanItsHold{45};
  add({"twice", "--lease", "2s"},
      {"sh", "-c",
       "trap 'touch " + file("stopped") + "; exit' TERM; test -e " + file("begun") +
           " || { touch " + file("begun") + "; sleep 600 & wait; }"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  network_->stall();
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("stopped")); }));

  heal();
  EXPECT_TRUE(becomes("select state from wm.piece", "1", kLessThanItsHold)) << runs();
  EXPECT_EQ(runs(), "a 1 interrupted f, a 2 succeeded f");
}

TEST_F(FleetPartition, AReportWhoseAnswerIsLostIsTakenOnce) {
  add({"quick"},
      {"sh", "-c",
       "touch " + file("begun") + "; until test -e " + file("go") + "; do sleep 0.01; done"});
  ASSERT_TRUE(becomes([&] { return std::filesystem::exists(file("begun")); }));
  network_->lose_answer_to("wm.report");
  run_program({"touch", file("go")});
  ASSERT_EQ(wait("quick"), 0);
  ASSERT_EQ(runs(), "a 1 succeeded f");

  heal();
  // The same report comes again, and with it whatever else there is to say.
  add({"next"});
  EXPECT_EQ(wait("next"), 0);
  EXPECT_EQ(fleet_->value("select count(*) from wm.run"), "2");
  EXPECT_EQ(fleet_->value("select string_agg(concat_ws(' ', state, attempts, fence), ', ') from "
                          "wm.piece"),
            "1 1 1, 1 1 1");
}

// The next question of `a` takes that job, for which it needs external power; what the answer says
// is not told.
class FleetPartitionInAClaim : public FleetPartition {
 protected:
  void take_without_answer(const std::string& name) {
    ASSERT_TRUE(becomes("select holds & 16 from wm.node_word", "16"));
    a_->daemon().wm({"conditions", "override", "charging=no"});
    ASSERT_TRUE(becomes("select holds & 16 from wm.node_word", "0"));
    network_->lose_answer_to(R"("charging":"yes")");
    add({name, "--charging", "--lease", "2s"}, {"sh", "-c", "echo $FLEET_NODE >> " + file("ran")});
    a_->daemon().wm({"conditions", "override", "charging=yes"});
    ASSERT_TRUE(becomes("select fence from wm.piece", "1"));
    add_node("b");
    EXPECT_EQ(wait(name), 0);
  }
};

TEST_F(FleetPartitionInAClaim, WhoseAnswerIsLostItIsFreeAgainAndNeverRunsThere) {
  take_without_answer("charged");
  heal();
  add({"next", "--label", "place=a"});
  EXPECT_EQ(wait("next"), 0);
  EXPECT_EQ(text_in("ran"), "b\n");
}

TEST_F(FleetPartitionInAClaim, ThatArrivesAfterItsLeaseItNeverRuns) {
  take_without_answer("charged");
  network_->go_on();
  EXPECT_TRUE(becomes([&] { return state_on_a("charged") == "cancelled"; }));
  EXPECT_FALSE(has_run_on_a("charged"));
  EXPECT_EQ(text_in("ran"), "b\n");
}

TEST_F(FleetPartition, ARenewalThatIsAnsweredLateExtendsNothing) {
  a_->daemon().wm({"pause"});  // So the job is there, and waits.
  network_->lose_answer_to("wm.renew");
  add({"waits", "--lease", "2s"}, {"sh", "-c", "echo $FLEET_NODE >> " + file("ran")});
  ASSERT_TRUE(becomes("select fence from wm.piece", "1"));
  add_node("b");
  EXPECT_EQ(wait("waits"), 0);
  a_->daemon().wm({"resume"});

  network_->go_on();
  EXPECT_TRUE(becomes([&] { return state_on_a("waits") == "cancelled"; }));
  EXPECT_FALSE(has_run_on_a("waits"));
  EXPECT_EQ(text_in("ran"), "b\n");
}

TEST_F(FleetPartition, AHintThatComesDuringAQuestionIsNotForgotten) {
  constexpr std::chrono::seconds kBeforeItAsksAnyway{25};
  ASSERT_TRUE(becomes("select holds & 32 from wm.node_word", "32"));
  network_->lose_answer_to(R"("battery":"low")");
  a_->daemon().wm({"conditions", "override", "battery=low"});
  ASSERT_TRUE(becomes("select holds & 32 from wm.node_word", "0"));
  add({"hinted"});
  network_->go_on();
  EXPECT_TRUE(becomes("select state from wm.piece", "1", kBeforeItAsksAnyway));
}

TEST_F(FleetPartition, WhatWasHeldAndComesLateDoesNoHarm) {
  add_endless("endless");
  // Its next renewal is on its way when another node gets the claim.
  network_->stall(TestNetwork::Way::to_database);
  add_node("b");
  EXPECT_EQ(wait("endless"), 0) << runs();
  const std::string before = fleet_->value("select p from wm.piece p");

  network_->go_on();
  EXPECT_TRUE(becomes("select count(*) from wm.run", "2"));
  EXPECT_EQ(runs(), "a 1 interrupted t, b 2 succeeded f");
  EXPECT_EQ(fleet_->value("select p from wm.piece p"), before);
}

TEST_F(FleetPartition, AnAgentThatIsCutOffSaysSoAndComesBack) {
  network_->cut();
  EXPECT_TRUE(becomes([&] { return database_of_a() == "unreachable"; }));
  network_->go_on();
  EXPECT_TRUE(becomes([&] { return database_of_a() == "connected"; }));
}

}  // namespace
}  // namespace wm::fleet
