// The wall clock, and one alarm on it.
#pragma once

#include <ctime>
#include <functional>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/time.h"

namespace wm {

TimePoint wall_clock_now();

/// Reads that clock of the kernel, to the millisecond.
Duration read_clock(clockid_t clock);

/// The time since the machine was started, including sleep; nobody can set it.
Duration time_since_boot();

/// The wall clock minus the time since boot.
class ClockSteps {
 public:
  ClockSteps() : ClockSteps(wall_clock_now(), time_since_boot()) {}
  ClockSteps(TimePoint wall, Duration since_boot) : offset_(wall.time_since_epoch() - since_boot) {}

  /// The present offset. Differences too small for somebody to have set the clock are ignored,
  /// because the two clocks are not read at the same moment.
  ClockOffset look() { return look(wall_clock_now(), time_since_boot()); }
  ClockOffset look(TimePoint wall, Duration since_boot);

 private:
  ClockOffset offset_;
};

/// Wakes the loop at a time of the wall clock, or right after the machine has slept past it. It
/// costs nothing while it waits.
class Alarm {
 public:
  /// `clock_was_set` is called at once if somebody sets the clock while a time is set.
  Alarm(boost::asio::io_context& loop, std::function<void()> clock_was_set);

  /// Replaces the time that was set before; nothing: never.
  void set(std::optional<TimePoint> time);

 private:
  void listen();

  boost::asio::posix::stream_descriptor timer_;
  std::function<void()> clock_was_set_;
  std::optional<TimePoint> time_;
};

}  // namespace wm
