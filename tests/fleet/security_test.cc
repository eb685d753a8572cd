// What a node must not be able to do, whatever program it runs.
#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "tests/fleet/fleet_fixture.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

class FleetSecurity : public FleetTest {
 protected:
  void SetUp() override {
    FleetTest::SetUp();
    if (IsSkipped()) return;
    honest_.emplace(caller("honest", {"site=berlin"}));
    liar_.emplace(caller("liar"));
    add({"secret", "--label", "site=berlin", "--input", "key=hunter2", "--lease", "1h"});
  }

  std::optional<NodeCaller> honest_;
  std::optional<NodeCaller> liar_;
};

TEST_F(FleetSecurity, TablesAreClosed) {
  const std::string tables =
      fleet_->value("select string_agg(tablename, ',') from pg_tables where schemaname = 'wm'");
  ASSERT_NE(tables, "");
  for (std::size_t at = 0; at < tables.size();) {
    const std::size_t end = std::min(tables.find(',', at), tables.size());
    const std::string table = "wm." + tables.substr(at, end - at);
    for (const std::string& sql :
         {"select * from " + table, "delete from " + table, "truncate " + table}) {
      EXPECT_NE(liar_->error_of(sql).find("permission denied"), std::string::npos) << sql;
    }
    at = end + 1;
  }
}

TEST_F(FleetSecurity, OnlyTheNodesFunctionsCanBeCalled) {
  EXPECT_EQ(fleet_->value("select string_agg(proname, ' ' order by proname) from pg_proc where "
                          "pronamespace = 'wm'::regnamespace and "
                          "has_function_privilege('wm_node_liar', oid, 'execute')"),
            "ask claim hand_back hello renew report");
  EXPECT_NE(liar_->error_of("select wm.show_work('secret')"), "");
  EXPECT_NE(liar_->error_of("create table wm.mine ()"), "");
  EXPECT_NE(liar_->error_of("create function wm.mine() returns int language sql as 'select 1'"),
            "");
}

TEST_F(FleetSecurity, ADefinersFunctionsHaveAFixedSearchPath) {
  EXPECT_EQ(fleet_->value("select count(*) from pg_proc where pronamespace = 'wm'::regnamespace "
                          "and prosecdef and coalesce(proconfig::text, '') not like "
                          "'%search_path=pg_catalog, pg_temp%'"),
            "0");
}

TEST_F(FleetSecurity, WhatDoesNotMatchCanNeitherBeSeenNorClaimed) {
  EXPECT_TRUE(liar_->offers().empty());
  const std::int64_t piece = std::stoll(fleet_->value("select piece_id from wm.piece"));
  const json::object claimed = liar_->call("claim", {{"pieces", json::array{piece}}, {"want", 1}});
  EXPECT_TRUE(array_of(claimed, "claims").empty());
}

TEST_F(FleetSecurity, ALabelOfTheAdministratorsCannotBeAssumed) {
  liar_->call("hello", {{"version", "x"}, {"labels", {{"site", "berlin"}, {"color", "red"}}}});
  EXPECT_TRUE(liar_->offers().empty());
  EXPECT_EQ(fleet_->value("select labels::text from wm.node where name = 'liar'"),
            R"({"color": "red"})");
}

TEST_F(FleetSecurity, ALabelIsTheAdministratorsForEver) {
  const json::object assumed{{"version", "x"}, {"labels", {{"site", "berlin"}}}};
  liar_->call("hello", assumed);
  fleet_->wm_fleet({"label", "honest", "site-"});
  EXPECT_TRUE(liar_->offers().empty());
  liar_->call("hello", assumed);
  EXPECT_TRUE(liar_->offers().empty());
  fleet_->wm_fleet({"revoke", "honest"});
  liar_->call("hello", assumed);
  EXPECT_TRUE(liar_->offers().empty());
}

TEST_F(FleetSecurity, AnOpenTransactionHoldsUpNobodyElse) {
  ASSERT_EQ(liar_->error_of("begin"), "");
  liar_->call("hello", {{"version", "x"}, {"labels", {{"color", "red"}}}});
  liar_->call("ask", {{"holds", 255}, {"want", 1}});
  const std::string limit = "set lock_timeout = '2s'; ";
  EXPECT_EQ(fleet_->value(limit + "select wm.cancel_work('secret')"), "t");
  EXPECT_EQ(fleet_->value(limit + "select count(*) from wm.settle_labels()"), "1");
  honest_->call("hello", {{"version", "x"}, {"labels", {{"color", "blue"}}}});
  EXPECT_EQ(fleet_->value("select labels->>'color' from wm.node where name = 'honest'"), "blue");
}

// Documents that are nested too deeply for whoever reads them.
TEST_F(FleetSecurity, WhatCannotBeReadIsNotKept) {
  json::value deep = 1;
  for (int i = 0; i < 60; ++i) deep = json::array{deep};
  const json::array claims = honest_->claim();
  ASSERT_EQ(claims.size(), 1U);
  json::object run = run_of(claims[0].as_object(), 1);
  run["record"] = json::object{{"deep", deep}};
  json::object logged = run_of(claims[0].as_object(), 2);
  logged["log"] = json::array{{{"data", ""}, {"deep", deep}}};
  honest_->call("report", {{"runs", json::array{run, logged}}});
  EXPECT_EQ(fleet_->value("select string_agg(run || ' ' || log::text, ', ') from wm.run"), "2 []");
}

