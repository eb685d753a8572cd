// Constraints, preferences and deadlines: the conditions before a job runs, and while it does.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

TEST_F(Semantics, AllThatAWorkNamesMustHoldAtOnce) {
  auto request = oneoff("a");
  request.constraints.flags = {Constraint::charging, Constraint::battery_not_low};
  world_.conditions.holds[Constraint::charging] =
      world_.conditions.holds[Constraint::battery_not_low] = false;
  const WorkId id = world_.enqueue(request);
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(1h);
  EXPECT_EQ(state(id), WorkState::enqueued);
  world_.conditions.holds[Constraint::battery_not_low] = true;
  world_.advance(1h);
  EXPECT_EQ(starts(id), (Starts{1h}));
}

TEST_F(Semantics, ADeadlineRunsTheWorkWithItsConstraintsUnmet) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  request.deadline = 3h;
  world_.conditions.holds[Constraint::charging] = false;
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(5h);
  EXPECT_EQ(starts(id), (Starts{3h}));
  EXPECT_EQ(state(id), WorkState::succeeded) << "and nothing stops it";
}

TEST_F(Semantics, ALostConstraintStopsTheRunAndTheAttemptDoesNotCount) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::idle);
  request.max_attempts = 1;
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(10min);
  world_.conditions.holds[Constraint::idle] = false;
  world_.advance(10min);
  EXPECT_EQ(state(id), WorkState::enqueued);
  EXPECT_EQ(last_run().result->stop_reason, StopReason(Constraint::idle));
  EXPECT_EQ(last_run().result->outcome, RunOutcome::interrupted);
}

TEST_F(Semantics, AConstraintThatStoppedARunMustHoldForTheSettleTimeFirst) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(1min);
  for (int i = 0; i < 20; ++i) {  // A loose plug.
    world_.conditions.holds[Constraint::charging] = !*world_.conditions.holds[Constraint::charging];
    world_.advance(5s);
  }
  EXPECT_EQ(world_.runs(id), 1) << "it is not started and stopped in a loop";
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(6s);
  EXPECT_EQ(world_.runs(id), 2);
}

TEST_F(Semantics, APreferenceHoldsWorkBackUntilItRelaxes) {
  auto request = oneoff("a");
  request.constraints.network = NetworkType::connected;
  request.prefer = {{{.network = NetworkType::unmetered}, 24h}};
  world_.conditions.network->metered = true;
  every_run_takes(1h);
  const WorkId id = world_.enqueue(request);
  world_.advance(26h);
  EXPECT_EQ(starts(id), (Starts{24h}));
  EXPECT_EQ(state(id), WorkState::succeeded);
  EXPECT_EQ(last_run().relaxed, std::vector<std::string>{"network"});
}

TEST_F(Semantics, APreferenceThatHoldsLetsWorkRunAtOnce) {
  auto request = oneoff("a");
  request.prefer = {{{.flags = {Constraint::charging}}, 24h}};
  const WorkId id = world_.enqueue(request);
  EXPECT_EQ(starts(id), (Starts{0s}));
  EXPECT_TRUE(last_run().relaxed.empty());
}

TEST_F(Semantics, AnUnknownConditionIsWhatTheConfigurationSays) {
  auto request = oneoff("a");
  request.constraints.set(Constraint::idle);
  world_.conditions.holds[Constraint::idle].reset();
  world_.settings.unknown[Constraint::idle] = false;
  const WorkId id = world_.enqueue(request);
  world_.advance(24h);
  EXPECT_EQ(state(id), WorkState::enqueued);
  world_.settings.unknown[Constraint::idle] = true;
  world_.advance(1s);
  EXPECT_EQ(state(id), WorkState::succeeded);
}

}  // namespace
}  // namespace wm
