// Fleet work without a database: labels, needs, leases, files, and what a run's end means.
#include <csignal>
#include <sstream>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/schedule.h"
#include "fleet/work/fleet_file.h"
#include "fleet/work/local_work.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

Constraints on_external_power() {
  Constraints constraints;
  constraints.set(Constraint::charging);
  return constraints;
}

constexpr TimePoint kNow{std::chrono::milliseconds{1'800'000'000'000}};

TEST(Label, IsAKeyAndAValue) {
  EXPECT_EQ(parse_label("site=berlin").value(),
            (std::pair<std::string, std::string>{"site", "berlin"}));
  EXPECT_EQ(parse_label("note=a=b").value().second, "a=b");
  EXPECT_EQ(parse_label("empty=").value().second, "");
  for (const char* const bad : {"", "=", "=x", "site", "a b=c", "k=\n"}) {
    EXPECT_FALSE(parse_label(bad)) << bad;
  }
  EXPECT_FALSE(parse_labels({"a=1", "a=2"}));
}

TEST(Lease, EndsHereBeforeItEndsElsewhere) {
  for (const Duration lease : {Duration{2s}, Duration{4s}, Duration{60s}, Duration{24h}}) {
    for (const std::optional<Duration> grace :
         {std::optional<Duration>{}, std::optional<Duration>{0ms}, std::optional<Duration>{1h}}) {
      const LeaseTimes times = lease_times(lease, grace);
      EXPECT_LT(times.watchdog + times.grace, lease);
      EXPECT_GE(lease - times.watchdog - times.grace, lease / 8);
      // A renewal that takes as long as the pause before it still comes in time.
      EXPECT_LE(2 * times.renew_after, times.watchdog + times.grace);
      EXPECT_LT(times.renew_after, times.watchdog);
    }
  }
}

TEST(Needs, AreBitsOfWhatIsNamed) {
  Constraints constraints;
  EXPECT_EQ(needs_of(constraints), 0U);
  constraints.network = NetworkType::unmetered;
  constraints.set(Constraint::charging);
  EXPECT_EQ(needs_of(constraints), (1U << 1) | (1U << 4));
  constraints.between = {parse_window("01:00-02:00").value()};
  EXPECT_EQ(needs_of(constraints) & kJudged, kJudged);
}

Claim claim_of(WorkRequest request) {
  Claim claim;
  claim.piece = 7;
  claim.fence = 3;
  claim.name = request.unique_name = "job";
  claim.request = std::move(request);
  claim.row = new_work(claim.request, kNow, nullptr);
  return claim;
}

WorkRequest request_of(WorkKind kind) {
  WorkRequest request;
  request.kind = kind;
  request.unique_name = "job";
  request.command = {"/bin/true"};
  return request;
}

TEST(EndOfAClaim, IsAsTheSchedulerDecides) {
  const Claim claim = claim_of(request_of(WorkKind::oneoff));
  EXPECT_EQ(number_of(end_of(claim, {RunOutcome::succeeded, 0, {}, {}, ""}, kNow), "state"), 1);
  EXPECT_EQ(number_of(end_of(claim, {RunOutcome::failed, 1, {}, {}, ""}, kNow), "state"), 2);
  const json::object retry = end_of(claim, {RunOutcome::retry, 75, {}, {}, ""}, kNow);
  EXPECT_EQ(number_of(retry, "state"), 0);
  EXPECT_EQ(number_of(retry, "attempts"), 1);
  EXPECT_EQ(time_of(retry, "due"), kNow + retry_delay(Backoff{}, 1));
}

TEST(EndOfAClaim, CountsItsAttempts) {
  WorkRequest request = request_of(WorkKind::oneoff);
  request.max_attempts = 2;
  Claim claim = claim_of(request);
  const RunResult retry{RunOutcome::retry, 75, {}, {}, ""};
  EXPECT_EQ(result_of(claim, retry), retry);
  claim.row.attempts = 1;
  EXPECT_EQ(result_of(claim, retry).outcome, RunOutcome::failed);
  EXPECT_EQ(result_of(claim, retry).reason, "attempt 2 of 2 was the last");
  EXPECT_EQ(number_of(end_of(claim, result_of(claim, retry), kNow), "state"), 2);
  const RunResult without_lease{RunOutcome::retry, {}, SIGTERM, StopReason::watchdog, ""};
  EXPECT_EQ(result_of(claim, without_lease).outcome, RunOutcome::interrupted);
  EXPECT_EQ(result_of(claim, without_lease).reason, "its lease was not renewed in time");
}

TEST(EndOfAClaim, OpensTheNextPeriod) {
  WorkRequest request = request_of(WorkKind::periodic);
  request.every = 1h;
  const json::object end =
      end_of(claim_of(request), {RunOutcome::failed, 1, {}, {}, ""}, kNow + 5min);
  EXPECT_EQ(number_of(end, "state"), 0);
  EXPECT_EQ(number_of(end, "periods"), 1);
  EXPECT_EQ(time_of(end, "due"), kNow + 5min + 1h);
}

