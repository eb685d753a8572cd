// External power and the machine's batteries: from UPower, otherwise from /sys/class/power_supply
// and the kernel's events.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/probes/netlink.h"
#include "daemon/probes/probe.h"
#include "daemon/system/bus.h"

namespace wm {

/// The attributes of one entry in /sys/class/power_supply.
struct PowerSupply {
  std::string type;    // Mains, USB, Battery, UPS, …
  std::string scope;   // `Device`: a peripheral's, such as a mouse.
  std::string status;  // Charging, Discharging, Not charging, Full, Unknown
  bool online = false;
  bool present = true;
  std::optional<int> capacity;  // Percent.
};

struct PowerReading {
  bool has_battery = false;
  bool charging = true;        // External power is on, and no battery is discharging.
  std::optional<int> percent;  // The mean of the machine's batteries.

  bool operator==(const PowerReading&) const = default;
};

/// Without a battery the machine is on external power. A battery that discharges is believed before
/// a plug that says it is in (some firmware is late); full and held batteries on a plug are
/// charging.
PowerReading judge(std::span<const PowerSupply> supplies);

std::vector<PowerSupply> read_power_supplies(const std::filesystem::path& directory);

/// UPower's display device: all of the machine's batteries in one.
struct DisplayDevice {
  bool present = false;
  std::int64_t type = 0;   // 2: battery; 3: UPS
  std::int64_t state = 0;  // 2: discharging
  double percentage = 0;
};

/// Batteries that are full, or held at a limit, count as charging on external power; a battery that
/// discharges does not, whatever is plugged in.
PowerReading judge(bool on_battery, const DisplayDevice& device);

class PowerProbe : public Probe {
 public:
  PowerProbe(boost::asio::io_context& loop, Bus& bus, std::filesystem::path directory,
             const BatteryLevels& levels, Report report);

  void measure() override;
  void set_wanted(const Constraints& wanted) override;

 private:
  /// The sources that are asked while a job needs power.
  struct Sources {
    Sources(boost::asio::io_context& loop, Bus& bus, const std::function<void()>& changed);

    NetlinkEvents events;
    BusObject upower;
    BusObject display;
  };

  void look_again();

  boost::asio::io_context& loop_;
  Bus& bus_;
  std::filesystem::path directory_;
  const BatteryLevels& levels_;
  Report report_;
  std::unique_ptr<Sources> sources_;
  boost::asio::steady_timer again_;
  bool low_ = false;
  bool level_wanted_ = false;
};

}  // namespace wm
