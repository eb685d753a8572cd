// Registrations of a unique name that an unfinished job has.
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

class Existing : public Semantics {
 protected:
  WorkRequest delayed() {
    auto request = oneoff("a");
    request.initial_delay = 1h;
    return request;
  }
  WorkId again(ExistingPolicy existing, const WorkRequest& request) {
    return world_.enqueue(request, existing);
  }
};

TEST_F(Existing, KeepChangesNothing) {
  const WorkId old = world_.enqueue(delayed());
  ASSERT_EQ(again(ExistingPolicy::keep, oneoff("a")), old);
  EXPECT_EQ(world_.scheduler().find(old)->due, began_ + 1h);
}

TEST_F(Existing, ReplaceCancelsTheOldAndEnqueuesTheNew) {
  for (const auto policy : {ExistingPolicy::replace, ExistingPolicy::cancel_and_reenqueue}) {
    const WorkId old = world_.enqueue(delayed());
    const WorkId fresh = again(policy, delayed());
    EXPECT_NE(fresh, old);
    EXPECT_EQ(state(old), WorkState::cancelled);
    EXPECT_EQ(state(fresh), WorkState::enqueued);
    world_.cancel(fresh);
  }
}

TEST_F(Existing, ReplaceWaitsForTheOldRunToBeGone) {
  every_run_takes(1h);
  const WorkId old = world_.enqueue(oneoff("a"));
  const WorkId fresh = again(ExistingPolicy::replace, oneoff("a"));
  EXPECT_EQ(state(old), WorkState::running);
  EXPECT_EQ(state(fresh), WorkState::enqueued);
  world_.advance(1s);
  EXPECT_EQ(state(old), WorkState::cancelled);
  EXPECT_EQ(state(fresh), WorkState::running);
}

TEST_F(Existing, ReplaceCancelsAllThatWasAppended) {
  every_run_takes(1h);
  const WorkId first = world_.enqueue(oneoff("a"));
  const WorkId second = again(ExistingPolicy::append, oneoff("a"));
  const WorkId third = again(ExistingPolicy::replace, oneoff("a"));
  EXPECT_EQ(state(second), WorkState::cancelled);
  EXPECT_EQ(state(first), WorkState::running) << "it is being stopped";
  world_.advance(1s);
  EXPECT_EQ(state(first), WorkState::cancelled);
  EXPECT_EQ(state(third), WorkState::running);
}

TEST_F(Existing, AppendRunsAfterTheChainsLastWork) {
  every_run_takes(1h);
  const WorkId first = world_.enqueue(oneoff("a"));
  const WorkId second = again(ExistingPolicy::append, oneoff("a"));
  const WorkId third = again(ExistingPolicy::append, oneoff("a"));
  EXPECT_EQ(state(third), WorkState::blocked);
  world_.advance(4h);
  EXPECT_EQ(starts(first), (Starts{0s}));
  EXPECT_EQ(starts(second), (Starts{1h}));
  EXPECT_EQ(starts(third), (Starts{2h}));
}

TEST_F(Existing, AppendFailsAndIsCancelledWithTheChain) {
  for (const auto policy : {ExistingPolicy::append, ExistingPolicy::append_or_replace}) {
    every_run_ends(kBroken);
    world_.enqueue(delayed());
    const WorkId failing = again(policy, oneoff("a"));
    world_.advance(1h);
    EXPECT_EQ(state(failing), WorkState::failed);
    const WorkId first = world_.enqueue(delayed());
    const WorkId cancelled = again(policy, oneoff("a"));
    world_.cancel(first);
    EXPECT_EQ(state(cancelled), WorkState::cancelled);
  }
}

TEST_F(Existing, AppendOrReplaceReplacesAChainThatIsBeingCancelled) {
  every_run_takes(1h);
  const WorkId old = world_.enqueue(oneoff("a"));
  world_.cancel(old);
  ASSERT_EQ(state(old), WorkState::running);
  const WorkId fresh = again(ExistingPolicy::append_or_replace, oneoff("a"));
  world_.advance(1s);
  EXPECT_EQ(state(old), WorkState::cancelled);
  EXPECT_EQ(state(fresh), WorkState::running);
}

