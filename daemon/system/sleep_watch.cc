#include "daemon/system/sleep_watch.h"

#include <utility>

#include "daemon/system/clock.h"

namespace wm {

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

bool SleepWatch::has_slept() {
  constexpr Duration kShortest = 1s;  // The clocks are not read at the same time.
  const Duration slept = read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC);
  if (slept - slept_ < kShortest) return false;
  slept_ = slept;
  return true;
}

}  // namespace wm
