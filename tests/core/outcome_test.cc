#include "core/outcome.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

RunOutcome exited(int code, const ExitRules& rules = {}) {
  return result_of({ChildEnd::How::exited, code, ""}, rules).outcome;
}

TEST(Outcome, ExitCodesMeanWhatSysexitsSays) {
  EXPECT_EQ(exited(0), RunOutcome::succeeded);
  for (const int code : {1, 2, 63, 75, 79, 127, 255}) EXPECT_EQ(exited(code), RunOutcome::retry);
  for (const int code : {64, 70, 74, 76, 78}) EXPECT_EQ(exited(code), RunOutcome::failed);
}

TEST(Outcome, RulesOfTheWorkComeFirst) {
  ExitRules rules;
  rules.fail_on.set(1).set(75);
  rules.retry_on.set(0).set(64);
  rules.success_on.set(2);
  EXPECT_EQ(exited(1, rules), RunOutcome::failed);
  EXPECT_EQ(exited(75, rules), RunOutcome::failed);
  EXPECT_EQ(exited(0, rules), RunOutcome::retry);
  EXPECT_EQ(exited(64, rules), RunOutcome::retry);
  EXPECT_EQ(exited(2, rules), RunOutcome::succeeded);
}

TEST(Outcome, ACrashFailsUnlessAskedToRetry) {
  const ChildEnd crash{ChildEnd::How::signalled, 11, ""};
  EXPECT_EQ(result_of(crash, {}).outcome, RunOutcome::failed);
  EXPECT_EQ(result_of(crash, {}).signal, 11);
  ExitRules rules;
  rules.retry_on_crash = true;
  EXPECT_EQ(result_of(crash, rules).outcome, RunOutcome::retry);
}

TEST(Outcome, WhatCannotStartFailsWithItsReason) {
  const RunResult result = result_of({ChildEnd::How::not_started, 0, "no such file"}, {});
  EXPECT_EQ(result.outcome, RunOutcome::failed);
  EXPECT_EQ(result.reason, "no such file");
  EXPECT_FALSE(result.exit_code);
}

TEST(Outcome, AMachineOutOfRoomIsTriedAgain) {
  EXPECT_EQ(result_of({ChildEnd::How::no_room, 0, ""}, {}).outcome, RunOutcome::retry);
}

TEST(Outcome, ALostChildIsAnInterruption) {
  const RunResult result = result_of({ChildEnd::How::lost, 0, ""}, {});
  EXPECT_EQ(result.outcome, RunOutcome::interrupted);
  EXPECT_EQ(result.stop_reason, StopReason::daemon_lost);
}

TEST(Outcome, TheLastAttemptFailsWhereAnotherIsAskedFor) {
  const RunResult retry = result_of({ChildEnd::How::exited, 75, ""}, {});
  EXPECT_EQ(result_of_attempt(retry, 2, 3).outcome, RunOutcome::retry);
  EXPECT_EQ(result_of_attempt(retry, 200, 0).outcome, RunOutcome::retry);
  EXPECT_EQ(result_of_attempt(retry, 3, 3).outcome, RunOutcome::failed);
  EXPECT_EQ(result_of_attempt(retry, 3, 3).reason, "attempt 3 of 3 was the last");
  EXPECT_EQ(result_of_attempt(result_of({}, {}), 3, 3).outcome, RunOutcome::succeeded);
}

TEST(StoppedOutcome, IsAnInterruptionWhateverTheCode) {
  for (const int code : {0, 1, 64, 75}) {
    const auto result =
        stopped_result({ChildEnd::How::exited, code, ""}, {}, StopReason(Constraint::network));
    EXPECT_EQ(result.outcome, RunOutcome::interrupted);
    EXPECT_EQ(result.stop_reason, StopReason(Constraint::network));
  }
}

TEST(StoppedOutcome, IsARetryWhereItsTimeWasUpOrItWasSilentWhateverTheCode) {
  for (const StopReason reason : {StopReason::timeout, StopReason::watchdog}) {
    for (const int code : {0, 1, 64, 75}) {
      const auto result = stopped_result({ChildEnd::How::exited, code, ""}, {}, reason);
      EXPECT_EQ(result.outcome, RunOutcome::retry);
    }
  }
}

}  // namespace
}  // namespace wm