TEST_F(Existing, NothingIsAppendedToPeriodicWork) {
  world_.enqueue(periodic("a", 1h));
  EXPECT_EQ(again(ExistingPolicy::append, oneoff("a")), 0);
}

TEST_F(Existing, UpdateKeepsIdEnqueueTimeAndAttemptsAndChangesTheSchedule) {
  every_run_ends(kTryAgain);
  const WorkId id = world_.enqueue(oneoff("a"));
  world_.advance(1s);
  auto changed = oneoff("a");
  set_backoff(changed, {BackoffPolicy::linear, 10min});
  changed.priority = 3;
  EXPECT_EQ(again(ExistingPolicy::update, changed), id);
  const Work& work = *world_.scheduler().find(id);
  EXPECT_EQ(work.attempts, 1);
  EXPECT_EQ(work.enqueued_at, began_);
  EXPECT_EQ(work.generation, 1);
  EXPECT_EQ(work.due, began_ + 10min) << "the end of its attempt and the new backoff";
}

TEST_F(Existing, UpdateOfPeriodicWorkCountsTheNewPeriodFromTheLastRun) {
  every_run_takes(0s);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(10min);
  again(ExistingPolicy::update, periodic("a", 3h));
  world_.advance(3h);
  EXPECT_EQ(starts(id), (Starts{0s, 3h}));
}

// Gives the next run of "a" that time, or takes it back.
void name_time(World& world, WorkRequest request, std::optional<TimePoint> at) {
  request.at = at;
  world.enqueue(request, ExistingPolicy::update);
}

TEST_F(Existing, ANamedTimeIsForTheNextRunAlone) {
  every_run_takes(0s);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(10min);
  name_time(world_, periodic("a", 1h), began_ + 20min);
  world_.advance(2h);
  EXPECT_EQ(starts(id), (Starts{0s, 20min, 80min}));
  name_time(world_, periodic("a", 1h), began_ + 20min);
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ + 140min) << "it was used up";
  name_time(world_, periodic("a", 1h), began_ + 24h);
  world_.crash();
  world_.advance(21h);
  EXPECT_EQ(world_.runs(id), 3);
}

TEST_F(Existing, ANamedTimeGoesBeforeABackoffAndCountsTheAttempt) {
  every_run_ends(kTryAgain);
  auto request = periodic("a", 10h);
  set_backoff(request, {BackoffPolicy::linear, 1h});
  const WorkId id = world_.enqueue(request);
  world_.advance(1min);
  name_time(world_, request, began_ + 5min);
  EXPECT_EQ(world_.scheduler().find(id)->attempts, 1);
  world_.advance(5min);
  EXPECT_EQ(starts(id), (Starts{0s, 5min}));
  EXPECT_EQ(world_.scheduler().find(id)->attempts, 2);
  name_time(world_, request, began_ + 9h);
  name_time(world_, request, std::nullopt);
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ + 5min + 2h) << "the backoff is back";
}

TEST_F(Existing, ANamedTimeThatIsTakenBackLeavesTheTimeThereWouldHaveBeen) {
  every_run_takes(0s);
  world_.settings.retry.jitter = 0.5;
  auto flexible = periodic("a", 4h);
  flexible.flex = 1h;
  const WorkId first = world_.enqueue(flexible);
  name_time(world_, flexible, began_ + 10h);
  name_time(world_, flexible, std::nullopt);
  EXPECT_EQ(world_.scheduler().find(first)->due, began_ + 3h);

  every_run_ends(kTryAgain);
  const WorkId retrying = world_.enqueue(oneoff("b"));
  world_.advance(1s);
  const TimePoint due = world_.scheduler().find(retrying)->due;
  name_time(world_, oneoff("b"), began_ + 10h);
  name_time(world_, oneoff("b"), std::nullopt);
  EXPECT_EQ(world_.scheduler().find(retrying)->due, due) << "its jitter, too";
}

