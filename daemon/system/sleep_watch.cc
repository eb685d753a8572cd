#include "daemon/system/sleep_watch.h"

#include <utility>

#include "daemon/system/clock.h"

namespace wm {

namespace {

Duration slept_since_boot() { return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC); }

}  // namespace

SleepWatch::SleepWatch(Bus& bus, std::function<void()> awake)
    : bus_(bus), awake_(std::move(awake)), slept_(slept_since_boot()) {}

void SleepWatch::set_wanted(bool wanted) {
  if (wanted == signal_.has_value()) return;
  signal_.reset();
  if (!wanted || !bus_.open()) return;
  signal_ = bus_.on_signal(
      {"org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
       "PrepareForSleep", ""},
      [this](sd_bus_message* message) {
        int going_to_sleep = 1;
        if (sd_bus_message_read(message, "b", &going_to_sleep) > 0 && !going_to_sleep) awake_();
      });
}

Duration SleepWatch::take_slept() {
  constexpr Duration kShortest = 1s;  // The clocks are not read at the same time.
  const Duration slept = slept_since_boot();
  if (slept - slept_ < kShortest) return Duration::zero();
  return slept - std::exchange(slept_, slept);
}

}  // namespace wm
