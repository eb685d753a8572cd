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
  SleepWatch(Bus& bus, std::function<void()> awake) : bus_(bus), awake_(std::move(awake)) {}

  /// Sets whether logind is listened to.
  void set_wanted(bool wanted);

  /// True if it has slept since the last call. The kernel's clocks know, whoever woke us.
  bool has_slept();

 private:
  Bus& bus_;
  std::function<void()> awake_;
  std::optional<BusSlot> signal_;
  Duration slept_{};
};

}  // namespace wm