TEST_F(Existing, ATimeThatIsNamedDuringARunIsForTheOneAfter) {
  every_run_takes(10min);
  const WorkId id = world_.enqueue(periodic("a", 1h));
  world_.advance(1min);
  name_time(world_, periodic("a", 1h), began_ + 5h);
  world_.advance(6h);
  EXPECT_EQ(starts(id), (Starts{0s, 5h}));
}

TEST_F(Existing, ANamedTimeNeedsNoChangeOfPaths) {
  every_run_takes(0s);
  auto request = oneoff("a");
  request.trigger.paths = {"/srv/*"};
  const WorkId id = world_.enqueue(request);
  name_time(world_, request, began_ + 1h);
  world_.advance(2h);
  EXPECT_EQ(starts(id), (Starts{1h}));
}

TEST_F(Existing, ARunningAttemptFinishesWithItsOldTerms) {
  every_run_takes(1h);
  const WorkId id = world_.enqueue(periodic("a", 2h));
  auto changed = periodic("a", 4h);
  changed.constraints.set(Constraint::charging);
  world_.conditions.holds[Constraint::charging] = false;
  again(ExistingPolicy::update, changed);
  world_.advance(1h);
  EXPECT_EQ(last_run().result->outcome, RunOutcome::succeeded) << "nothing stopped it";
  world_.advance(24h);
  EXPECT_EQ(world_.runs(id), 1) << "the next run needs the charger";
  EXPECT_EQ(world_.scheduler().find(id)->due, began_ + 5h);
}

TEST_F(Existing, ProgressStaysUntilTheNextRunOrAnUpdate) {
  every_run_takes(1h);
  const auto percent = [&](WorkId id) {
    const auto progress = world_.store.info(id)->progress;
    return progress ? progress->percent.value_or(0) : -1;
  };
  auto request = oneoff("a");
  request.constraints.set(Constraint::charging);
  const WorkId id = world_.enqueue(request);
  const auto stop_at = [&](int percentage) {
    world_.manager().set_progress(id, {.percent = percentage, .data = {}});
    world_.conditions.holds[Constraint::charging] = false;
    world_.advance(1min);
  };
  stop_at(40);
  ASSERT_EQ(state(id), WorkState::enqueued);
  EXPECT_EQ(percent(id), 40);
  world_.crash();
  EXPECT_EQ(percent(id), 40);
  world_.conditions.holds[Constraint::charging] = true;
  world_.advance(1min);
  ASSERT_EQ(state(id), WorkState::running);
  EXPECT_EQ(percent(id), -1);
  stop_at(50);
  EXPECT_EQ(percent(id), 50);
  request.priority = 1;
  again(ExistingPolicy::update, request);
  EXPECT_EQ(percent(id), -1);
}

TEST_F(Existing, UpdateCannotChangeTheKind) {
  const WorkId id = world_.enqueue(delayed());
  EXPECT_EQ(again(ExistingPolicy::update, periodic("a", 1h)), 0);
  EXPECT_EQ(world_.scheduler().find(id)->generation, 0);
}

TEST_F(Existing, FinishedWorkIsEnqueuedAnewWhateverThePolicy) {
  for (int policy = 0; policy <= static_cast<int>(ExistingPolicy::cancel_and_reenqueue); ++policy) {
    const WorkId fresh = again(static_cast<ExistingPolicy>(policy), oneoff("a"));
    ASSERT_NE(fresh, 0);
    world_.advance(1s);
    EXPECT_EQ(state(fresh), WorkState::succeeded);
    EXPECT_EQ(world_.runs(fresh), policy + 1) << "runs are numbered by name";
  }
}

}  // namespace
}  // namespace wm
