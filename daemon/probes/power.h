// External power and the machine's batteries, from /sys/class/power_supply and the kernel's events.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/probes/probe.h"

namespace wm {

/// One entry of /sys/class/power_supply, as its attributes say.
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
  bool charging = true;        // On external power, and no battery is discharging.
  std::optional<int> percent;  // The mean of the machine's batteries.

  bool operator==(const PowerReading&) const = default;
};

/// No battery of the machine: on external power. A battery that discharges is believed before a
/// plug that says it is in (some firmware is late); full and held batteries on a plug are charging.
PowerReading judge(std::span<const PowerSupply> supplies);

std::vector<PowerSupply> read_power_supplies(const std::filesystem::path& directory);

class PowerProbe : public Probe {
 public:
  PowerProbe(boost::asio::io_context& loop, std::filesystem::path directory, BatteryLevels levels,
             Report report);

  void measure() override;
  void set_wanted(const Constraints& wanted) override;

 private:
  void listen();
  void look_again();

  std::filesystem::path directory_;
  BatteryLevels levels_;
  Report report_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer again_;
  bool low_ = false;
  bool wanted_ = false;
};

}  // namespace wm