TEST(LocalClaim, IsOneRunThatNeedsItsLease) {
  WorkRequest request = request_of(WorkKind::periodic);
  request.every = 1h;
  request.max_attempts = 5;
  const Claim claim = claim_of(request);
  const WorkRequest local = local_claim(claim, "n1");
  EXPECT_EQ(local.unique_name, "fleet/job");
  EXPECT_EQ(local.kind, WorkKind::oneoff);
  EXPECT_EQ(local.every, Duration::zero());
  EXPECT_EQ(local.backoff_delay, kMaxBackoff) << "its next attempt is the fleet's to place";
  EXPECT_TRUE(local.while_kept_alive);
  EXPECT_GT(local.watchdog, Duration::zero());
  EXPECT_EQ(local.env.at("FLEET_FENCE"), "3");
  EXPECT_EQ(local.env.at("FLEET_NODE"), "n1");
  const auto origin = origin_of(to_json(local));
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->piece, 7);
  EXPECT_EQ(origin->fence, 3);
}

TEST(LocalClaim, HasWhatIsLeftOfTheDeadline) {
  WorkRequest request = request_of(WorkKind::oneoff);
  request.deadline = 1h;
  Claim claim = claim_of(request);
  claim.deadline_left = 10min;
  EXPECT_EQ(local_claim(claim, "n1").deadline, Duration{10min});
  claim.deadline_left = -10min;
  EXPECT_EQ(local_claim(claim, "n1").deadline, Duration{1ms}) << "it runs at once";
}

TEST(FleetWork, SaysWhatToDoInsteadOfWhatOneNodeAloneCanDo) {
  FleetWork work;
  const auto says = [&](const std::string& text) {
    work.request.unique_name = "job";
    work.request.command = {"/bin/true"};
    work.placement = Placement::any;
    const auto valid = validate(work);
    ASSERT_FALSE(valid) << text;
    EXPECT_EQ(valid.error().message, text);
    work.placement = Placement::each;
    EXPECT_TRUE(validate(work)) << text;
    work.request = {};
  };
  work.request.prerequisites = {"other"};
  says("--after is for --each: the other may run on another node; make one command of both");
  work.request.trigger.paths = {"/srv/in/*"};
  says("--on-path is for --each: a file is on one node; give --each and a --label of that node");
  work.request.prefer = {{on_external_power(), 1h}};
  says("--prefer is for --each: demand it, and give --deadline for when it no longer matters");
  work.request.expedited = true;
  says("--expedited is for --each: its budget is each node's own; give --priority instead");
  work.request.watchdog = 1min;
  says("--watchdog is for --each: a claim is watched by its lease; give --time-limit instead");
  work.request.deadline = 1h;
  work.request.unique_name = "job";
  work.request.command = {"/bin/true"};
  work.placement = Placement::any;
  EXPECT_TRUE(validate(work));
}

TEST(FleetFile, IsReadAsItIsWritten) {
  const auto read = parse_fleet_works(R"([[work]]
name = "a"
command = ["restic", "backup"]
each = true
labels = { site = "berlin" }

[[work]]
name = "b"
task = "clean"
every = "1d"
count = 3
lease = "10s"
hold = "0s"
)",
                                      "work.toml");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].work.placement, Placement::each);
  EXPECT_EQ((*read)[1].work.placement, Placement::count);
  std::ostringstream written;
  for (const DeclaredFleetWork& one : *read) {
    json::object document = registration(one.work, "update", true, kNow, nullptr);
    document["leaseMs"] = one.work.lease.count();
    document["holdMs"] = one.work.hold.count();
    write_fleet_work(written, document);
  }
  const auto again = parse_fleet_works(written.str(), "again.toml");
  ASSERT_TRUE(again) << again.error().message << written.str();
  ASSERT_EQ(again->size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ((*again)[i].work, (*read)[i].work);
}

TEST(FleetWork, HasAName) {
  FleetWork work;
  work.request = request_of(WorkKind::oneoff);
  EXPECT_TRUE(validate(work));
  work.request.unique_name.clear();
  EXPECT_FALSE(validate(work));
}

TEST(FleetFile, SaysWhereItIsWrong) {
  const auto error = [](const std::string& line) {
    const auto read =
        parse_fleet_works("[[work]]\nname = \"a\"\ncommand = [\"x\"]\n" + line + "\n", "w.toml");
    return read ? "" : read.error().message;
  };
  EXPECT_NE(error("count = 0").find("w.toml: line 4"), std::string::npos) << error("count = 0");
  EXPECT_NE(error("each = true\nany = true"), "");
  EXPECT_NE(error("labels = { \"a b\" = \"c\" }"), "");
  EXPECT_NE(error("after = [\"b\"]").find("--each"), std::string::npos) << error("after = [\"b\"]");
  EXPECT_NE(error("lease = \"1s\"").find("2s"), std::string::npos);
}

}  // namespace
}  // namespace wm::fleet
