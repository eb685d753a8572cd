#include "daemon/system/clock.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include <boost/asio/post.hpp>
#include <sys/timerfd.h>

namespace wm {
namespace {

constexpr Duration kLeastStep = 50ms;

// A library that was built for 32 bits reads system_clock with a clock that ends in 2038; ours does
// not.
static_assert(sizeof(time_t) == 8);

}  // namespace

Duration read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::floor<Duration>(std::chrono::seconds{time.tv_sec} +
                                      std::chrono::nanoseconds{time.tv_nsec});
}

TimePoint wall_clock_now() { return TimePoint(read_clock(CLOCK_REALTIME)); }

Duration time_since_boot() { return read_clock(CLOCK_BOOTTIME); }

ClockOffset ClockSteps::look(TimePoint wall, Duration since_boot) {
  const ClockOffset offset = wall.time_since_epoch() - since_boot;
  if (std::chrono::abs(offset - offset_) >= kLeastStep) offset_ = offset;
  return offset_;
}

Alarm::Alarm(boost::asio::io_context& loop, std::function<void()> clock_was_set)
    : timer_(loop), clock_was_set_(std::move(clock_was_set)) {
  const int fd = ::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  timer_.assign(fd);
  listen();
}

void Alarm::set(std::optional<TimePoint> time) {
  if (time == time_) return;
  time_ = time;
  itimerspec when{};  // All zero: disarmed.
  if (time) {
    const Duration since = std::max(time->time_since_epoch(), Duration{1});
    when.it_value.tv_sec = static_cast<time_t>(since / 1s);
    when.it_value.tv_nsec = static_cast<long>((since % 1s).count() * 1'000'000);
  }
  const int set = ::timerfd_settime(timer_.native_handle(),
                                    TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr);
  // The clock was set since the timer was last read. Only this call reports it.
  if (set != 0 && errno == ECANCELED) boost::asio::post(timer_.get_executor(), clock_was_set_);
}

void Alarm::listen() {
  timer_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [this](const boost::system::error_code& closed) {
                      if (closed) return;
                      std::uint64_t times = 0;
                      if (::read(timer_.native_handle(), &times, sizeof times) > 0) {
                        time_.reset();
                      } else if (errno == ECANCELED) {
                        time_.reset();
                        clock_was_set_();
                      }
                      listen();
                    });
}

}  // namespace wm
