// The schema's versions: from the first one with rows in it to today's, and to ones that are made
// up.
#include <thread>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "fleet/database/migrations.h"
#include "tests/fleet/fleet_fixture.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

// What a node, an administrator and two runs leave behind, in the words of the first version.
constexpr const char* kRows = R"(
create role wm_node_old login in role wm_node;
insert into wm.node (name, role, given, labels)
  values ('old', 'wm_node_old', '{"site": "berlin"}', '{"site": "berlin"}'),
         ('gone', 'wm_node_gone', '{}', '{}');
update wm.node set revoked_at = now() where name = 'gone';
insert into wm.node_word (node_id, version, holds, cursor) values (1, '0.1.0', 255, '2026-01-01');
insert into wm.queue (needs, custom, labels, priority)
  values (0, '{}', '{}', 0), (16, '{vpn}', '{"site": "berlin"}', 5);
insert into wm.work (name, placement, count, labels, request, lease, hold)
  select name, placement, count, labels,
      jsonb_build_object('uniqueName', name, 'kind', 'oneoff', 'command', '["/bin/true"]'::jsonb),
      '60 s', '60 s'
    from (values ('any', 'any', 1, '{}'::jsonb), ('each', 'each', 1, '{}'),
                 ('count', 'count', 2, '{"site": "berlin"}'), ('done', 'any', 1, '{}'))
      as w (name, placement, count, labels);
insert into wm.piece (work_id, ordinal, alone, queue_id, state, due, enqueued_at, since, timing,
                      fence, node_id, until, running)
  values (1, 1, true, 1, 0, '2026-01-01', '2026-01-01', '2026-01-01', 0, 7, 1, '2100-01-01', true),
         (3, 1, false, 2, 0, '2026-01-01', '2026-01-01', '2026-01-01', 0, 0, null, null, false),
         (3, 2, false, 2, 0, '2026-01-01', '2026-01-01', '2026-01-01', 0, 0, null, null, false),
         (4, 1, true, 1, 1, '2026-01-01', '2026-01-01', '2026-01-01', 0, 1, 2, null, false);
insert into wm.run (work_id, node_id, run, started_at, piece_id, fence, attempt, finished_at,
                    outcome, record)
  values (4, 2, 1, '2026-01-01', 4, 1, 1, '2026-01-01', 'succeeded', '{"exitCode": 0}'),
         (2, 1, 1, '2026-01-02', null, null, 1, '2026-01-02', 'failed', '{"exitCode": 3}');
insert into wm.each_word (node_id, work_id, generation, state) values (1, 2, 1, 'failed');
update wm.change set number = 42;
)";

constexpr std::string_view kNote = "alter table wm.work add column note text not null default 'x'";

class FleetMigration : public FleetTest {
 protected:
  void SetUp() override {
    if (!TestDatabase::is_installed()) GTEST_SKIP() << "PostgreSQL is not installed";
    fleet_.emplace(true);
  }

  std::unique_ptr<Database> connect() const {
    return std::move(*Database::connect(fleet_->address() + " user=admin"));
  }

  Result<Migrated> migrate_to(const Schema& schema) const {
    return migrate(*connect(), true, schema);
  }

