#include "core/schedule.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

const TimePoint kNow{Days{20'000}};

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

}  // namespace
}  // namespace wm
