// The database's own rules, called as agents call them.
#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "tests/fleet/fleet_fixture.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

class FleetRules : public FleetTest {};

TEST_F(FleetRules, OnlyOneOfTwoNodesGetsAPiece) {
  add({"once"});
  NodeCaller a = caller("a");
  NodeCaller b = caller("b");
  const json::array offered = b.offers();
  ASSERT_EQ(offered.size(), 1U);
  EXPECT_EQ(a.claim().size(), 1U);
  // b was offered it before a took it.
  const json::object late =
      b.call("claim", {{"pieces", json::array{offered[0].as_object().at("piece")}}, {"want", 1}});
  EXPECT_TRUE(array_of(late, "claims").empty());
  EXPECT_TRUE(b.offers().empty());
}

TEST_F(FleetRules, APieceIsFreeAgainAfterItsLease) {
  add({"short", "--lease", "2s"});
  NodeCaller a = caller("a");
  NodeCaller b = caller("b");
  const json::array first = a.claim();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(b.claim().empty());
  fleet_->value("update wm.piece set until = now() - interval '1 ms'");
  const json::array second = b.claim();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_GT(number_of(second[0].as_object(), "fence"), number_of(first[0].as_object(), "fence"));
  const json::object renewed = a.call("renew", {{"claims", first}});
  EXPECT_TRUE(array_of(renewed, "pieces").empty());
  // What a says of its run is written down, and moves nothing.
  a.call("report", {{"runs", json::array{run_of(first[0].as_object(), 1)}},
                    {"ends", json::array{end_of(first[0].as_object(), 1)}}});
  EXPECT_EQ(fleet_->value("select state from wm.piece"), "0");
  EXPECT_EQ(fleet_->value("select void from wm.run"), "t");
}

TEST_F(FleetRules, WhatIsSaidOfAnEarlierClaimMovesNothing) {
  add({"again", "--lease", "2s"});
  NodeCaller a = caller("a");
  const json::array first = a.claim();
  ASSERT_EQ(first.size(), 1U);
  fleet_->value("update wm.piece set until = now() - interval '1 ms'");
  ASSERT_EQ(a.claim().size(), 1U);
  const std::string before = fleet_->value("select p from wm.piece p");
  EXPECT_TRUE(array_of(a.call("renew", {{"claims", first}}), "pieces").empty());
  EXPECT_EQ(number_of(a.call("hand_back", {{"claims", first}}), "pieces"), 0);
  EXPECT_TRUE(
      array_of(a.call("hello", {{"version", "test"}, {"claims", first}}), "claims").empty());
  a.call("report", {{"runs", json::array{run_of(first[0].as_object(), 1)}},
                    {"ends", json::array{end_of(first[0].as_object(), 1)}}});
  EXPECT_EQ(fleet_->value("select p from wm.piece p"), before);
  EXPECT_EQ(fleet_->value("select void from wm.run"), "t");
}

TEST_F(FleetRules, ANodeTakesOnlyWhatFits) {
  add({"charging", "--charging"});
  add({"labelled", "--label", "site=berlin"});
  add({"custom", "--require", "vpn"});
  add({"window", "--between", "00:00-24:00"});
  NodeCaller a = caller("a");
  NodeCaller b = caller("b", {"site=berlin"});
  const auto taken = [](NodeCaller& node, int holds, const json::array& custom) {
    const json::object answer =
        node.call("ask", {{"holds", holds}, {"custom", custom}, {"want", 8}, {"take", true}});
    std::string names;
    for (const json::value& claim : array_of(answer, "claims")) {
      names += text_of(claim.as_object(), "name") + " ";
    }
    return names;
  };
  EXPECT_EQ(taken(a, 0, {}), "");
  EXPECT_EQ(taken(a, 16, {}), "charging ");
  EXPECT_EQ(taken(a, 255, {"vpn"}), "custom ");
  EXPECT_EQ(taken(a, 1 << 30, {}), "") << "its daemon has not been asked about the window";
  ASSERT_EQ(fleet_->wm_fleet({"drain", "b"}).status, 0);
  EXPECT_EQ(taken(b, 255, {}), "");
  ASSERT_EQ(fleet_->wm_fleet({"drain", "b", "--undo"}).status, 0);
  EXPECT_EQ(taken(b, 255, {}), "labelled ");
  EXPECT_EQ(taken(b, 255, {}), "") << "it has it";
}

