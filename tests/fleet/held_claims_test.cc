// The claims of a node, without a node: renewals, what is handed back, and what is recovered.
#include "fleet/agent/held_claims.h"

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "core/request_json.h"
#include "fleet/agent/asking.h"
#include "fleet/agent/hint_pause.h"
#include "fleet/agent/retry_pause.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

constexpr Duration kSent = 1000s;

json::object document(std::int64_t piece, std::int64_t fence, const std::string& name) {
  WorkRequest request;
  request.unique_name = name;
  request.command = {"true"};
  return {{"piece", piece},
          {"fence", fence},
          {"name", name},
          {"generation", 1},
          {"leaseMs", 60'000},
          {"holdMs", 5'000},
          {"request", to_json(request)}};
}

Claim claim_of(std::int64_t piece, std::int64_t fence, const std::string& name) {
  return claim_from_json(document(piece, fence, name)).value();
}

TEST(HeldClaims, AreRenewedATimeAfterTheRenewalWasSent) {
  HeldClaims held;
  EXPECT_FALSE(held.next_time());
  held.add(claim_of(1, 7, "a"), kSent);
  EXPECT_EQ(held.next_time(), kSent + 20s);
  EXPECT_FALSE(held.renewal_is_due(kSent + 20s - 1ms));
  EXPECT_TRUE(held.renewal_is_due(kSent + 20s));

  EXPECT_TRUE(held.renew({1}, kSent + 21s).empty());

  EXPECT_EQ(held.next_time(), kSent + 41s);
}

TEST(HeldClaims, ThatARenewalDoesNotKeepAreLost) {
  HeldClaims held;
  held.add(claim_of(1, 7, "a"), kSent);
  held.add(claim_of(2, 8, "b"), kSent);
  held.find("a")->set_state("running", kSent);
  held.find("b")->set_state("running", kSent);

  held.recover("done", Origin{3, 9, 0}, "succeeded", "job-done", kSent);

  EXPECT_EQ(held.renew({2}, kSent + 20s), std::vector<std::string>{"a"})
      << "and the third has nothing to stop";

  EXPECT_TRUE(held.find("a")->lost);
  ASSERT_EQ(held.leases().size(), 1U);
  EXPECT_EQ(number_of(held.leases()[0].as_object(), "piece"), 2);
  const auto fed = held.by_renewal();
  ASSERT_EQ(fed.size(), 1U);
  EXPECT_EQ(fed.begin()->first, kSent + 20s);
  EXPECT_EQ(fed.begin()->second, std::vector<std::string>{"b"});
  EXPECT_FALSE(held.renewal_is_due(kSent + 39s)) << "of the lost one";
  EXPECT_EQ(held.next_time(), kSent + 40s) << "not of the lost one";
}

TEST(HeldClaims, AreHandedBackOnceTheirJobsHaveWaited) {
  HeldClaims held;
  held.add(claim_of(1, 7, "a"), kSent);
  held.find("a")->set_state("enqueued", kSent);
  held.find("a")->set_state("enqueued", kSent + 3s);
  EXPECT_EQ(held.next_time(), kSent + 5s);
  EXPECT_TRUE(held.to_hand_back(kSent + 5s - 1ms).empty());
  EXPECT_EQ(held.to_hand_back(kSent + 5s), std::vector<std::string>{"a"});

  held.find("a")->set_state("running", kSent + 4s);
  EXPECT_TRUE(held.to_hand_back(kSent + 10s).empty());

  held.find("a")->set_state("enqueued", kSent + 8s);
  EXPECT_TRUE(held.to_hand_back(kSent + 10s).empty()) << "it has waited only since then";
  held.renew({}, kSent + 9s);
  EXPECT_TRUE(held.to_hand_back(kSent + 20s).empty()) << "it is not ours";
}

TEST(HeldClaims, WhoseLeaseWasOverAreHandedBackAtOnce) {
  constexpr Duration kWatchdog = 42500ms;
  HeldClaims held;
  held.add(claim_of(1, 7, "a"), kSent);
  held.add(claim_of(2, 7, "b"), kSent);
  for (const char* const name : {"a", "b"}) held.find(name)->set_state("running", kSent);

  held.find("b")->set_state("enqueued", kSent + kWatchdog - 1ms);
  held.find("a")->set_state("enqueued", kSent + kWatchdog);
  held.renew({1, 2}, kSent + kWatchdog);

  EXPECT_EQ(held.to_hand_back(kSent + kWatchdog), std::vector<std::string>{"a"});
  EXPECT_EQ(held.to_hand_back(kSent + kWatchdog + 5s), (std::vector<std::string>{"a", "b"}));
}

TEST(HeldClaims, HaveAMomentToStartEvenIfTheyMayNotWait) {
  HeldClaims held;
  Claim claim = claim_of(1, 7, "a");
  claim.hold = 0s;
  held.add(std::move(claim), kSent);
  held.find("a")->set_state("enqueued", kSent);
  EXPECT_TRUE(held.to_hand_back(kSent + 1s).empty());
  EXPECT_FALSE(held.to_hand_back(kSent + 2s).empty());
}

TEST(HeldClaims, ThatAreRecoveredAreOursIfTheDatabaseSaysSo) {
  HeldClaims held;
  held.recover("a", Origin{1, 7, 0}, "running", "job-a", kSent);
  held.recover("b", Origin{2, 8, 0}, "running", "job-b", kSent);
  held.recover("c", Origin{3, 9, 0}, "succeeded", "job-c", kSent);
  EXPECT_TRUE(held.renewal_is_due(kSent)) << "nobody knows since when the leases count";
  EXPECT_TRUE(held.by_renewal().empty());

  EXPECT_EQ(held.confirm({document(1, 7, "a")}), std::vector<std::string>{"b"})
      << "and the third has nothing to stop";

  EXPECT_FALSE(held.find("a")->unknown);
  EXPECT_EQ(held.find("a")->claim.hold, Duration{5s});
  EXPECT_TRUE(held.find("b")->lost);
  EXPECT_TRUE(held.find("c")->lost);
  EXPECT_TRUE(held.confirm({document(1, 7, "a")}).empty()) << "said once";
}

// The daemon was restarted while the agent asked it to register the second claim of that work.
TEST(HeldClaims, WithAnotherFenceThanTheDaemonsAreNotThere) {
  HeldClaims held;
  held.add(claim_of(1, 8, "a"), kSent);

  held.recover("a", Origin{1, 7, 0}, "running", "job-7", kSent);

  EXPECT_TRUE(held.find("a")->unknown);
  EXPECT_EQ(held.find("a")->claim.fence, 7);
  EXPECT_TRUE(held.renewal_is_due(kSent));
}

TEST(HeldClaims, KeepWhatIsKnownIfTheDaemonComesBack) {
  HeldClaims held;
  held.add(claim_of(1, 7, "a"), kSent);
  held.add(claim_of(2, 7, "b"), kSent);
  held.recover("a", Origin{1, 7, 0}, "running", "job-a", kSent + 5s);

  held.keep_only({"a"});

  ASSERT_EQ(held.size(), 1U) << "the daemon has lost the other one";
  EXPECT_FALSE(held.find("a")->unknown);
  EXPECT_EQ(held.find("a")->claim.hold, Duration{5s});
  EXPECT_EQ(held.next_time(), kSent + 20s);
}

TEST(HeldClaims, AreKnownByTheirJobsAfterTheyAreDropped) {
  HeldClaims held;
  held.add(claim_of(1, 7, "a"), kSent);
  held.find("a")->id = "job-a";
  held.drop("a");
  EXPECT_FALSE(held.contains("a"));
  EXPECT_TRUE(held.is_former("a", "job-a"));
  EXPECT_FALSE(held.is_former("a", "job-b"));
  EXPECT_FALSE(held.is_former("b", "job-a"));
}

TEST(HeldClaims, WorkThatIsHeldOrDeclinedIsNotTaken) {
  HeldClaims held;
  held.add(claim_of(1, 7, "a"), kSent);
  held.decline("b", kSent + 30s);
  EXPECT_EQ(held.wanted_again(), kSent + 30s);
  EXPECT_FALSE(held.wants("a", kSent));
  EXPECT_FALSE(held.wants("b", kSent + 29s));
  EXPECT_TRUE(held.wants("b", kSent + 30s));
  EXPECT_TRUE(held.wants("c", kSent));
  EXPECT_EQ(held.unwanted(kSent), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(held.unwanted(kSent + 30s), std::vector<std::string>{"a"});
  EXPECT_FALSE(held.wanted_again());
}

TEST(Asking, IsRarerInALargeFleet) {
  EXPECT_EQ(between_questions(1, true), Duration{30s});
  EXPECT_EQ(between_questions(300, true), Duration{30s});
  EXPECT_EQ(between_questions(1'000, true), Duration{100s});
  EXPECT_EQ(between_questions(100'000, true), Duration{150s});
  EXPECT_EQ(between_questions(100'000, false), Duration{30s}) << "nothing else tells it";
  EXPECT_EQ(crowd_of(1), Duration{1ms});
  EXPECT_EQ(crowd_of(1'000), Duration{1s});
  EXPECT_EQ(crowd_of(100'000), Duration{10s});
  EXPECT_EQ(spread_of(1), Duration{250ms});
  EXPECT_EQ(spread_of(1'000), Duration{10s});
  EXPECT_EQ(spread_of(100'000), Duration{1min});
}

TEST(HintPause, GrowsWhileHintsLeadToNothing) {
  HintPause pause;
  EXPECT_EQ(pause.follow(kSent), kSent) << "at once";
  Duration now = kSent;
  Duration gap{};
  for (int i = 0; i < 20; ++i) {
    pause.asked(now, true);
    const Duration next = pause.follow(now);
    EXPECT_EQ(next - now, std::min<Duration>(2s, std::max<Duration>(10ms, 2 * gap)));
    gap = next - now;
    now = next;
  }
  EXPECT_EQ(gap, Duration{2s});
  EXPECT_EQ(pause.follow(now + 5s), now + 5s) << "it has paused for longer than that";

  pause.asked(now, false);
  EXPECT_EQ(pause.follow(now), now) << "there may be more";
}

TEST(HintPause, BeginsAnewAfterACalm) {
  HintPause pause;
  for (int i = 0; i < 20; ++i) pause.asked(kSent, true);
  pause.asked(kSent + 30s, true);
  EXPECT_EQ(pause.follow(kSent + 30s), kSent + 30s + 10ms);
}

TEST(RetryPause, GrowsToItsBound) {
  std::mt19937_64 random{1};
  RetryPause pause(500ms, 30s);
  EXPECT_EQ(pause.end(), Duration::zero()) << "at once";
  Duration most{};
  for (int i = 0; i < 100; ++i) {
    pause.begin(kSent, random);
    const Duration length = pause.end() - kSent;
    if (i == 0) {
      EXPECT_GE(length, 250ms);
      EXPECT_LE(length, 750ms);
    }
    EXPECT_LE(length, 45s);
    most = std::max(most, length);
  }
  EXPECT_GT(most, 30s);

  pause.succeeded();
  pause.begin(kSent, random);
  EXPECT_LE(pause.end() - kSent, 750ms);
}

TEST(OriginsOfRuns, AreThoseOfTheirJobsAndNotOfTheirNames) {
  Origins origins;
  origins.add("a", "first", {1, 1, 0});
  origins.add("a", "second", {2, 1, 0});
  origins.add("b", "third", {3, 5, 0});
  ASSERT_NE(origins.find("a", "first"), nullptr);
  EXPECT_EQ(origins.find("a", "first")->piece, 1);
  EXPECT_EQ(origins.find("a", "second")->piece, 2);
  EXPECT_EQ(origins.find("a", "third"), nullptr);
  EXPECT_EQ(origins.find("b", "third")->fence, 5);
}

}  // namespace
}  // namespace wm::fleet
