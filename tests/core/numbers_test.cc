// Numbers and words that are on disk: these lines may be added to, and never changed.
#include <gtest/gtest.h>

#include "core/work.h"

namespace wm {
namespace {

template <class E>
constexpr int number(E value) {
  return static_cast<int>(value);
}

static_assert(number(WorkState::enqueued) == 0);
static_assert(number(WorkState::running) == 1);
static_assert(number(WorkState::blocked) == 2);
static_assert(number(WorkState::succeeded) == 3);
static_assert(number(WorkState::failed) == 4);
static_assert(number(WorkState::cancelled) == 5);

static_assert(number(RunOutcome::succeeded) == 0);
static_assert(number(RunOutcome::failed) == 1);
static_assert(number(RunOutcome::retry) == 2);
static_assert(number(RunOutcome::interrupted) == 3);

static_assert(number(Timing::first) == 0);
static_assert(number(Timing::retry) == 1);
static_assert(number(Timing::period) == 2);
static_assert(number(Timing::at_once) == 3);
static_assert(number(Timing::trigger) == 4);
static_assert(number(Timing::quiet) == 5);

static_assert(number(WorkKind::oneoff) == 0);
static_assert(number(WorkKind::periodic) == 1);
static_assert(number(WorkKind::processing) == 2);

static_assert(number(BackoffPolicy::exponential) == 0);
static_assert(number(BackoffPolicy::linear) == 1);

static_assert(number(NetworkType::not_required) == 0);
static_assert(number(NetworkType::connected) == 1);
static_assert(number(NetworkType::unmetered) == 2);
static_assert(number(NetworkType::metered) == 3);
static_assert(number(NetworkType::not_roaming) == 4);

static_assert(number(WaitKind::constraint) == 0);
static_assert(number(WaitKind::delay) == 1);
static_assert(number(WaitKind::backoff) == 2);
static_assert(number(WaitKind::period) == 3);
static_assert(number(WaitKind::prerequisite) == 4);
static_assert(number(WaitKind::slot) == 5);
static_assert(number(WaitKind::group) == 6);
static_assert(number(WaitKind::paused) == 7);
static_assert(number(WaitKind::quota) == 8);
static_assert(number(WaitKind::trigger) == 9);
static_assert(number(WaitKind::replaced) == 10);
static_assert(number(WaitKind::daemon) == 11);
static_assert(number(WaitKind::keep_alive) == 12);

static_assert(number(Cadence::interval) == 0);
static_assert(number(Cadence::fixed) == 1);

static_assert(number(OutOfQuota::run_as_non_expedited) == 0);
static_assert(number(OutOfQuota::drop) == 1);

static_assert(number(Merge::overwrite) == 0);
static_assert(number(Merge::arrays) == 1);

static_assert(number(IoClass::inherited) == 0);
static_assert(number(IoClass::best_effort) == 1);
static_assert(number(IoClass::idle) == 2);

static_assert(number(Notice::started) == 0);
static_assert(number(Notice::succeeded) == 1);
static_assert(number(Notice::failed) == 2);
static_assert(number(Notice::retried) == 3);
static_assert(number(Notice::stopped) == 4);

static_assert(number(Constraint::network) == 0);
static_assert(number(Constraint::charging) == 1);
static_assert(number(Constraint::battery_not_low) == 2);
static_assert(number(Constraint::storage_not_low) == 3);
static_assert(number(Constraint::idle) == 4);
static_assert(number(Constraint::between) == 5);
static_assert(number(Constraint::custom) == 15);
static_assert(kConstraints.size() == 7, "a new one has a line above, and one in each list below");

// And as the stop reasons' words are on the wire.
TEST(Numbers, OfStopReasonsStay) {
  const std::pair<int, const char*> reasons[]{
      {0, ""},
      {1, "cancelled"},
      {2, "replaced"},
      {3, "timeout"},
      {10, "quota"},
      {11, "shutdown"},
      {12, "daemon-lost"},
      {13, "watchdog"},
      {100, "constraint-network"},
      {101, "constraint-charging"},
      {102, "constraint-battery-not-low"},
      {103, "constraint-storage-not-low"},
      {104, "constraint-idle"},
      {105, "constraint-between"},
      {115, "constraint-custom"},
  };
  for (const auto& [stored, words] : reasons) {
    const StopReason reason = stop_reason_of(stored);
    EXPECT_EQ(word(reason), words);
    EXPECT_EQ(stored_number(reason), stored) << words;
    EXPECT_EQ(parse_stop_reason(words), reason) << words;
  }
  for (const int nothing : {-1, 4, 9, 14, 99, 114, 116, 1000}) {
    EXPECT_EQ(stop_reason_of(nothing), StopReason::none) << nothing;
  }
  EXPECT_FALSE(parse_stop_reason("constraint-"));
}

// The keys of the ledger and of policies.
TEST(Numbers, KeysOfConstraintsStay) {
  const auto keys = words_by_number(&ConstraintDef::json);
  EXPECT_EQ(keys[0], "network");
  EXPECT_EQ(keys[1], "charging");
  EXPECT_EQ(keys[2], "batteryNotLow");
  EXPECT_EQ(keys[3], "storageNotLow");
  EXPECT_EQ(keys[4], "idle");
  EXPECT_EQ(keys[5], "between");
  EXPECT_EQ(keys[15], "custom");
}

}  // namespace
}  // namespace wm
