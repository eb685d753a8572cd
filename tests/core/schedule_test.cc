#include "core/schedule.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

TEST(Jitter, LengthensABackoffByAPartThatDiffers) {
  Work work;
  work.id = 7;
  work.attempts = 1;
  EXPECT_EQ(spread(30s, {}, work), 0s);
  std::set<Duration> parts;
  for (std::uint64_t machine = 0; machine < 50; ++machine) {
    const Duration more = spread(30s, {0.2, machine}, work);
    EXPECT_GE(more, 0s);
    EXPECT_LT(more, 6s);
    EXPECT_EQ(more, spread(30s, {0.2, machine}, work)) << "the same each time it is asked";
    parts.insert(more);
  }
  EXPECT_GT(parts.size(), 25U);
  const Duration first = spread(30s, {1, 1}, work);
  work.attempts = 2;
  EXPECT_NE(spread(30s, {1, 1}, work), first);
  EXPECT_EQ(spread(kMaxBackoff, {1, 1}, work), 0s);
}

TEST(FirstDue, OneOffWorkIsDueAfterItsDelay) {
  WorkRequest request;
  EXPECT_EQ(first_due(request, kNow, nullptr), kNow);
  request.initial_delay = 5min;
  EXPECT_EQ(first_due(request, kNow, nullptr), kNow + 5min);
}

TEST(FirstDue, PeriodicWorkWithoutFlexIsDueAfterItsDelay) {
  WorkRequest request;
  request.kind = WorkKind::periodic;
  request.every = 1h;
  request.initial_delay = 5min;
  EXPECT_EQ(first_due(request, kNow, nullptr), kNow + 5min);
}

TEST(FirstDue, FlexIsTheEndOfThePeriod) {
  WorkRequest request;
  request.kind = WorkKind::periodic;
  request.every = 1h;
  request.flex = 15min;
  request.initial_delay = 5min;
  EXPECT_EQ(first_due(request, kNow, nullptr), kNow + 5min + 45min);
  request.flex = 1h;
  EXPECT_EQ(first_due(request, kNow, nullptr), kNow + 5min);
}

TEST(RetryDelay, LinearGrowsByItsBase) {
  const Backoff backoff{BackoffPolicy::linear, 30s};
  EXPECT_EQ(retry_delay(backoff, 1), 30s);
  EXPECT_EQ(retry_delay(backoff, 2), 60s);
  EXPECT_EQ(retry_delay(backoff, 599), 599 * 30s);
  EXPECT_EQ(retry_delay(backoff, 601), kMaxBackoff);
}

TEST(RetryDelay, ExponentialDoublesUntilFiveHours) {
  const Backoff backoff{BackoffPolicy::exponential, 30s};
  EXPECT_EQ(retry_delay(backoff, 1), 30s);
  EXPECT_EQ(retry_delay(backoff, 2), 60s);
  EXPECT_EQ(retry_delay(backoff, 10), 30s * 512);
  EXPECT_EQ(retry_delay(backoff, 11), kMaxBackoff);
}

TEST(RetryDelay, NeverOverflows) {
  for (const auto policy : {BackoffPolicy::linear, BackoffPolicy::exponential}) {
    EXPECT_EQ(retry_delay({policy, kMaxBackoff}, std::numeric_limits<int>::max()), kMaxBackoff);
    EXPECT_EQ(retry_delay({policy, 1ms}, std::numeric_limits<int>::max()), kMaxBackoff);
  }
}

// These are the figures of WorkManager's WorkSpec.calculateNextRunTime(), in milliseconds.

