// Work for several different nodes.
#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "tests/fleet/fleet_fixture.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

class FleetCount : public FleetTest {};

// A lease that has ended must not come back to life beside the next one.
TEST_F(FleetCount, ANodeCannotCollectThePieces) {
  add({"two", "--count", "2"});
  NodeCaller a = caller("a");
  const json::array first = a.claim();
  ASSERT_EQ(first.size(), 1U);
  fleet_->value("update wm.piece set until = now() - interval '1 ms' where until is not null");
  fleet_->value("update wm.piece set due = due + interval '1 ms' where until is not null");
  const json::array second = a.claim();
  ASSERT_EQ(second.size(), 1U);
  ASSERT_NE(first[0].at("piece"), second[0].at("piece"));
  EXPECT_TRUE(array_of(a.call("renew", {{"claims", first}}), "pieces").empty());
  EXPECT_EQ(array_of(a.call("renew", {{"claims", second}}), "pieces").size(), 1U);
  a.call("report", {{"ends", json::array{end_of(first[0].as_object(), 1)}}});
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where state = 1"), "0");
  a.call("report", {{"ends", json::array{end_of(second[0].as_object(), 1)}}});
  EXPECT_EQ(fleet_->value("select count(*) from wm.piece where state = 1"), "1");
}

TEST_F(FleetCount, WhoHasHadItsShareDoesNotLookThroughTheRest) {
  add({"many", "--count", "1000"});
  add({"more", "--count", "1000"});
  NodeCaller a = caller("a");
  ASSERT_EQ(a.claim(2).size(), 2U);
  for (const char* const question :
       {"wm.take(n, 255, '{}', 8, null)", "wm.offers(n, 255, '{}', 8, false)"}) {
    EXPECT_EQ(fleet_->value("do $$ begin assert (select " + std::string(question) +
                            " from wm.node n) = '[]'; end $$; select idx_tup_fetch < 100 from "
                            "pg_stat_xact_user_tables where relname = 'piece'"),
              "t")
        << question;
  }
}

TEST_F(FleetCount, OnePieceOfEachWorkIsLockedAndOthersGoOn) {
  add({"two", "--count", "2"});
  NodeCaller a = caller("a");
  NodeCaller b = caller("b");
  ASSERT_EQ(a.error_of("begin; select wm.ask('{\"want\": 8, \"take\": true}')"), "");
  const json::object answer = b.call("ask", {{"want", 8}, {"take", true}});
  EXPECT_EQ(array_of(answer, "claims").size(), 1U);
}

// The others of a work that a claim has named are locked for a moment, and another node sees none.
TEST_F(FleetCount, WhoPassesByWhatWasLockedInVainIsToldToAskAgain) {
  add({"two", "--count", "2"});
  const std::string node = fleet_->enroll("a");
  const auto ask = [&] {
    return run_program({"psql", node, "-c", "listen wm_fleet", "-c",
                        R"(select wm.claim('{"want": 8, "pieces": [1, 2]}'))"});
  };
  const Output first = ask();
  EXPECT_NE(first.out.find("\"claims\": [{"), std::string::npos) << first.out << first.err;
  EXPECT_NE(first.out.find("notification \"wm_fleet\""), std::string::npos) << first.out;
  const Output second = ask();
  EXPECT_EQ(second.out.find("notification"), std::string::npos) << second.out;
}

TEST_F(FleetCount, ANodeThatHasHadItsShareIsNotSaidToBeReady) {
  add({"three", "--count", "3"});
  NodeCaller a = caller("a");
  const json::array claims = a.claim();
  ASSERT_EQ(claims.size(), 1U);
  a.call("report", {{"ends", json::array{end_of(claims[0].as_object(), 1)}}});
  caller("b");
  const json::value shown = fleet_->json({"show", "three"});
  const json::array& nodes = array_of(shown.as_object(), "nodes");
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(text_of(nodes[0].as_object(), "state"), "done");
  EXPECT_NE(text_of(nodes[1].as_object(), "state"), "done");
}

}  // namespace
}  // namespace wm::fleet
