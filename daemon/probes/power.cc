#include "daemon/probes/power.h"

#include <fstream>

#include <linux/netlink.h>
#include <spdlog/fmt/fmt.h>

#include "core/text.h"

namespace wm {
namespace {

constexpr const char* kUPower = "org.freedesktop.UPower";
constexpr std::int64_t kBattery = 2;
constexpr std::int64_t kUps = 3;
constexpr std::int64_t kDischarging = 2;

// Plugs are announced, percentages are not: while a job waits for the level it is read this often.
constexpr std::chrono::seconds kLevelInterval{60};

std::string attribute(const std::filesystem::path& supply, const char* name) {
  std::ifstream file(supply / name);
  std::string text;
  std::getline(file, text);
  return text;
}

std::optional<int> number(const std::filesystem::path& supply, const char* name) {
  return parse_number<int>(attribute(supply, name));
}

bool is_battery(const PowerSupply& supply) {
  return (supply.type == "Battery" || supply.type == "UPS") && supply.scope != "Device" &&
         supply.present;
}

bool is_plug(const PowerSupply& supply) {
  return supply.type == "Mains" || supply.type == "USB" || supply.type == "Wireless";
}

// These are the kernel's own announcements; those that udevd forwards, in group 2, cannot be
// trusted.
constexpr unsigned kUeventsOfKernel = 1;

bool is_of_power_supply(std::string_view uevent) {
  using std::string_view_literals::operator""sv;
  return uevent.find("\0SUBSYSTEM=power_supply\0"sv) != std::string_view::npos;
}

}  // namespace

PowerReading judge(std::span<const PowerSupply> supplies) {
  PowerReading reading;
  bool plugged = false;
  bool filling = false;
  bool discharging = false;
  int sum = 0;
  int known = 0;
  for (const PowerSupply& supply : supplies) {
    if (is_plug(supply)) plugged = plugged || supply.online;
    if (!is_battery(supply)) continue;
    reading.has_battery = true;
    discharging = discharging || supply.status == "Discharging";
    filling = filling || supply.status == "Charging" || supply.status == "Full";
    if (supply.capacity) {
      sum += *supply.capacity;
      ++known;
    }
  }
  if (!reading.has_battery) return reading;
  reading.charging = !discharging && (plugged || filling);
  if (known > 0) reading.percent = sum / known;
  return reading;
}

std::vector<PowerSupply> read_power_supplies(const std::filesystem::path& directory) {
  std::vector<PowerSupply> supplies;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    PowerSupply supply;
    supply.type = attribute(entry.path(), "type");
    supply.scope = attribute(entry.path(), "scope");
    supply.status = attribute(entry.path(), "status");
    supply.online = number(entry.path(), "online").value_or(0) != 0;
    supply.present = number(entry.path(), "present").value_or(1) != 0;
    supply.capacity = number(entry.path(), "capacity");
    supplies.push_back(std::move(supply));
  }
  return supplies;
}

PowerReading judge(bool on_battery, const DisplayDevice& device) {
  PowerReading reading;
  reading.has_battery = device.present && (device.type == kBattery || device.type == kUps);
  reading.charging = !on_battery && !(reading.has_battery && device.state == kDischarging);
  // Anything else, or something that is no number, is not a level.
  const bool level = device.percentage >= 0 && device.percentage <= 100;
  if (reading.has_battery && level) reading.percent = static_cast<int>(device.percentage);
  return reading;
}

PowerProbe::Sources::Sources(boost::asio::io_context& loop, Bus& bus,
                             const std::function<void()>& changed)
    : events(loop, NETLINK_KOBJECT_UEVENT, kUeventsOfKernel, "the power supplies",
             is_of_power_supply, changed),
      upower(bus, kUPower, "/org/freedesktop/UPower", kUPower, changed),
      display(bus, kUPower, "/org/freedesktop/UPower/devices/DisplayDevice",
              "org.freedesktop.UPower.Device", changed) {}

PowerProbe::PowerProbe(boost::asio::io_context& loop, Bus& bus, std::filesystem::path directory,
                       const BatteryLevels& levels, Report report)
    : loop_(loop),
      bus_(bus),
      directory_(std::move(directory)),
      levels_(levels),
      report_(std::move(report)),
      again_(loop) {}

void PowerProbe::set_wanted(const Constraints& wanted) {
  const bool level_before = std::exchange(level_wanted_, wanted.has(Constraint::battery_not_low));
  if (!wanted.has(Constraint::charging) && !wanted.has(Constraint::battery_not_low)) {
    sources_.reset();
    again_.cancel();
  } else if (!sources_) {
    sources_ = std::make_unique<Sources>(loop_, bus_, [this] { measure(); });
    measure();
  } else if (level_before != level_wanted_) {
    measure();
  }
}

void PowerProbe::measure() {
  if (!sources_) return;
  const auto& [events, upower, display] = *sources_;
  if (!upower.answered() || !display.answered()) return;
  // Without UPower the kernel decides.
  const bool told = upower.present() && display.present();
  const PowerReading now = told ? judge(upower.flag("OnBattery").value_or(false),
                                        {.present = display.flag("IsPresent").value_or(false),
                                         .type = display.number("Type").value_or(0),
                                         .state = display.number("State").value_or(0),
                                         .percentage = display.real("Percentage").value_or(-1)})
                                : judge(read_power_supplies(directory_));
  const char* const source = told ? "UPower" : "sysfs";
  const std::string level = now.percent       ? fmt::format("battery at {} %", *now.percent)
                            : now.has_battery ? "battery at an unknown level"
                                              : "no battery";
  report_({Constraint::charging, now.charging, source,
           now.has_battery || !now.charging ? level : "no battery: on external power"});
  if (now.has_battery && !now.percent) {
    report_({Constraint::battery_not_low, std::monostate{}, source, level});
  } else {
    low_ = now.percent && battery_is_low(low_, *now.percent, levels_);
    report_({Constraint::battery_not_low, !low_, source, level});
  }
  again_.cancel();
  if (level_wanted_ && now.has_battery && !told) look_again();
}

void PowerProbe::look_again() {
  again_.expires_after(kLevelInterval);
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) measure();
  });
}

}  // namespace wm