  // Today's versions and these after them.
  static std::vector<std::string_view> and_then(const std::vector<std::string_view>& more) {
    std::vector<std::string_view> all(kMigrations.begin(), kMigrations.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  void make_first_version() {
    const auto made = migrate_to({std::span(kMigrations).first(1), "select 1"});
    ASSERT_TRUE(made) << made.error().message;
    fleet_->value(kRows);
  }

  // All rows, as far as the first version knows of them.
  std::string rows() {
    return fleet_->value(R"(
      select jsonb_build_array(
        (select jsonb_agg(jsonb_build_array(name, role, given, labels, revoked_at is null)
                          order by node_id) from wm.node),
        (select jsonb_agg(jsonb_build_array(name, placement, count, labels, request, lease, hold,
                                            generation) order by work_id) from wm.work),
        (select jsonb_agg(jsonb_build_array(work_id, ordinal, state, due, fence, node_id, until,
                                            running) order by piece_id) from wm.piece),
        (select jsonb_agg(jsonb_build_array(work_id, node_id, run, started_at, outcome, record)
                          order by started_at) from wm.run),
        (select jsonb_agg(jsonb_build_array(node_id, work_id, generation, state))
           from wm.each_word),
        (select number from wm.change)))");
  }

  std::string version() { return fleet_->value("select max(version) from wm.migration"); }
};

TEST_F(FleetMigration, TheFirstSchemaKeepsItsRowsAndGoesOn) {
  make_first_version();
  const std::string before = rows();

  const Output migrated = fleet_->wm_fleet({"migrate"});
  ASSERT_EQ(migrated.status, 0) << migrated.err;
  EXPECT_EQ(version(), std::to_string(kMigrations.size()));
  EXPECT_EQ(rows(), before);

  EXPECT_EQ(fleet_->json({"list", "--all"}).as_array().size(), 4U);
  EXPECT_EQ(fleet_->json({"history"}).as_array().size(), 2U);
  EXPECT_EQ(text_of(fleet_->json({"show", "any"}).as_object(), "state"), "running");
  fleet_->value("alter role wm_node_old password 'old'");
  NodeCaller old(fleet_->address() + " user=wm_node_old password=old");
  const json::array claims{{{"piece", 1}, {"fence", 7}, {"running", true}}};
  const json::object hello =
      old.call("hello", {{"version", "0.1.0"}, {"labels", json::object{}}, {"claims", claims}});
  EXPECT_EQ(text_of(hello, "cursor"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(array_of(hello, "claims").size(), 1U);
  EXPECT_EQ(array_of(old.call("renew", {{"claims", claims}}), "pieces").size(), 1U);
  EXPECT_EQ(old.call("ask", {{"holds", 255}, {"custom", {"vpn"}}, {"want", 4}, {"take", true}})
                .at("claims")
                .as_array()
                .size(),
            1U)
      << "one piece of work with a count is for one node";
}

TEST_F(FleetMigration, AnotherVersionComesAfterTodaysWithItsFunctions) {
  make_first_version();
  const std::string before = rows();
  const std::vector<std::string_view> two = and_then({kNote});
  const int newest = static_cast<int>(two.size());

  const auto migrated = migrate_to({two,
                                    "create function wm.note() returns text language sql as "
                                    "'select max(note) from wm.work'"});
  ASSERT_TRUE(migrated) << migrated.error().message;
  EXPECT_EQ(migrated->from, 1);
  EXPECT_EQ(migrated->to, newest);
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(fleet_->value("select wm.note()"), "x");
  EXPECT_EQ(fleet_->value("select string_agg(version::text, ' ' order by version) from "
                          "wm.migration"),
            fleet_->value("select string_agg(n::text, ' ') from generate_series(1, " +
                          std::to_string(newest) + ") n"));

  const auto again = migrate_to({two, "select 1"});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->from, newest);
  const Output back = fleet_->wm_fleet({"migrate"});
  EXPECT_EQ(back.status, 6);
  EXPECT_NE(back.err.find("install a newer one"), std::string::npos) << back.err;
}

TEST_F(FleetMigration, OneThatFailsLeavesAllAsItWas) {
  ASSERT_TRUE(migrate_to({}));
  const std::string functions = fleet_->value(
      "select string_agg(oid::regprocedure::text, ' ' order by oid) from pg_proc where "
      "pronamespace = 'wm'::regnamespace");
  const auto is_unchanged = [&] {
    EXPECT_EQ(version(), std::to_string(kMigrations.size()));
    EXPECT_EQ(fleet_->value("select count(*) from pg_attribute where attrelid = "
                            "'wm.work'::regclass and attname = 'note'"),
              "0");
    EXPECT_EQ(fleet_->value("select string_agg(oid::regprocedure::text, ' ' order by oid) from "
                            "pg_proc where pronamespace = 'wm'::regnamespace"),
              functions);
  };
  const auto database = connect();
  const auto broken = and_then({kNote, "alter table wm.nothing add column note text"});
  EXPECT_FALSE(migrate(*database, true, {broken, kFunctions}));
  is_unchanged();
  const auto sound = and_then({kNote});
  const std::string bad_functions = std::string(kFunctions) + ";select wm.nothing()";
  EXPECT_FALSE(migrate(*database, true, {sound, bad_functions}));
  is_unchanged();

  EXPECT_TRUE(migrate(*database, true, {sound, kFunctions})) << "the connection can go on";
}

TEST_F(FleetMigration, OneThatFailsInAnEmptyDatabaseLeavesItEmpty) {
  const auto broken = and_then({"select 1/0"});
  EXPECT_FALSE(migrate_to({broken, kFunctions}));
  EXPECT_EQ(fleet_->value("select to_regnamespace('wm') is null"), "t");
  const Output refused = fleet_->wm_fleet({"migrate"});
  EXPECT_NE(refused.err.find("wm-fleet init"), std::string::npos) << refused.err;
}

TEST_F(FleetMigration, SeveralAtOnceComeOneAfterTheOther) {
  constexpr std::size_t kAtOnce = 4;
  const auto two = and_then({kNote});
  std::vector<std::unique_ptr<Database>> connections;
  for (std::size_t i = 0; i < kAtOnce; ++i) connections.push_back(connect());
  std::vector<std::string> errors(kAtOnce);
  std::vector<int> from(kAtOnce);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      threads.emplace_back([&, i] {
        const auto done = migrate(*connections[i], true, {two, kFunctions});
        if (done) from[i] = done->from;
        if (!done) errors[i] = done.error().message;
      });
    }
  }
  EXPECT_EQ(errors, std::vector<std::string>(kAtOnce));
  EXPECT_EQ(std::ranges::count(from, 0), 1);
  EXPECT_EQ(version(), std::to_string(two.size()));
}

TEST_F(FleetMigration, AnAgentWorksWithTheNextVersionAndSaysThatItDoesNotWithTheOneAfter) {
  ASSERT_TRUE(migrate_to({}));
  watch_changes();
  TestNode& before = add_node("before");
  const auto is_connected = [&] { return text_of(before.status(), "database") == "connected"; };
  ASSERT_TRUE(becomes(is_connected));
  const auto next = and_then({kNote});
  const auto done = migrate_to({next, kFunctions});
  ASSERT_TRUE(done) << done.error().message;
  add({"one"});
  EXPECT_EQ(wait("one"), 0) << "an agent that was connected goes on";
  before.kill_agent();
  before.start_agent();
  add({"two"});
  EXPECT_EQ(wait("two"), 0) << "one that comes later works";

  const auto after = and_then({kNote, "alter table wm.work drop column note"});
  ASSERT_TRUE(migrate_to({after, kFunctions}));
  before.kill_agent();
  before.start_agent();
  EXPECT_TRUE(becomes([&] { return text_of(before.status(), "database") == "refused"; }));
  EXPECT_NE(text_of(before.status(), "databaseProblem").find("install a newer one"),
            std::string::npos);
}

TEST_F(FleetMigration, AnAgentSaysThatTheSchemaIsOlderThanItself) {
  ASSERT_TRUE(migrate_to({}));
  watch_changes();
  fleet_->value("update wm.migration set version = 0 where version = " +
                std::to_string(kMigrations.size()));
  TestNode& a = add_node("a");
  EXPECT_TRUE(becomes([&] { return text_of(a.status(), "database") == "refused"; }));
  EXPECT_NE(text_of(a.status(), "databaseProblem").find("wm-fleet migrate"), std::string::npos);
}

}  // namespace
}  // namespace wm::fleet
