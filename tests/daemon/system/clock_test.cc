// The clock, and the alarm that notices its steps.
#include "daemon/system/clock.h"

#include <cerrno>

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

// The kernel says this if the clock was set since the timer was last read.
bool says_cancelled = false;

#ifdef SYS_timerfd_settime64
constexpr long kSetTimer = SYS_timerfd_settime64;
#else
constexpr long kSetTimer = SYS_timerfd_settime;
#endif

}  // namespace

// Replaces the library's function.
extern "C" int timerfd_settime(int timer, int flags, const itimerspec* when,
                               itimerspec* before) noexcept {
  const long set = ::syscall(kSetTimer, timer, flags, when, before);
  if (!says_cancelled) return static_cast<int>(set);
  errno = ECANCELED;
  return -1;
}

namespace wm {
namespace {

TEST(AlarmTest, AStepThatIsToldWhenItIsSetIsNotLost) {
  boost::asio::io_context loop;
  int steps = 0;
  Alarm alarm(loop, [&] { ++steps; });
  alarm.set(wall_clock_now() + 1h);
  loop.poll();
  EXPECT_EQ(steps, 0);

  says_cancelled = true;
  alarm.set(wall_clock_now() + 2h);
  says_cancelled = false;
  EXPECT_EQ(steps, 0) << "not in the middle of a turn";
  loop.poll();
  EXPECT_EQ(steps, 1);
}

TEST(ClockStepsTest, TellSetClocksFromThoseReadAMomentApart) {
  const TimePoint wall{1'700'000'000s};
  const ClockOffset offset = wall.time_since_epoch() - 100s;
  ClockSteps steps(wall, 100s);
  EXPECT_EQ(steps.look(wall + 1s, 101s), offset);
  EXPECT_EQ(steps.look(wall + 2s + 20ms, 102s), offset);
  EXPECT_EQ(steps.look(wall + 1h, 103s), offset + 1h - 3s);
  EXPECT_EQ(steps.look(wall + 1h + 1s, 104s), offset + 1h - 3s);
  EXPECT_EQ(steps.look(wall - 1h, 105s), offset - 1h - 5s);
}

TEST(ClockStepsTest, TheTimeSinceBootGoesOn) {
  const Duration before = time_since_boot();
  EXPECT_GT(before, 0s);
  EXPECT_GE(time_since_boot(), before);
}

}  // namespace
}  // namespace wm