TEST_F(FleetSecurity, AnEndIsAStepAndNoJump) {
  const json::array claims = honest_->claim();
  ASSERT_EQ(claims.size(), 1U);
  const auto end_with = [&](const char* key, std::int64_t number) {
    json::object end = end_of(claims[0].as_object(), 0);
    end[key] = number;
    honest_->call("report", {{"runs", json::array{}}, {"ends", json::array{end}}});
    return fleet_->value("select until is null from wm.piece") == "t";
  };
  for (const char* const key : {"attempts", "periods", "timing"}) {
    EXPECT_FALSE(end_with(key, 32'767)) << key;
    EXPECT_FALSE(end_with(key, -1)) << key;
  }
  EXPECT_TRUE(end_with("attempts", 1));
}

TEST_F(FleetSecurity, AnothersClaimIsOutOfReach) {
  const json::array claims = honest_->claim();
  ASSERT_EQ(claims.size(), 1U);
  const json::object before = claims[0].as_object();
  const std::string until = fleet_->value("select until from wm.piece");
  EXPECT_TRUE(array_of(liar_->call("renew", {{"claims", claims}}), "pieces").empty());
  EXPECT_EQ(number_of(liar_->call("hand_back", {{"claims", claims}}), "pieces"), 0);
  const json::object hello =
      liar_->call("hello", {{"version", "x"}, {"labels", json::object{}}, {"claims", claims}});
  EXPECT_TRUE(array_of(hello, "claims").empty()) << "the input would be in it";
  liar_->call("report",
              {{"runs", json::array{run_of(before, 1)}}, {"ends", json::array{end_of(before, 1)}}});
  EXPECT_EQ(fleet_->value("select state || ' ' || (until = '" + until + "') from wm.piece"),
            "0 true");
  EXPECT_EQ(fleet_->value("select count(*) from wm.run"), "0") << "it does not match";
}

// A transaction that is left open keeps what it has locked.
TEST_F(FleetSecurity, AnothersClaimCannotBeHeldUp) {
  const json::array claims = honest_->claim();
  ASSERT_EQ(claims.size(), 1U);
  const std::string piece = fleet_->value("select piece_id from wm.piece");
  for (const char* const call :
       {R"(renew('{"claims")", R"(hand_back('{"claims")", R"(report('{"ends")"}) {
    ASSERT_EQ(liar_->error_of("begin; select wm." + std::string(call) + ": [{\"piece\": " + piece +
                              ", \"fence\": 1}]}')"),
              "");
    ASSERT_EQ(honest_->error_of("set lock_timeout = 1000"), "");
    EXPECT_EQ(array_of(honest_->call("renew", {{"claims", claims}}), "pieces").size(), 1U) << call;
    liar_->error_of("rollback");
  }
}

TEST_F(FleetSecurity, ANodeCannotFillTheDatabase) {
  add({"open"});
  json::array runs;
  for (int run = 0; run < 5; ++run) {
    runs.push_back({{"name", "open"},
                    {"run", run},
                    {"attempt", 1},
                    {"startedAt", "2026-01-01T00:00:00.000Z"},
                    {"outcome", "failed"},
                    {"record", json::object{}}});
  }
  fleet_->value("update wm.node_word set allowance = 100, allowed_at = now()");
  const json::object refused = liar_->call("report", {{"runs", runs}, {"each", json::array{}}});
  EXPECT_EQ(text_of(refused, "error").find("node liar reports more than"), 0U)
      << json::serialize(refused);
  EXPECT_EQ(fleet_->value("select count(*) from wm.run"), "0");
  fleet_->value("update wm.node_word set allowed_at = now() - interval '1 min'");
  EXPECT_EQ(number_of(liar_->call("report", {{"runs", runs}}), "runs"), 5);
  fleet_->value("delete from wm.node_word");
  EXPECT_EQ(text_of(liar_->call("report", {{"runs", runs}}), "error"),
            "node liar has not said hello")
      << "it would have no bound";
}

TEST_F(FleetSecurity, WhatDoesNotCountIsNoHeadline) {
  add({"open"});
  const json::array claims = honest_->claim();
  ASSERT_EQ(claims.size(), 1U);
  ASSERT_EQ(text_of(claims[0].as_object(), "name"), "secret");
  const json::array open = honest_->claim();
  ASSERT_EQ(open.size(), 1U);
  honest_->call("report", {{"runs", json::array{run_of(open[0].as_object(), 1)}},
                           {"ends", json::array{end_of(open[0].as_object(), 1)}}});
  json::object lie = run_of(open[0].as_object(), 9);
  lie["startedAt"] = "2026-02-02T00:00:00.000Z";
  lie["fence"] = 99;
  EXPECT_EQ(number_of(liar_->call("report", {{"runs", json::array{lie}}}), "runs"), 1);
  const std::string why = fleet_->wm_fleet({"why", "open"}).out;
  EXPECT_TRUE(why.starts_with("open has succeeded on honest, ")) << why;
}

TEST_F(FleetSecurity, TextsAreNoSql) {
  const std::string evil = "'; drop table wm.run; --";
  liar_->call("hello", {{"version", evil}, {"labels", {{evil, evil}}}});
  liar_->call("ask", {{"holds", 0}, {"custom", json::array{evil}}, {"want", 1}});
  liar_->call(
      "report",
      {{"each", json::array{json::object{
                    {"name", evil}, {"generation", 1}, {"state", evil}, {"missing", evil}}}}});
  const Output registered =
      fleet_->wm_fleet({"register-oneoff", evil, "--label", "os=" + evil, "--", "/bin/true"});
  EXPECT_EQ(registered.status, 0) << registered.err;
  EXPECT_EQ(fleet_->wm_fleet({"why", evil}).status, 0);
  EXPECT_EQ(fleet_->wm_fleet({"cancel", evil}).status, 0);
  EXPECT_EQ(fleet_->wm_fleet({"enroll", evil}).status, 2);
  EXPECT_EQ(fleet_->value("select to_regclass('wm.run') is not null"), "t");
}

TEST_F(FleetSecurity, NonsenseIsRefusedAndChangesNothing) {
  for (const char* const function : {"hello", "ask", "claim", "renew", "hand_back", "report"}) {
    for (const char* const said :
         {"[]", "7", "null", "\"x\"", R"({"claims": 7})", R"({"runs": {"a": 1}})",
          R"({"pieces": [99999999999999999999]})", R"({"labels": {"a": {"b": 1}}})",
          R"({"want": "many", "holds": -1})"}) {
      liar_->error_of(std::string("select wm.") + function + "('" + said + "')");
    }
  }
  EXPECT_EQ(honest_->offers().size(), 1U);
  EXPECT_EQ(fleet_->value("select count(*) from wm.run"), "0");
}

TEST_F(FleetSecurity, ReportsOfNonsenseSpoilNobodysQuestions) {
  add({"open"});
  liar_->error_of(R"(select wm.report('{"runs":[
    {"name":"open","run":1,"startedAt":"infinity","attempt":1,"outcome":"succeeded","record":{}},
    {"name":"open","run":2,"startedAt":"2026-01-01","attempt":-5,"outcome":"failed","record":{}},
    {"name":"open","run":3,"startedAt":"2026-01-01","attempt":1,"outcome":"failed","record":[1]},
    {"name":"open","run":4,"startedAt":"2026-01-01","attempt":1,"outcome":"failed","record":{},
     "log":[{"data":"no base64!"},5,null]},
    {"name":"open","run":5,"startedAt":"2026-01-01","attempt":1,"outcome":"failed","record":{},
     "log":[{"data":"Q"}]}]}'))");
  liar_->error_of(R"(select wm.ask('{"conditions":[1],"holds":-1}'))");
  for (const std::vector<std::string>& question :
       std::vector<std::vector<std::string>>{{"history"},
                                             {"history", "open"},
                                             {"show", "open"},
                                             {"why", "open"},
                                             {"logs", "open"},
                                             {"nodes"},
                                             {"list"}}) {
    const Output answer = fleet_->wm_fleet(question);
    EXPECT_EQ(answer.status, 0) << question[0] << answer.err;
  }
  EXPECT_EQ(fleet_->value("select string_agg(run::text || log::text, ' ') from wm.run"), "4[] 5[]");
}

TEST_F(FleetSecurity, ANodeCannotKeepItselfFromBeingRevoked) {
  liar_->error_of("select lo_create(0)");
  liar_->error_of("alter default privileges grant select on tables to public");
  const Output revoked = fleet_->wm_fleet({"revoke", "liar"});
  EXPECT_EQ(revoked.status, 0) << revoked.err;
  EXPECT_EQ(fleet_->value("select count(*) from pg_roles where rolname = 'wm_node_liar'"), "0");
}

TEST_F(FleetSecurity, ARevokedNodeIsOut) {
  ASSERT_EQ(fleet_->wm_fleet({"revoke", "liar"}).status, 0);
  EXPECT_NE(liar_->error_of("select 1"), "") << "its connection has ended";
  EXPECT_EQ(fleet_->value("select count(*) from pg_roles where rolname = 'wm_node_liar'"), "0");
  EXPECT_EQ(fleet_->wm_fleet({"enroll", "liar"}).status, 0);
}

TEST_F(FleetSecurity, APasswordIsInNoLogOfTheServer) {
  fleet_->value("alter system set log_statement = 'all'");
  fleet_->value("select pg_reload_conf()");
  const std::string conninfo = fleet_->enroll("logged");
  const std::string password = conninfo.substr(conninfo.find("password=") + 9);
  ASSERT_GE(password.size(), 24U);
  const Output found =
      run_program({"grep", "--count", password, (fleet_->path() / "log").string()});
  EXPECT_EQ(found.out, "0\n");
}

}  // namespace
}  // namespace wm::fleet
