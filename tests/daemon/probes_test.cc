// What the sensors make of what the machine says.
#include <fstream>

#include <gtest/gtest.h>

#include "daemon/probes/network.h"
#include "daemon/probes/power.h"
#include "daemon/probes/storage.h"
#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

const PowerSupply kPlugIn{.type = "Mains", .online = true};
const PowerSupply kPlugOut{.type = "Mains", .online = false};

PowerSupply battery(const std::string& status, std::optional<int> capacity = 80) {
  return {.type = "Battery", .status = status, .capacity = capacity};
}

PowerReading judge(std::initializer_list<PowerSupply> supplies) {
  return wm::judge(std::span(supplies.begin(), supplies.size()));
}

TEST(Power, AMachineWithoutABatteryIsOnExternalPower) {
  const PowerReading expected{.has_battery = false, .charging = true, .percent = {}};
  EXPECT_EQ(judge({}), expected);
  EXPECT_EQ(judge({kPlugIn}), expected);
}

TEST(Power, FullAndHeldBatteriesOnAPlugAreCharging) {
  for (const char* status : {"Charging", "Full", "Not charging", "Unknown"}) {
    EXPECT_TRUE(judge({kPlugIn, battery(status)}).charging) << status;
  }
}

TEST(Power, DischargingIsBelievedBeforeThePlug) {
  EXPECT_FALSE(judge({kPlugIn, battery("Discharging")}).charging);
  EXPECT_FALSE(judge({kPlugOut, battery("Discharging")}).charging);
  EXPECT_FALSE(judge({kPlugIn, battery("Full"), battery("Discharging")}).charging);
}

TEST(Power, UnpluggedAndNotFillingIsNotCharging) {
  EXPECT_FALSE(judge({kPlugOut, battery("Not charging")}).charging);
  EXPECT_FALSE(judge({kPlugOut, battery("Unknown")}).charging);
}

TEST(Power, AMouseIsNoBatteryOfTheMachine) {
  PowerSupply mouse = battery("Discharging", 3);
  mouse.scope = "Device";
  const PowerReading reading = judge({mouse});
  EXPECT_FALSE(reading.has_battery);
  EXPECT_TRUE(reading.charging);
}

TEST(Power, AnEmptyBayIsNoBattery) {
  PowerSupply bay = battery("Unknown", 0);
  bay.present = false;
  EXPECT_FALSE(judge({kPlugIn, bay}).has_battery);
}

TEST(Power, SeveralBatteriesAreOne) {
  EXPECT_EQ(judge({kPlugIn, battery("Full", 100), battery("Charging", 50)}).percent, 75);
  EXPECT_EQ(judge({kPlugIn, battery("Full", {})}).percent, std::nullopt);
}

TEST(Power, IsReadFromItsAttributes) {
  const TemporaryDirectory directory;
  const auto supply = directory.path() / "BAT0";
  std::filesystem::create_directory(supply);
  std::ofstream(supply / "type") << "Battery\n";
  std::ofstream(supply / "status") << "Discharging\n";
  std::ofstream(supply / "capacity") << "41\n";

  const auto supplies = read_power_supplies(directory.path());

  ASSERT_EQ(supplies.size(), 1U);
  EXPECT_EQ(supplies[0].type, "Battery");
  EXPECT_EQ(supplies[0].status, "Discharging");
  EXPECT_EQ(supplies[0].capacity, 41);
  EXPECT_TRUE(supplies[0].present) << "not all drivers say so";
  EXPECT_TRUE(read_power_supplies(directory.path() / "absent").empty());
}

TEST(Power, ABatteryThatFillsIsLowUntilItIsWellAgain) {
  const TemporaryDirectory directory;
  const auto supply = directory.path() / "BAT0";
  std::filesystem::create_directory(supply);
  std::ofstream(supply / "type") << "Battery\n";
  std::ofstream(supply / "status") << "Charging\n";
  boost::asio::io_context loop;
  std::optional<bool> not_low;
  PowerProbe probe(loop, directory.path(), {}, [&](const Measurement& measured) {
    if (measured.name == ConditionName::battery) not_low = std::get<bool>(measured.value);
  });

  std::vector<bool> seen;
  for (const int percent : {16, 15, 20, 21}) {
    std::ofstream(supply / "capacity") << percent << '\n';
    probe.measure();
    seen.push_back(not_low.value());
  }

  EXPECT_EQ(seen, (std::vector{true, false, false, true}));
}

const Link kEthernet{.index = 2, .name = {}, .loopback = false, .up = true, .carrier = true};

TEST(Network, IsADefaultRouteOverALinkThatIsUp) {
  const DefaultRoute route{.link = 2, .metric = 100};
  EXPECT_EQ(route_out({{kEthernet}}, {{route}})->index, 2);
  EXPECT_EQ(route_out({{kEthernet}}, {}), nullptr);
  EXPECT_EQ(route_out({}, {{route}}), nullptr);
  for (auto broken : {&Link::up, &Link::carrier}) {
    Link link = kEthernet;
    link.*broken = false;
    EXPECT_EQ(route_out({{link}}, {{route}}), nullptr);
  }
  Link loopback = kEthernet;
  loopback.loopback = true;
  EXPECT_EQ(route_out({{loopback}}, {{route}}), nullptr);
}

TEST(Network, TheLowestMetricLeadsOut) {
  Link wifi = kEthernet;
  wifi.index = 3;
  const std::vector<Link> links{kEthernet, wifi};
  const std::vector<DefaultRoute> routes{{.link = 2, .metric = 600}, {.link = 3, .metric = 100}};
  EXPECT_EQ(route_out(links, routes)->index, 3);
}

TEST(Network, MeteredAsConfiguredElseAsNetworkManagerSaysElseByName) {
  NetworkSettings settings;
  EXPECT_FALSE(is_metered("eth0", std::nullopt, settings));
  EXPECT_TRUE(is_metered("wwan0", std::nullopt, settings));
  EXPECT_FALSE(is_metered("wwan0", false, settings));
  EXPECT_TRUE(is_metered("eth0", true, settings));
  settings.metered = Metered::no;
  EXPECT_FALSE(is_metered("wwan0", true, settings));
  settings.metered = Metered::yes;
  EXPECT_TRUE(is_metered("eth0", false, settings));
}

TEST(Storage, MeasuresTheWatchedPaths) {
  boost::asio::io_context loop;
  std::vector<Measurement> seen;
  const auto report = [&](const Measurement& measured) { seen.push_back(measured); };
  const TemporaryDirectory directory;
  StorageProbe roomy(loop, {directory.path().string()}, {.low_percent = 0, .low_bytes = 0}, report);
  roomy.measure();
  StorageProbe blind(loop, {"/absent"}, {}, report);
  blind.measure();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].value, ConditionValue(true));
  EXPECT_EQ(seen[1].value, ConditionValue(std::monostate{}));
}

}  // namespace
}  // namespace wm
