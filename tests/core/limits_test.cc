#include "core/limits.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

WorkRequest request() {
  WorkRequest plain;
  plain.unique_name = "a";
  plain.task_name = "task";
  return plain;
}

WorkRequest periodic(Duration every) {
  WorkRequest work = request();
  work.kind = WorkKind::periodic;
  work.every = every;
  return work;
}

// The error's sentence, or nothing.
std::string problem(const WorkRequest& work) {
  const auto valid = validate(work, {});
  return valid ? "" : valid.error().message;
}

TEST(Limits, PeriodsFromFifteenMinutesToTenYears) {
  EXPECT_EQ(problem(periodic(15min)), "");
  EXPECT_EQ(problem(periodic(kMaxDuration)), "");
  EXPECT_EQ(problem(periodic(15min - 1ms)),
            "period 14m59s999ms is under the minimum of 15m (limits.min_period)");
  EXPECT_NE(problem(periodic(kMaxDuration + 1ms)), "");
  EXPECT_NE(problem(periodic(0ms)), "");
}

TEST(Limits, FlexFromFiveMinutesToThePeriod) {
  WorkRequest work = periodic(1h);
  for (const Duration flex : {Duration{5min}, Duration{1h}}) {
    work.flex = flex;
    EXPECT_EQ(problem(work), "");
  }
  for (const Duration flex : {Duration{5min} - 1ms, Duration{1h} + 1ms}) {
    work.flex = flex;
    EXPECT_NE(problem(work), "");
  }
}

TEST(Limits, OnlyPeriodicWorkHasAPeriod) {
  WorkRequest work = request();
  work.every = 1h;
  EXPECT_NE(problem(work), "");
}

TEST(Limits, BackoffFromTenSecondsToFiveHours) {
  WorkRequest work = request();
  for (const Duration delay : {Duration{10s}, Duration{5h}}) {
    work.backoff = {BackoffPolicy::linear, delay};
    EXPECT_EQ(problem(work), "");
  }
  for (const Duration delay : {Duration{10s} - 1ms, Duration{5h} + 1ms}) {
    work.backoff = {BackoffPolicy::linear, delay};
    EXPECT_NE(problem(work), "");
  }
}

TEST(Limits, IdleWorkSetsNoBackoff) {
  WorkRequest work = request();
  work.constraints.idle = true;
  EXPECT_EQ(problem(work), "");
  work.backoff = Backoff{};
  EXPECT_NE(problem(work), "");
}

TEST(Limits, InputUpToItsMaximum) {
  WorkRequest work = request();
  work.input = "{\"k\":\"" + std::string(10'240 - 8, 'x') + "\"}";
  ASSERT_EQ(work.input.size(), 10'240U);
  EXPECT_EQ(problem(work), "");
  work.input.insert(6, "x");
  EXPECT_EQ(problem(work), "input of 10241 bytes is over the maximum of 10240 (limits.max_data)");
}

TEST(Limits, NamesAndTagsAreShortAndCleanText) {
  for (const std::string& name :
       {std::string(), std::string(256, 'x'), std::string("a\nb"), std::string("a\x1b[0m"),
        std::string("\xff"), std::string("a\0b", 3)}) {
    WorkRequest work = request();
    work.unique_name = name;
    EXPECT_NE(problem(work), "");
    work = request();
    work.tags = {name};
    EXPECT_NE(problem(work), "");
    work = request();
    work.task_name = name;
    EXPECT_NE(problem(work), "");
  }
  WorkRequest work = request();
  work.unique_name = std::string(255, 'x');
  EXPECT_EQ(problem(work), "");
}

TEST(Limits, CommandsAreAbsoluteAndWithoutNul) {
  WorkRequest work = request();
  work.command = {"true"};
  EXPECT_NE(problem(work), "");
  work.command = {"/bin/true", std::string("a\0b", 3)};
  EXPECT_NE(problem(work), "");
  work.command = {"/bin/true", ""};
  EXPECT_EQ(problem(work), "");
  work.cwd = "tmp";
  EXPECT_NE(problem(work), "");
}

TEST(Limits, VariablesHaveNamesThatAreNotOurs) {
  for (const char* name : {"", "A=B", "WM_INPUT"}) {
    WorkRequest work = request();
    work.env[name] = "x";
    EXPECT_NE(problem(work), "") << name;
  }
}

TEST(Limits, NegativeDelaysAndAttemptsAreRefused) {
  WorkRequest work = request();
  work.initial_delay = -1ms;
  EXPECT_NE(problem(work), "");
  work = request();
  work.max_attempts = -1;
  EXPECT_NE(problem(work), "");
}

TEST(Limits, AnExitCodeHasOneMeaning) {
  WorkRequest work = request();
  work.exit_rules.fail_on.set(3);
  work.exit_rules.retry_on.set(3);
  EXPECT_NE(problem(work).find("exit codes 3 "), std::string::npos);
}

}  // namespace
}  // namespace wm
