// Asks ModemManager whether a modem is registered with a foreign network.
#pragma once

#include <functional>

#include "daemon/system/bus.h"

namespace wm {

class Modems {
 public:
  /// `changed` is called whenever roaming() may have changed.
  Modems(Bus& bus, std::function<void()> changed);

  /// True if it has answered, or is known not to run.
  bool answered() const { return service_.answered() && (!service_.present() || asked_once_); }
  bool roaming() const { return roaming_; }

 private:
  void service_changed();
  void ask();
  void take(bool roaming);

  Bus& bus_;
  std::function<void()> changed_;
  bool asked_once_ = false;
  bool roaming_ = false;
  BusSlot registration_;
  BusSlot added_;
  BusSlot removed_;
  BusSlot asked_;
  BusObject service_;
};

}  // namespace wm
