// The wall clock, and one alarm on it.
#pragma once

#include <functional>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/time.h"

namespace wm {

TimePoint wall_clock_now();

/// Wakes the loop at a time of the wall clock, also right after a sleep of the machine, and at once
/// when somebody sets the clock. Costs nothing while it waits.
class Alarm {
 public:
  Alarm(boost::asio::io_context& loop, std::function<void()> ring);

  /// In place of what was set before; nothing: never.
  void set(std::optional<TimePoint> time);

 private:
  void listen();

  boost::asio::posix::stream_descriptor timer_;
  std::function<void()> ring_;
  std::optional<TimePoint> time_;
};

}  // namespace wm
