// Notices that the machine has slept: earlier measurements may no longer hold.
#pragma once

#include <functional>
#include <optional>

#include "core/time.h"
#include "daemon/system/bus.h"

namespace wm {

class SleepWatch {
 public:
  /// `awake` is called when logind says that the machine is awake again.
  SleepWatch(Bus& bus, std::function<void()> awake);

  /// Sets whether logind is listened to.
  void set_wanted(bool wanted);

  /// How long it has slept since the last call; zero: it has not. The kernel's clocks know, whoever
  /// woke us.
  Duration take_slept();

 private:
  Bus& bus_;
  std::function<void()> awake_;
  std::optional<BusSlot> signal_;
  Duration slept_;  // Since the machine has started, until the last call.
};

}  // namespace wm