TEST_F(FleetRules, ANodeIsToldWhenALeaseEnds) {
  add({"once", "--lease", "10s"});
  NodeCaller a = caller("a");
  NodeCaller b = caller("b");
  ASSERT_EQ(a.claim().size(), 1U);
  const json::object answer = b.call("ask", {{"holds", 255}, {"want", 1}});
  EXPECT_GT(number_of(answer, "nextMs"), 0);
  EXPECT_LE(number_of(answer, "nextMs"), 10'000);
}

TEST_F(FleetRules, TheCursorIsKeptForTheNextHello) {
  NodeCaller a = caller("a");
  a.call("report", {{"cursor", "2026-01-01T00:00:00.000Z"}});
  EXPECT_EQ(text_of(a.call("hello", {{"version", "test"}}), "cursor"), "2026-01-01T00:00:00.000Z");
}

TEST_F(FleetRules, AnotherMachineIsTheNodeOnceThatOneIsGone) {
  NodeCaller a = caller("a");
  const auto comes_from = [&](const std::string& machine) {
    return a.error_of("select wm.hello('{\"machine\": \"" + machine + "\"}')").substr(0, 15);
  };
  EXPECT_EQ(comes_from("m1"), "");
  EXPECT_EQ(comes_from("m1"), "");
  EXPECT_EQ(comes_from("m2"), "another machine");
  EXPECT_EQ(comes_from("m1"), "");
  fleet_->value("update wm.node_word set seen_at = now() - interval '11 min'");
  EXPECT_EQ(comes_from("m2"), "");
  EXPECT_EQ(comes_from("m1"), "another machine");
}

TEST_F(FleetRules, OneDaemonIsOneNode) {
  NodeCaller a = caller("a");
  NodeCaller b = caller("b");
  const auto comes_from = [](NodeCaller& node, const std::string& machine) {
    return node.error_of("select wm.hello('{\"machine\": \"" + machine + "\"}')").substr(0, 23);
  };
  EXPECT_EQ(comes_from(a, "m1"), "");
  EXPECT_EQ(comes_from(b, "m1"), "this wmd serves node a:");
  ASSERT_EQ(fleet_->wm_fleet({"revoke", "a"}).status, 0);
  EXPECT_EQ(comes_from(b, "m1"), "") << "it has another name now";
  NodeCaller c = caller("c");
  NodeCaller d = caller("d");
  EXPECT_EQ(comes_from(c, "host web"), "");
  EXPECT_EQ(comes_from(d, "host web"), "") << "anybody can guess that";
}

TEST_F(FleetRules, ANodeComesByAnAddressToo) {
  const std::string way =
      "postgresql:///postgres?host=" + fleet_->value("show unix_socket_directories") +
      "&port=" + fleet_->value("show port");
  const json::value enrolled = fleet_->json({"enroll", "a", "--connect", way});
  NodeCaller a(text_of(enrolled.as_object(), "database"));
  EXPECT_EQ(text_of(a.call("hello", {{"version", "test"}}), "node"), "a");
}

TEST_F(FleetRules, RunsFromBeforeItWasEnrolledAreNoneOfTheFleets) {
  NodeCaller a = caller("a");
  EXPECT_EQ(text_of(a.call("hello", {{"version", "test"}}), "cursor"),
            fleet_->value("select wm.iso(enrolled_at) from wm.node"));
}

TEST_F(FleetRules, WhatHasBeenDueForLongestComesFirstWhateverItNeeds) {
  std::string wanted;
  for (const char* const kind : {"a", "b", "c"}) {
    for (const char* const number : {"1", "2"}) {
      const std::string name = std::string(kind) + number;
      if (*kind == 'a') add({name, "--charging"});
      if (*kind == 'b') add({name});
      if (*kind == 'c') add({name, "--label", "pool=x"});
      wanted += name + " ";
    }
  }
  NodeCaller node = caller("node", {"pool=x"});
  std::string taken;
  for (int i = 0; i < 6; ++i) {
    const json::object answer = node.call("ask", {{"holds", 255}, {"want", 1}, {"take", true}});
    for (const json::value& claim : array_of(answer, "claims")) {
      taken += text_of(claim.as_object(), "name") + " ";
    }
  }
  EXPECT_EQ(taken, wanted);
}

TEST_F(FleetRules, ARunIsReportedOnce) {
  add({"once"});
  NodeCaller a = caller("a");
  const json::array claims = a.claim();
  ASSERT_EQ(claims.size(), 1U);
  const json::object said{{"runs", json::array{run_of(claims[0].as_object(), 1)}},
                          {"ends", json::array{end_of(claims[0].as_object(), 1)}}};
  EXPECT_EQ(number_of(a.call("report", said), "runs"), 1);
  EXPECT_EQ(number_of(a.call("report", said), "runs"), 0);
  EXPECT_EQ(fleet_->value("select count(*) from wm.run"), "1");
  EXPECT_EQ(fleet_->value("select state from wm.piece"), "1");
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where until is not null"), "0");
}

TEST_F(FleetRules, NeedsDecideWhatIsOffered) {
  add({"charging", "--charging"});
  add({"unmetered", "--network", "unmetered"});
  NodeCaller a = caller("a");
  const auto names = [&](int holds) {
    std::string all;
    const json::object answer = a.call("ask", {{"holds", holds}, {"want", 8}});
    for (const json::value& offer : array_of(answer, "offers")) {
      all += text_of(offer.as_object(), "name") + " ";
    }
    return all;
  };
  EXPECT_EQ(names(0), "");
  EXPECT_EQ(names(1 << 4), "charging ");
  EXPECT_EQ(names(1 << 1), "unmetered ");
}

TEST_F(FleetRules, CountIsForDifferentNodes) {
  add({"three", "--count", "3"});
  NodeCaller a = caller("a");
  NodeCaller b = caller("b");
  EXPECT_EQ(a.claim(8).size(), 1U);
  EXPECT_TRUE(a.claim(8).empty());
  const json::array claims = b.claim(8);
  ASSERT_EQ(claims.size(), 1U);
  b.call("report",
         {{"runs", json::array{}}, {"ends", json::array{end_of(claims[0].as_object(), 1)}}});
  EXPECT_TRUE(b.claim(8).empty()) << "it has had its share";
  NodeCaller c = caller("c");
  EXPECT_EQ(c.claim(8).size(), 1U);
}

TEST_F(FleetRules, PriorityComesFirst) {
  add({"low", "--priority", "-5"});
  add({"high", "--priority", "5"});
  add({"middle"});
  NodeCaller a = caller("a");
  const json::array offers = a.offers();
  ASSERT_EQ(offers.size(), 3U);
  EXPECT_EQ(text_of(offers[0].as_object(), "name"), "high");
  EXPECT_EQ(text_of(offers[1].as_object(), "name"), "middle");
  EXPECT_EQ(text_of(offers[2].as_object(), "name"), "low");
}

TEST_F(FleetRules, ANodeIsToldWhenToAskAgain) {
  add({"later", "--initial-delay", "1h"});
  NodeCaller a = caller("a");
  const json::object answer = a.call("ask", {{"holds", 255}, {"want", 1}});
  EXPECT_TRUE(array_of(answer, "offers").empty());
  EXPECT_GT(number_of(answer, "nextMs"), 3'500'000);
  EXPECT_LE(number_of(answer, "nextMs"), 3'600'000);
}

TEST_F(FleetRules, ANodeIsToldWhenToAskAgainAlsoWhileItIsOfferedWhatItDoesNotTake) {
  add({"window", "--between", "00:00-00:01"});
  add({"later", "--initial-delay", "1h"});
  NodeCaller a = caller("a");
  const json::object answer = a.call("ask", {{"holds", 255}, {"want", 1}, {"take", true}});
  EXPECT_EQ(array_of(answer, "offers").size(), 1U);
  EXPECT_GT(number_of(answer, "nextMs"), 3'500'000);
}

TEST_F(FleetRules, ADrainingNodeGetsNothingNew) {
  add({"once"});
  NodeCaller a = caller("a");
  ASSERT_EQ(fleet_->wm_fleet({"drain", "a"}).status, 0);
  EXPECT_TRUE(a.offers().empty());
  ASSERT_EQ(fleet_->wm_fleet({"drain", "a", "--undo"}).status, 0);
  EXPECT_EQ(a.offers().size(), 1U);
}

TEST_F(FleetRules, ReplacedWorkWaitsForTheOldClaim) {
  add({"once", "--lease", "1h"});
  NodeCaller a = caller("a");
  ASSERT_EQ(a.claim().size(), 1U);
  add({"once", "--existing", "replace"});
  EXPECT_TRUE(a.offers().empty()) << "the old run may still go on";
  EXPECT_GT(number_of(a.call("ask", {{"holds", 255}, {"want", 1}}), "nextMs"), 3'500'000);
}

TEST_F(FleetRules, AnOldClaimIsWaitedForHoweverOftenItsNameIsTaken) {
  NodeCaller a = caller("a");
  const auto is_free_after = [&](const std::string& name,
                                 const std::vector<std::vector<std::string>>& changes) {
    add({name, "--lease", "1h"});
    EXPECT_EQ(a.claim().size(), 1U);
    for (const auto& change : changes) EXPECT_EQ(fleet_->wm_fleet(change).status, 0);
    return !a.offers().empty();
  };
  const std::vector<std::string> again{"register-oneoff", "one", "--", "/bin/true"};
  EXPECT_FALSE(is_free_after("one", {{"cancel", "one"}, again}));
  const std::vector<std::string> replace{"register-oneoff", "two", "--existing",
                                         "replace",         "--",  "/bin/true"};
  EXPECT_FALSE(is_free_after("two", {replace, replace, {"cancel", "two"}, replace}));
}

TEST_F(FleetRules, AFenceOfANameIsNeverUsedAgain) {
  NodeCaller a = caller("a");
  std::vector<std::int64_t> fences;
  for (int i = 0; i < 2; ++i) {
    add({"once"});
    const json::array claims = a.claim();
    ASSERT_EQ(claims.size(), 1U);
    const json::object claim = claims[0].as_object();
    fences.push_back(number_of(claim, "fence"));
    a.call("report", {{"runs", json::array{}}, {"ends", json::array{end_of(claim, 1)}}});
  }
  EXPECT_EQ(fences, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(FleetRules, ADrainingNodeHearsWhatItsEachWorkHasBecome) {
  add({"mine", "--each"});
  NodeCaller a = caller("a");
  const auto each = [&] {
    const json::object answer = a.call("ask", {{"holds", 255}, {"want", 1}, {"seen", 0}});
    std::string names;
    for (const json::value& one : array_of(answer, "each")) {
      names += text_of(one.as_object(), "name") + ' ';
    }
    return names;
  };
  a.call("report", {{"each", json::array{{{"name", "mine"},
                                          {"generation", 1},
                                          {"state", "enqueued"},
                                          {"waits", json::array{}}}}}});
  fleet_->wm_fleet({"drain", "a"});
  add({"new", "--each"});
  EXPECT_EQ(each(), "mine ");
  fleet_->wm_fleet({"cancel", "mine"});
  EXPECT_EQ(each(), "");
}

TEST_F(FleetRules, AMachineThatIsEnrolledAgainHasDoneNothingYet) {
  add({"each", "--each"});
  NodeCaller a = caller("a");
  const json::object done{
      {"name", "each"}, {"generation", 1}, {"state", "succeeded"}, {"waits", json::array{}}};
  a.call("report", {{"each", json::array{done}}});
  fleet_->wm_fleet({"revoke", "a"});
  NodeCaller again = caller("a");
  const json::object answer = again.call("ask", {{"holds", 255}, {"want", 1}, {"seen", 0}});
  const json::array each = array_of(answer, "each");
  ASSERT_EQ(each.size(), 1U);
  EXPECT_EQ(each[0].as_object().at("ended"), json::value(false));
}

TEST_F(FleetRules, ARunOfWorkThatIsForOthersNowIsStillReported) {
  NodeCaller a = caller("a", {"site=berlin"});
  add({"moves", "--label", "site=berlin"});
  const json::array claims = a.claim();
  ASSERT_EQ(claims.size(), 1U);
  add({"moves", "--label", "site=paris", "--existing", "replace"});
  a.call("report", {{"runs", json::array{run_of(claims[0].as_object(), 1)}}});
  EXPECT_EQ(fleet_->value("select void from wm.run"), "t");
}

TEST_F(FleetRules, NoIndexKnowsWhatAClaimWrites) {
  EXPECT_EQ(fleet_->value("select count(*) from pg_index i join pg_attribute t on t.attrelid = "
                          "i.indrelid and t.attnum = any (i.indkey) where i.indrelid = "
                          "'wm.piece'::regclass and t.attname in ('fence', 'node_id', 'until', "
                          "'running')"),
            "0")
      << "such an update is not HOT";
}

TEST_F(FleetRules, MistypedNamesAreAnsweredWithTheOnesMeant) {
  add({"it's index"});
  fleet_->enroll("laptop7");
  const auto says = [&](const std::vector<std::string>& arguments, const std::string& what) {
    const Output output = fleet_->wm_fleet(arguments);
    EXPECT_EQ(output.status, 3) << arguments.front();
    EXPECT_EQ(output.err, "wm-fleet: " + what + "\n");
  };
  for (const char* const command : {"why", "show", "history", "logs", "cancel", "wait"}) {
    says({command, "its index"}, "no such work: 'its index': did you mean 'it's index'?");
  }
  says({"why", "else"}, "no such work: 'else': see wm-fleet list --all");
  for (const char* const command : {"drain", "revoke"}) {
    says({command, "laptop"}, "no such node: 'laptop': did you mean 'laptop7'?");
  }
  says({"label", "loptop7", "a=b"}, "no such node: 'loptop7': did you mean 'laptop7'?");
  says({"history", "--node", "laptop"}, "no such node: 'laptop': did you mean 'laptop7'?");
  says({"logs", "it's index", "--node", "laptop"},
       "no such node: 'laptop': did you mean 'laptop7'?");
  says({"logs", "it's index", "--node", "laptop7"},
       "'it's index' has no run that was reported by laptop7: see wm-fleet why");
}

TEST_F(FleetRules, WhatANodeSaysOfItsWaitsIsData) {
  ASSERT_EQ(fleet_->wm_fleet({"register-oneoff", "each", "--each", "--", "true"}).status, 0);
  NodeCaller a = caller("a");
  const auto say = [&](const json::value& waits) {
    a.call("report",
           {{"each",
             json::array{json::object{
                 {"name", "each"}, {"generation", 1}, {"state", "enqueued"}, {"waits", waits}}}}});
    const Output why = fleet_->wm_fleet({"why", "each"});
    EXPECT_EQ(why.status, 0) << why.err;
    return why.out;
  };
  say("text");
  say(json::array{1, json::array{}, nullptr});
  say(json::array(5000, "long"));
  say(json::array{json::object{{"kind", 1}, {"name", json::array{}}, {"until", "never"}}});
  const std::string shown =
      say(json::array{json::object{{"kind", "constraint"}, {"name", "\033[2J"}, {"actual", "x"}}});
  EXPECT_EQ(shown.find('\033'), std::string::npos) << shown;
}

TEST_F(FleetRules, AfterItsDeadlineWorkNeedsNothingButLabels) {
  add({"late", "--charging", "--deadline", "1h", "--label", "site=berlin"});
  NodeCaller berlin = caller("berlin", {"site=berlin"});
  NodeCaller paris = caller("paris", {"site=paris"});
  const auto ask = [](NodeCaller& caller) {
    return caller.call("ask", {{"holds", 0}, {"want", 1}});
  };
  const json::object before = ask(berlin);
  EXPECT_TRUE(array_of(before, "offers").empty());
  EXPECT_GT(number_of(before, "nextMs"), 3'500'000);
  EXPECT_LE(number_of(before, "nextMs"), 3'600'000);
  EXPECT_TRUE(ask(paris).at("nextMs").is_null());

  fleet_->value(
      "update wm.piece set enqueued_at = enqueued_at - interval '1 h',"
      " deadline = deadline - interval '1 h'");
  EXPECT_TRUE(array_of(ask(paris), "offers").empty());
  const json::object after = ask(berlin);
  ASSERT_EQ(array_of(after, "offers").size(), 1U);
  const json::object claims = berlin.call(
      "claim",
      {{"pieces", json::array{array_of(after, "offers")[0].as_object().at("piece")}}, {"want", 1}});
  ASSERT_EQ(array_of(claims, "claims").size(), 1U);
  EXPECT_LE(number_of(array_of(claims, "claims")[0].as_object(), "deadlineLeftMs"), 0);
}

// Work that has ended, whose last piece has not, that was cancelled, and that is for each node: the
// first two have a run by `a`, the last has two.
class FleetPrune : public FleetTest {
 protected:
  void SetUp() override {
    FleetTest::SetUp();
    if (IsSkipped()) return;
    NodeCaller a = caller("a");
    add({"ended"});
    end_one(a);
    add({"half", "--count", "2"});
    end_one(a);
    add({"cancelled"});
    fleet_->wm_fleet({"cancel", "cancelled"});
    add({"each", "--each"});
    fleet_->value(
        "insert into wm.run (work_id, node_id, run, started_at, attempt, outcome, record) select "
        "w.work_id, n.node_id, r, now(), 1, 'failed', '{}' from wm.work w, "
        "wm.node n, generate_series(1, 2) r where w.name = 'each'");
  }

  static void end_one(NodeCaller& node) {
    const json::object claim = node.claim().at(0).as_object();
    node.call("report",
              {{"runs", json::array{run_of(claim, 1)}}, {"ends", json::array{end_of(claim, 1)}}});
  }

  void age_all() {
    fleet_->value(
        "update wm.piece set since = now() - interval '30 d';"
        "update wm.run set started_at = now() - interval '30 d' + run * interval '1 s';"
        "update wm.work set cancelled_at = cancelled_at - interval '30 d'");
  }

  // The work that is left, with the number of its runs.
  std::string left() {
    return fleet_->value(
        "select string_agg(w.name || ' ' || (select count(*) from wm.run r where r.work_id = "
        "w.work_id), ', ' order by w.work_id) from wm.work w");
  }
};

TEST_F(FleetPrune, ForgetsWhatEndedLongAgo) {
  age_all();
  const Output said = fleet_->wm_fleet({"prune"});
  EXPECT_EQ(said.out, "Forgot work: 2, and runs: 2.\n") << said.err;
  EXPECT_EQ(left(), "half 1, each 1");
  EXPECT_EQ(fleet_->value("select run from wm.run r join wm.work using (work_id) where name = "
                          "'each'"),
            "2");
}

TEST_F(FleetPrune, KeepsWhatIsYounger) {
  age_all();
  const Output said = fleet_->wm_fleet({"--json", "prune", "--older-than", "31d"});
  EXPECT_EQ(json::parse(said.out), (json::object{{"works", 0}, {"runs", 0}})) << said.err;
  EXPECT_EQ(left(), "ended 1, half 1, cancelled 0, each 2");
}

TEST_F(FleetPrune, WhatIsClaimedIsNotForgottenBeforeItsLeaseEnds) {
  NodeCaller b = caller("b");
  add({"claimed"});
  ASSERT_EQ(b.claim(2).size(), 2U) << "one is of half";
  fleet_->wm_fleet({"cancel", "claimed"});
  age_all();
  fleet_->wm_fleet({"prune"});
  EXPECT_EQ(left(), "half 1, each 1, claimed 0");
}

}  // namespace
}  // namespace wm::fleet
