// Lists that are longer than what the database gives at once.
#include <algorithm>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "fleet/work/fleet_file.h"
#include "tests/fleet/fleet_fixture.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

class FleetList : public FleetTest {
 protected:
  // Registers a job, and copies it until there are `count` jobs.
  void add_many(int count) {
    add({"first"});
    fleet_->value(
        "insert into wm.work (name, placement, labels, request, lease, hold)"
        " select 'copy' || n, placement, labels, request || jsonb_build_object('uniqueName',"
        " 'copy' || n), lease, hold from wm.work, generate_series(2, " +
        std::to_string(count) +
        ") n; insert into wm.piece (work_id, ordinal, alone, queue_id, due, enqueued_at, since,"
        " timing) select w.work_id, 1, true, p.queue_id, p.due, p.enqueued_at, p.since, p.timing"
        " from wm.piece p, wm.work w where w.name <> 'first'");
  }
};

TEST_F(FleetList, IsWholeHoweverLongItIs) {
  EXPECT_EQ(fleet_->json({"list"}), json::value(json::array{}));
  add_many(2500);
  const json::value listed = fleet_->json({"list"});
  ASSERT_EQ(listed.as_array().size(), 2500U);
  EXPECT_EQ(text_of(listed.as_array().back().as_object(), "name"), "first");
  const Output table = fleet_->wm_fleet({"list"});
  EXPECT_EQ(std::ranges::count(table.out, '\n'), 2501);
  const auto exported = parse_fleet_works(fleet_->wm_fleet({"export"}).out, "all.toml");
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_EQ(exported->size(), 2500U);
}

}  // namespace
}  // namespace wm::fleet