TEST(Android, BackoffOfAttempts1To30) {
  struct Row {
    BackoffPolicy policy;
    std::int64_t base;
    std::vector<std::int64_t> delays;  // For the attempts from 1 on; the last one repeats.
  };
  for (const Row& row : {
           Row{BackoffPolicy::exponential,
               30'000,
               {30'000, 60'000, 120'000, 240'000, 480'000, 960'000, 1'920'000, 3'840'000, 7'680'000,
                15'360'000, 18'000'000}},
           Row{BackoffPolicy::exponential,
               10'000,
               {10'000, 20'000, 40'000, 80'000, 160'000, 320'000, 640'000, 1'280'000, 2'560'000,
                5'120'000, 10'240'000, 18'000'000}},
           Row{BackoffPolicy::exponential, 18'000'000, {18'000'000}},
           Row{BackoffPolicy::linear, 18'000'000, {18'000'000}},
           Row{BackoffPolicy::linear, 7'000'000, {7'000'000, 14'000'000, 18'000'000}},
       }) {
    for (std::size_t attempt = 1; attempt <= 30; ++attempt) {
      const std::int64_t expected = row.delays[std::min(attempt, row.delays.size()) - 1];
      EXPECT_EQ(retry_delay({row.policy, Duration{row.base}}, static_cast<int>(attempt)),
                Duration{expected})
          << "attempt " << attempt;
    }
  }
  for (int attempt = 1; attempt <= 30; ++attempt) {
    EXPECT_EQ(retry_delay({BackoffPolicy::linear, 30s}, attempt), Duration{30'000 * attempt});
  }
}

TEST(Android, FirstAndLaterRunsOfPeriodicWork) {
  struct Row {
    std::int64_t initial_delay;
    std::int64_t every;
    std::int64_t flex;
    std::int64_t first;  // After enqueueing.
    std::int64_t later;  // After the end of the previous run.
  };
  for (const Row& row :
       {Row{0, 900'000, 0, 0, 900'000}, Row{0, 900'000, 900'000, 0, 900'000},
        Row{0, 900'000, 300'000, 600'000, 900'000}, Row{123'456, 900'000, 0, 123'456, 900'000},
        Row{123'456, 900'000, 300'000, 723'456, 900'000},
        Row{86'400'000, 3'600'001, 300'001, 89'700'000, 3'600'001}}) {
    Policy policy;
    policy.kind = WorkKind::periodic;
    policy.initial_delay = Duration{row.initial_delay};
    policy.every = Duration{row.every};
    policy.flex = Duration{row.flex};
    EXPECT_EQ(first_due(policy, kNow, nullptr), kNow + Duration{row.first});
    EXPECT_EQ(next_period(policy, kNow, kNow + 1h, nullptr), kNow + 1h + Duration{row.later});
  }
}

TEST(FixedCadence, IsTheFirstMultipleThatLiesAhead) {
  Policy policy;
  policy.kind = WorkKind::periodic;
  policy.cadence = Cadence::fixed;
  policy.every = 1h;
  policy.initial_delay = 5min;
  const auto next = [&](Duration after) {
    return next_period(policy, kNow, kNow + after, nullptr) - kNow;
  };
  EXPECT_EQ(next(5min), 65min) << "that is over";
  EXPECT_EQ(next(65min - 1ms), 65min);
  EXPECT_EQ(next(65min), 125min);
  EXPECT_EQ(next(100h), 100h + 5min) << "what was missed is missed once";
  EXPECT_EQ(next(-1h), -55min) << "before it was enqueued, as the clock now says";
}

TEST(MissedPeriods, AreThoseThatWereOverBeforeTheStart) {
  Policy policy;
  EXPECT_EQ(missed_periods(policy, kNow, kNow + 5h, nullptr), 0) << "one-off work has none";
  policy.kind = WorkKind::periodic;
  policy.every = 1h;
  EXPECT_EQ(missed_periods(policy, kNow, kNow, nullptr), 0);
  EXPECT_EQ(missed_periods(policy, kNow, kNow + 59min, nullptr), 0);
  EXPECT_EQ(missed_periods(policy, kNow, kNow + 5h, nullptr), 5);
  policy.every = {};
  policy.calendar = "@hourly";
  EXPECT_EQ(missed_periods(policy, kNow, kNow + 59min, nullptr), 0);
  EXPECT_EQ(missed_periods(policy, kNow, kNow + 5h, nullptr), 5);
}

}  // namespace
}  // namespace wm
