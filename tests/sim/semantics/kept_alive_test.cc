// Jobs that start only on their owner's word.
#include <algorithm>

#include "core/explain.h"
#include "tests/sim/semantics/semantics.h"

namespace wm {
namespace {

class KeptAlive : public Semantics {
 protected:
  KeptAlive() { every_run_takes(5h); }

  static WorkRequest leased(const std::string& name) {
    WorkRequest request = oneoff(name);
    request.watchdog = 30s;
    request.while_kept_alive = true;
    return request;
  }
  StopReason stopping(WorkId id) { return world_.scheduler().find(id)->stopping; }
  bool lacks_word(WorkId id) {
    const auto waits = waiting_for(world_.scheduler(), *world_.scheduler().find(id), world_.now);
    return std::ranges::count(waits, WaitKind::keep_alive, &Wait::kind) > 0;
  }
};

TEST_F(KeptAlive, AJobStartsAsSoonAsItsOwnerIsHeardOf) {
  const WorkId id = world_.enqueue(leased("a"));
  world_.advance(1h);
  EXPECT_EQ(state(id), WorkState::enqueued);
  EXPECT_TRUE(lacks_word(id));
  EXPECT_EQ(world_.scheduler().next_wakeup(), std::nullopt) << "nobody waits for a word in a loop";
  world_.hear(id);
  EXPECT_EQ(state(id), WorkState::enqueued) << "only a run speaks for itself";
  world_.keep_alive(id);
  EXPECT_EQ(state(id), WorkState::running);
  EXPECT_EQ(last_run().waited, (std::vector<Waited>{{WaitKind::keep_alive, "", 1h}}));
}

TEST_F(KeptAlive, AWordCountsForAsLongAsTheWatchdogSays) {
  world_.conditions.holds[Constraint::charging] = false;
  WorkRequest request = leased("a");
  request.constraints.set(Constraint::charging);
  const WorkId early = world_.enqueue(request);
  request.unique_name = "b";
  request.watchdog = 30s + 1ms;
  const WorkId late = world_.enqueue(request);
  for (const WorkId id : {early, late}) world_.keep_alive(id);
  world_.advance(30s);
  EXPECT_FALSE(lacks_word(late));
  world_.conditions.holds[Constraint::charging] = true;
  world_.take_turns();
  EXPECT_EQ(state(early), WorkState::enqueued);
  EXPECT_TRUE(lacks_word(early));
  EXPECT_EQ(state(late), WorkState::running);
}

TEST_F(KeptAlive, AWordThatIsRepeatedKeepsAJobReady) {
  world_.conditions.holds[Constraint::charging] = false;
  WorkRequest request = leased("a");
  request.constraints.set(Constraint::charging);
  request.initial_delay = 10min;
  const WorkId id = world_.enqueue(request);
  for (int i = 0; i < 45; ++i) {
    world_.keep_alive(id);
    world_.advance(20s);
  }
  world_.conditions.holds[Constraint::charging] = true;
  world_.take_turns();
  EXPECT_EQ(starts(id), (Starts{15min}));
  EXPECT_EQ(last_run().waited, (std::vector<Waited>{{WaitKind::constraint, "charging", 5min}}));
}

TEST_F(KeptAlive, OneThatLacksItsWordHoldsBackNobody) {
  world_.settings.run.max_parallel = 1;
  world_.reload();
  const WorkId busy = world_.enqueue(oneoff("busy"));
  const WorkId first = world_.enqueue(leased("a"));
  world_.keep_alive(first);
  const WorkId second = world_.enqueue(oneoff("b"));
  world_.advance(31s);
  world_.cancel(busy);
  world_.advance(1s);
  EXPECT_EQ(state(first), WorkState::enqueued) << "its word is too old now that there is a slot";
  EXPECT_EQ(state(second), WorkState::running);
}

TEST_F(KeptAlive, TheWatchdogCountsFromTheWordThatLetTheRunStart) {
  WorkRequest request = leased("a");
  request.initial_delay = 20s;
  const WorkId id = world_.enqueue(request);
  world_.keep_alive(id);
  world_.advance(20s);
  EXPECT_EQ(state(id), WorkState::running);
  world_.hand_over();
  world_.advance(10s - 1ms);
  EXPECT_EQ(stopping(id), StopReason::none);
  world_.advance(1ms);
  EXPECT_EQ(stopping(id), StopReason::watchdog);
}

TEST_F(KeptAlive, ARunCannotSpeakForItsOwner) {
  const WorkId id = world_.enqueue(leased("a"));
  world_.keep_alive(id);
  world_.advance(0ms);
  ASSERT_EQ(state(id), WorkState::running);
  world_.advance(20s);
  world_.hear(id);
  world_.advance(10s);
  EXPECT_EQ(stopping(id), StopReason::watchdog);
}

TEST_F(KeptAlive, AWordIsNotMeasuredByTheClock) {
  world_.conditions.holds[Constraint::charging] = false;
  WorkRequest request = leased("a");
  request.watchdog = 1h;
  request.constraints.set(Constraint::charging);
  const WorkId id = world_.enqueue(request);
  world_.keep_alive(id);
  world_.set_clock(world_.now + Days{1});
  world_.advance(20min);
  world_.set_clock(world_.now - Days{2});
  world_.advance(40min - 1ms);
  EXPECT_FALSE(lacks_word(id));
  world_.advance(1ms);
  EXPECT_TRUE(lacks_word(id));
  world_.conditions.holds[Constraint::charging] = true;
  world_.take_turns();
  EXPECT_EQ(state(id), WorkState::enqueued);
}

TEST_F(KeptAlive, AWordDoesNotLastLongerIfTheClockIsSetBackALittle) {
  world_.conditions.holds[Constraint::charging] = false;
  WorkRequest request = leased("a");
  request.constraints.set(Constraint::charging);
  const WorkId id = world_.enqueue(request);
  world_.keep_alive(id);
  world_.now += 20s;  // No turn sees the clock go backwards.
  world_.set_clock(world_.now - 10s);
  world_.advance(10s);
  world_.conditions.holds[Constraint::charging] = true;
  world_.take_turns();
  EXPECT_EQ(state(id), WorkState::enqueued);
}

TEST_F(KeptAlive, ADaemonThatStartsHasHeardNothing) {
  const WorkId running = world_.enqueue(leased("a"));
  world_.keep_alive(running);
  WorkRequest later = leased("b");
  later.initial_delay = 10s;
  const WorkId waiting = world_.enqueue(later);
  world_.keep_alive(waiting);
  world_.crash();
  world_.advance(20s);
  for (const WorkId id : {running, waiting}) {
    EXPECT_EQ(state(id), WorkState::enqueued);
    EXPECT_TRUE(lacks_word(id));
    world_.keep_alive(id);
    EXPECT_EQ(state(id), WorkState::running);
  }
}

TEST_F(KeptAlive, ARunThatWasInterruptedKeepsItsOwnersWordButNotItsOwn) {
  WorkRequest request = leased("a");
  request.constraints.set(Constraint::charging);
  world_.settings.run.settle = 0s;
  world_.reload();
  const WorkId id = world_.enqueue(request);
  world_.keep_alive(id);
  const auto interrupt = [&](Duration time) {
    world_.conditions.holds[Constraint::charging] = false;
    world_.advance(time);
    world_.conditions.holds[Constraint::charging] = true;
    world_.take_turns();
  };
  world_.advance(10s);
  interrupt(5s);
  EXPECT_EQ(state(id), WorkState::running);
  EXPECT_EQ(world_.runs(id), 2);
  world_.hear(id);
  world_.advance(10s);
  EXPECT_EQ(stopping(id), StopReason::none);
  interrupt(10s);
  EXPECT_EQ(state(id), WorkState::enqueued);
  EXPECT_TRUE(lacks_word(id));
}

TEST_F(KeptAlive, NobodyOverridesTheNeedForIt) {
  WorkRequest request = leased("a");
  request.initial_delay = 10min;
  request.deadline = 20min;
  const WorkId id = world_.enqueue(request);
  world_.change([&](WorkManager& manager) { (void)manager.registrar().run_now(id, world_.now); });
  world_.advance(1h);
  EXPECT_EQ(state(id), WorkState::enqueued);
  world_.keep_alive(id);
  EXPECT_EQ(state(id), WorkState::running);
}

TEST_F(KeptAlive, AnUpdateMayDropTheNeedForIt) {
  WorkRequest request = leased("a");
  const WorkId id = world_.enqueue(request);
  request.while_kept_alive = false;
  world_.enqueue(request, ExistingPolicy::update);
  EXPECT_EQ(state(id), WorkState::running);
}

}  // namespace
}  // namespace wm
