// NetworkManager's knowledge of one interface, over the system bus.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/system/bus.h"

namespace wm {

struct NetworkManagerReading {
  bool activated = false;       // The interface is set up.
  std::string trouble;          // `portal`, `limited`, `none`; "": full, or unknown.
  std::optional<bool> metered;  // Nothing: it does not know.
  bool mobile = false;          // A modem leads out.

  bool operator==(const NetworkManagerReading&) const = default;
};

class NetworkManager {
 public:
  /// `changed` is called whenever any of this may have changed.
  NetworkManager(Bus& bus, std::function<void()> changed);

  /// Sets the interface that reading() describes; "": none.
  void look_at(const std::string& interface);

  /// True if it has answered, or is known not to run.
  bool answered() const;
  /// Nothing: it does not run, or does not manage that interface.
  std::optional<NetworkManagerReading> reading() const;

 private:
  void manager_changed();
  void find_device();

  Bus& bus_;
  std::function<void()> changed_;
  std::string interface_;
  BusObject manager_;
  BusSlot finding_;
  bool found_ = false;  // True if it has named the device, or said that there is none.
  std::unique_ptr<BusObject> device_;
};

}  // namespace wm
