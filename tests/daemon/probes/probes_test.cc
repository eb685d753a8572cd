// The sensors' readings of what the machine reports.
#include <fstream>
#include <limits>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/probes/custom.h"
#include "daemon/probes/idle.h"
#include "daemon/probes/input_devices.h"
#include "daemon/probes/network.h"
#include "daemon/probes/power.h"
#include "daemon/probes/storage.h"
#include "daemon/system/sleep_watch.h"
#include "tests/support/now.h"
#include "tests/support/private_bus.h"
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

PowerReading upower(bool on_battery, const DisplayDevice& device) {
  return wm::judge(on_battery, device);
}

TEST(Power, AsUPowerSays) {
  const DisplayDevice laptop{.present = true, .type = 2, .state = 1, .percentage = 80.9};
  EXPECT_EQ(upower(false, laptop), (PowerReading{true, true, 80}));
  EXPECT_EQ(upower(true, laptop), (PowerReading{true, false, 80}));
  for (const std::int64_t held : {4, 5}) {  // Full, and waiting for charge.
    EXPECT_TRUE(upower(false, {.present = true, .type = 2, .state = held}).charging);
  }
  EXPECT_FALSE(upower(false, {.present = true, .type = 2, .state = 2}).charging)
      << "it discharges, whatever the plug says";
  EXPECT_EQ(upower(false, {}), (PowerReading{false, true, {}})) << "a desktop";
  EXPECT_EQ(upower(false, {.present = true, .type = 0}), (PowerReading{false, true, {}}));
  EXPECT_EQ(upower(true, {.present = true, .type = 3, .state = 2, .percentage = 40}),
            (PowerReading{true, false, 40}))
      << "on its UPS";
}

const Link kEthernet{
    .index = 2, .name = {}, .loopback = false, .up = true, .carrier = true, .address = true};

TEST(Network, IsADefaultRouteOverALinkThatIsUp) {
  const DefaultRoute route{.link = 2, .metric = 100};
  EXPECT_EQ(route_out({{kEthernet}}, {{route}})->index, 2);
  EXPECT_EQ(route_out({{kEthernet}}, {}), nullptr);
  EXPECT_EQ(route_out({}, {{route}}), nullptr);
  for (auto broken : {&Link::up, &Link::carrier, &Link::address}) {
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

NetworkFacts over(const std::string& interface,
                  std::optional<NetworkManagerReading> manager = std::nullopt) {
  NetworkFacts facts;
  facts.interface = interface;
  facts.network_manager = std::move(manager);
  return facts;
}

NetworkManagerReading managed(std::optional<bool> metered) {
  return {.activated = true, .trouble = "", .metered = metered, .mobile = false};
}

TEST(Network, MeteredAsConfiguredElseAsNetworkManagerSaysElseByName) {
  NetworkSettings settings;
  const auto metered = [&](const NetworkFacts& facts) {
    const NetworkReading reading = judge_network(facts, {}, settings).reading;
    EXPECT_TRUE(reading.connected);
    return reading.metered;
  };
  EXPECT_FALSE(metered(over("eth0")));
  EXPECT_TRUE(metered(over("wwan0")));
  EXPECT_FALSE(metered(over("wwan0", managed(false))));
  EXPECT_TRUE(metered(over("wwan0", managed({}))));
  EXPECT_TRUE(metered(over("eth0", managed(true))));
  settings.metered = Metered::no;
  EXPECT_FALSE(metered(over("wwan0", managed(true))));
  settings.metered = Metered::yes;
  EXPECT_TRUE(metered(over("eth0", managed(false))));
}

TEST(Network, WithoutADefaultRouteThereIsNone) {
  EXPECT_FALSE(judge_network(over(""), {}, {}).reading.connected);
}

TEST(Network, ANewRouteCountsOnceNetworkManagerHasSetItUp) {
  NetworkFacts facts = over("wlan0");
  facts.answered = false;
  EXPECT_FALSE(judge_network(facts, {}, {}).reading.connected);
  NetworkManagerReading setting_up = managed(false);
  setting_up.activated = false;
  EXPECT_FALSE(judge_network(over("wlan0", setting_up), {}, {}).reading.connected);
}

TEST(Network, APortalIsNoConnection) {
  NetworkManagerReading portal = managed(false);
  portal.trouble = "portal";
  EXPECT_FALSE(judge_network(over("wlan0", portal), {}, {}).reading.connected);
}

TEST(Network, SystemdNetworkdMaySayThatItIsOffline) {
  NetworkFacts facts = over("eth0");
  facts.offline = true;
  EXPECT_FALSE(judge_network(facts, {}, {}).reading.connected);
}

TEST(Network, WhatNetworkManagerSaidStaysTrueWhileTheRouteStays) {
  const NetworkReading hotspot{.connected = true, .metered = true};
  const KnownNetwork known{"wlan0", hotspot, true};
  NetworkManagerReading setting_up = managed({});
  setting_up.activated = false;
  NetworkFacts asking = over("wlan0");
  asking.answered = false;
  for (const NetworkFacts& facts : {asking, over("wlan0"), over("wlan0", setting_up)}) {
    const NetworkJudgement judged = judge_network(facts, known, {});
    EXPECT_EQ(judged.reading, hotspot) << judged.detail;
    EXPECT_TRUE(judged.metered_by_manager);
  }
  EXPECT_FALSE(judge_network(over("eth0"), known, {}).reading.metered) << "another route";
}

constexpr TimePoint kLongAgo = kNow - Days{1};

IdleJudgement idle(IdleFacts facts) {
  facts.started = std::max(facts.started, kLongAgo);
  return judge_idle(facts, {.after = 15min, .max_load = 0.3}, kNow);
}

TEST(Idle, OnceNoSessionWasInUseForLongEnough) {
  EXPECT_TRUE(idle({.sessions = 1, .hint = true, .hint_since = kNow - 15min}).idle);
  const IdleJudgement soon = idle({.sessions = 1, .hint = true, .hint_since = kNow - 14min});
  EXPECT_FALSE(soon.idle);
  EXPECT_EQ(soon.changes, kNow + 1min);
  EXPECT_FALSE(idle({.sessions = 1, .hint = false, .hint_since = kLongAgo}).idle);
}

TEST(Idle, SinceTheDaemonStartedAtTheEarliest) {
  EXPECT_FALSE(idle({.sessions = 1, .hint = true, .started = kNow - 1min}).idle) << "since 1970";
}

TEST(Idle, AFilmHoldsItOff) {
  EXPECT_FALSE(idle({.inhibited = true, .sessions = 1, .hint = true}).idle);
}

TEST(Idle, WhereNobodyIsLoggedInTheLoadDecides) {
  EXPECT_TRUE(idle({.load = 0.3}).idle);
  EXPECT_FALSE(idle({.load = 0.31}).idle);
}

TEST(Idle, WithoutLogindTerminalsCountToo) {
  EXPECT_TRUE(idle({.last_use = kNow - 15min}).idle);
  EXPECT_FALSE(idle({.last_use = kNow - 14min}).idle);
}

TEST(Idle, NotBeforeLogindHasAnswered) { EXPECT_FALSE(idle({.answered = false}).idle); }

// Probes at work.
class Measured : public testing::Test {
 protected:
  Probe::Report report() {
    return [this](const Measurement& measured) { last_[measured.id] = measured; };
  }
  ConditionValue value(const ConditionId& id) { return last_.at(id).value; }
  bool until(const ConditionId& id, const ConditionValue& value,
             const std::vector<FakeService*>& services = {}) {
    return run_until(loop_, services,
                     [&] { return last_.contains(id) && last_[id].value == value; });
  }
  bool until_source(const ConditionId& id, const std::string& source,
                    const std::vector<FakeService*>& services = {}) {
    return run_until(loop_, services,
                     [&] { return last_.contains(id) && last_[id].source == source; });
  }

  boost::asio::io_context loop_;
  HelperThreads helpers_{loop_};
  std::map<ConditionId, Measurement> last_;
};

class Probes : public Measured {
 protected:
  PrivateBus daemon_;
  Bus bus_{loop_};
};

TEST_F(Probes, ABatteryThatFillsIsLowUntilItIsWellAgain) {
  const TemporaryDirectory directory;
  const auto supply = directory.path() / "BAT0";
  std::filesystem::create_directory(supply);
  std::ofstream(supply / "type") << "Battery\n";
  std::ofstream(supply / "status") << "Charging\n";
  const BatteryLevels levels;
  PowerProbe probe(loop_, bus_, directory.path(), levels, report());
  probe.set_wanted({.flags = {Constraint::battery_not_low}});
  ASSERT_TRUE(until_source(Constraint::battery_not_low, "sysfs"));

  std::vector<bool> seen;
  for (const int percent : {16, 15, 20, 21}) {
    std::ofstream(supply / "capacity") << percent << '\n';
    probe.measure();
    seen.push_back(std::get<bool>(value(Constraint::battery_not_low)));
  }

  EXPECT_EQ(seen, (std::vector{true, false, false, true}));
}

TEST_F(Probes, PowerFollowsUPowerThroughItsLifeAndThatOfTheBus) {
  const TemporaryDirectory empty;
  const BatteryLevels levels;
  const ConditionId charging = Constraint::charging;
  constexpr const char* kDisplay = "/org/freedesktop/UPower/devices/DisplayDevice";
  const auto start = [&] {
    auto service = std::make_unique<FakeService>(daemon_, "org.freedesktop.UPower");
    service->set("/org/freedesktop/UPower", "org.freedesktop.UPower", "OnBattery", true);
    service->set(kDisplay, "org.freedesktop.UPower.Device", "IsPresent", true);
    service->set(kDisplay, "org.freedesktop.UPower.Device", "Type", std::int64_t{2});
    service->set(kDisplay, "org.freedesktop.UPower.Device", "Percentage", 14.0);
    return service;
  };
  PowerProbe probe(loop_, bus_, empty.path(), levels, report());
  probe.set_wanted({.flags = {Constraint::charging, Constraint::battery_not_low}});
  EXPECT_TRUE(last_.empty()) << "UPower is being asked";
  ASSERT_TRUE(until(charging, true)) << "no battery, as far as the kernel says";

  auto service = start();
  ASSERT_TRUE(until(charging, false, {service.get()}));
  EXPECT_EQ(last_[charging].source, "UPower");
  EXPECT_EQ(value(Constraint::battery_not_low), ConditionValue(false));
  service->set("/org/freedesktop/UPower", "org.freedesktop.UPower", "OnBattery", false);
  ASSERT_TRUE(until(charging, true, {service.get()}));
  service->set(kDisplay, "org.freedesktop.UPower.Device", "Percentage", 21.0);
  ASSERT_TRUE(until(Constraint::battery_not_low, true, {service.get()}));

  service.reset();
  ASSERT_TRUE(until_source(charging, "sysfs"));
  service = start();
  ASSERT_TRUE(until(charging, false, {service.get()}));

  daemon_.restart();
  ASSERT_TRUE(until_source(charging, "sysfs"));
  service = start();
  ASSERT_TRUE(until(charging, false, {service.get()})) << "the new bus is found";
}

// Values of another type count as absent: the service is broken, or means harm.
TEST_F(Probes, ValuesThatMakeNoSenseAreNoneOfUPowers) {
  const TemporaryDirectory empty;
  const BatteryLevels levels;
  constexpr const char* kDisplay = "/org/freedesktop/UPower/devices/DisplayDevice";
  FakeService service(daemon_, "org.freedesktop.UPower");
  service.set("/org/freedesktop/UPower", "org.freedesktop.UPower", "OnBattery", std::string("yes"));
  service.set(kDisplay, "org.freedesktop.UPower.Device", "IsPresent", 1.5);
  service.set(kDisplay, "org.freedesktop.UPower.Device", "Type", std::string("battery"));
  service.set(kDisplay, "org.freedesktop.UPower.Device", "Percentage",
              std::numeric_limits<double>::quiet_NaN());
  PowerProbe probe(loop_, bus_, empty.path(), levels, report());
  probe.set_wanted({.flags = {Constraint::charging, Constraint::battery_not_low}});
  ASSERT_TRUE(until(Constraint::charging, true, {&service}));
  EXPECT_EQ(value(Constraint::battery_not_low), ConditionValue(true)) << "there is none";

  service.set(kDisplay, "org.freedesktop.UPower.Device", "IsPresent", true);
  service.set(kDisplay, "org.freedesktop.UPower.Device", "Type", std::int64_t{2});
  service.set(kDisplay, "org.freedesktop.UPower.Device", "Percentage", 14.0);
  ASSERT_TRUE(until(Constraint::battery_not_low, false, {&service}));
  for (const double level : {1e300, std::numeric_limits<double>::quiet_NaN(), -1.0}) {
    service.set(kDisplay, "org.freedesktop.UPower.Device", "Percentage", level);
    ASSERT_TRUE(until(Constraint::battery_not_low, std::monostate{}, {&service})) << level;
    service.set(kDisplay, "org.freedesktop.UPower.Device", "Percentage", 14.0);
    ASSERT_TRUE(until(Constraint::battery_not_low, false, {&service}));
  }
}

// A pipe stands for each device: it is read, and goes away, in the same way.
class InputDevicesInUse : public Measured {
 protected:
  InputDevicesInUse() {
    std::filesystem::create_directories(classes());
    std::filesystem::create_directories(nodes());
  }
  std::filesystem::path nodes() const { return directory_.path() / "dev"; }
  std::filesystem::path classes() const { return directory_.path() / "class"; }
  /// Returns the end to write to.
  int add(const std::string& name, const std::string& kinds) {
    std::filesystem::create_directories(classes() / name / "device/capabilities");
    std::ofstream(classes() / name / "device/capabilities/ev") << kinds << '\n';
    ::mkfifo((nodes() / name).c_str(), 0600);
    return ::open((nodes() / name).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  bool told(int times) {
    return run_until(loop_, {}, [&] { return told_ >= times; });
  }

  TemporaryDirectory directory_;
  int told_ = 0;
};

TEST_F(InputDevicesInUse, TellOnceAPauseHoweverMuchIsTyped) {
  const int keyboard = add("event0", "120013");
  const int mouse = add("event1", "17");
  InputDevices devices(loop_, [this] { ++told_; }, Duration{50}, nodes(), classes());
  EXPECT_FALSE(devices.last_use());
  const std::string keys(8192, 'k');
  ASSERT_GT(::write(keyboard, keys.data(), keys.size()), 0);
  ASSERT_TRUE(told(1));
  const TimePoint first = *devices.last_use();
  ASSERT_GT(::write(keyboard, keys.data(), keys.size()), 0);
  ASSERT_TRUE(told(2));
  EXPECT_GE(*devices.last_use() - first, Duration{49});
  ASSERT_GT(::write(mouse, "m", 1), 0);
  ASSERT_TRUE(told(3));
  ::close(keyboard);
  ::close(mouse);
}

TEST_F(InputDevicesInUse, ThatComeLaterAreFoundAndGoneOnesLeft) {
  InputDevices devices(loop_, [this] { ++told_; }, Duration{1}, nodes(), classes());
  for (int life = 1; life <= 2; ++life) {
    const int touch = add("event5", "b");
    devices.refresh();
    ASSERT_EQ(::write(touch, "t", 1), 1);
    ASSERT_TRUE(told(life));
    ::close(touch);
    std::filesystem::remove(nodes() / "event5");
    // It was unplugged: nothing more comes from it, and its name is free.
    for (int turns = 0; turns < 20; ++turns) loop_.run_for(Duration{1});
  }
}

TEST_F(InputDevicesInUse, AnAccelerometerIsNobody) {
  const int accelerometer = add("event0", "9");
  const int keyboard = add("event1", "120013");
  InputDevices devices(loop_, [this] { ++told_; }, Duration{1}, nodes(), classes());
  ASSERT_EQ(::write(accelerometer, "a", 1), 1);
  ASSERT_EQ(::write(keyboard, "k", 1), 1);
  ASSERT_TRUE(told(1));
  for (int turns = 0; turns < 20; ++turns) loop_.run_for(Duration{1});
  EXPECT_EQ(told_, 1);
  ::close(accelerometer);
  ::close(keyboard);
}

TEST_F(Probes, IdlenessFollowsLogind) {
  const IdleSettings settings{.after = Duration::zero(), .max_load = 1000};
  const ConditionId idle = Constraint::idle;
  FakeService logind(daemon_, "org.freedesktop.login1");
  const auto set = [&](const char* property, const BusValue& value) {
    logind.set("/org/freedesktop/login1", "org.freedesktop.login1.Manager", property, value);
  };
  set("NCurrentSessions", std::int64_t{1});
  set("IdleHint", true);
  IdleProbe probe(loop_, bus_, settings, [] { return 0; }, report());
  probe.set_wanted({.flags = {Constraint::idle}});
  EXPECT_EQ(value(idle), ConditionValue(false)) << "it has not been asked yet";
  ASSERT_TRUE(until(idle, true, {&logind}));
  set("IdleHint", false);
  ASSERT_TRUE(until(idle, false, {&logind}));
  set("IdleHint", true);
  ASSERT_TRUE(until(idle, true, {&logind}));
  set("BlockInhibited", std::string("shutdown:idle"));
  ASSERT_TRUE(until(idle, false, {&logind}));
}

TEST_F(Probes, NetworkManagerIsAskedAboutTheInterfaceThatLeadsOut) {
  constexpr const char* kManager = "org.freedesktop.NetworkManager";
  constexpr const char* kRoot = "/org/freedesktop/NetworkManager";
  FakeService service(daemon_, kManager);
  service.set(kRoot, kManager, "Connectivity", std::int64_t{4});
  service.set(kRoot, kManager, "Metered", std::int64_t{3});
  service.add_device("wlan0", "/device/1");
  constexpr const char* kDevice = "org.freedesktop.NetworkManager.Device";
  service.set("/device/1", kDevice, "Managed", true);
  service.set("/device/1", kDevice, "State", std::int64_t{70});
  NetworkManager manager(bus_, [] {});
  manager.look_at("wlan0");
  EXPECT_FALSE(manager.answered());
  ASSERT_TRUE(run_until(loop_, {&service}, [&] { return manager.answered(); }));
  EXPECT_EQ(manager.reading(), (NetworkManagerReading{false, "", true, false}));
  service.set("/device/1", kDevice, "State", std::int64_t{100});
  service.set(kRoot, kManager, "Metered", std::int64_t{4});
  service.set(kRoot, kManager, "Connectivity", std::int64_t{1});
  service.set(kRoot, kManager, "ConnectivityCheckAvailable", true);
  ASSERT_TRUE(run_until(loop_, {&service}, [&] {
    return manager.reading() == NetworkManagerReading{false, "", false, false};
  })) << "it has just started";
  service.set(kRoot, kManager, "Connectivity", std::int64_t{3});
  ASSERT_TRUE(run_until(loop_, {&service}, [&] {
    return manager.reading() == NetworkManagerReading{true, "", false, false};
  })) << "it does not check";
  service.set(kRoot, kManager, "ConnectivityCheckEnabled", true);
  ASSERT_TRUE(run_until(loop_, {&service}, [&] {
    return manager.reading() == NetworkManagerReading{true, "limited", false, false};
  }));
  service.set(kRoot, kManager, "Connectivity", std::int64_t{2});
  EXPECT_TRUE(run_until(loop_, {&service}, [&] {
    return manager.reading() == NetworkManagerReading{true, "portal", false, false};
  }));
  manager.look_at("eth7");
  ASSERT_TRUE(run_until(loop_, {&service}, [&] { return manager.answered(); }));
  EXPECT_EQ(manager.reading(), std::nullopt) << "it leaves that one to others";
}

TEST_F(Probes, WhereNobodyAnswersTheKernelDecides) {
  NetworkSettings settings;
  NetworkProbe probe(loop_, bus_, settings, report());
  probe.set_wanted({.network = NetworkType::connected});
  EXPECT_TRUE(until_source(Constraint::network, "rtnetlink"));
}

TEST_F(Probes, NothingIsMeasuredThatNobodyWants) {
  const IdleSettings idle;
  const NetworkSettings network;
  const BatteryLevels levels;
  const StorageSettings storage;
  IdleProbe a(loop_, bus_, idle, [] { return 0; }, report());
  NetworkProbe b(loop_, bus_, network, report());
  PowerProbe c(loop_, bus_, "/sys/class/power_supply", levels, report());
  StorageProbe d(loop_, helpers_, "/tmp", storage, report());
  for (Probe* probe : std::initializer_list<Probe*>{&a, &b, &c, &d}) {
    probe->set_wanted({});
    probe->measure();
  }
  EXPECT_TRUE(last_.empty());
  EXPECT_EQ(loop_.poll(), 0U) << "nothing is waited for";
  EXPECT_TRUE(loop_.stopped());
}

TEST_F(Probes, StorageOfTheWatchedPaths) {
  const TemporaryDirectory directory;
  const ConditionId storage = Constraint::storage_not_low;
  const StorageSettings any{.paths = {}, .levels = {.low_percent = 0, .low_bytes = 0}};
  StorageProbe roomy(loop_, helpers_, directory.path().string(), any, report());
  roomy.set_wanted({.flags = {Constraint::storage_not_low}});
  EXPECT_TRUE(until(storage, true));
  const StorageSettings all{.paths = {}, .levels = {.low_percent = 100, .low_bytes = ~0ULL >> 1}};
  StorageProbe full(loop_, helpers_, directory.path().string(), all, report());
  full.set_wanted({.flags = {Constraint::storage_not_low}});
  EXPECT_TRUE(until(storage, false));
  StorageProbe blind(loop_, helpers_, "/absent", any, report());
  blind.set_wanted({.flags = {Constraint::storage_not_low}});
  EXPECT_TRUE(until(storage, std::monostate{}));
}

TEST_F(Probes, LogindTellsThatTheMachineHasSlept) {
  FakeService logind(daemon_, "org.freedesktop.login1");
  int awake = 0;
  SleepWatch sleep(bus_, [&] { ++awake; });
  sleep.set_wanted(true);
  const auto emit = [&](bool going) {
    logind.emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep",
                going);
  };
  EXPECT_TRUE(run_until(loop_, {&logind}, [&] {
    emit(true);
    if (awake == 0) emit(false);
    return awake > 0;
  }));
  const int heard = awake;
  sleep.set_wanted(false);
  emit(false);
  loop_.restart();
  loop_.poll();
  EXPECT_EQ(awake, heard);
  EXPECT_EQ(sleep.take_slept(), 0s) << "what was before does not count";
}

// A host on this machine that may be reachable or not.
class Reachable : public Measured {
 protected:
  using tcp = boost::asio::ip::tcp;
  std::string target() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  bool answered() {
    return run_until(loop_, {}, [this] { return news_ > 0; });
  }

  int news_ = 0;
  tcp::acceptor acceptor_{loop_, {boost::asio::ip::address_v4::loopback(), 0}};
  Reachability reachability_{loop_, [this] { ++news_; }};
};

TEST_F(Reachable, OnceAConnectionIsMade) {
  EXPECT_EQ(reachability_.reached(target(), "eth0"), std::nullopt);
  ASSERT_TRUE(answered());
  EXPECT_EQ(reachability_.reached(target(), "eth0"), true);
  EXPECT_EQ(reachability_.reached(target(), "wlan0"), std::nullopt) << "another way out";
}

TEST_F(Reachable, NotWhereNobodyListens) {
  const std::string closed = target();
  acceptor_.close();
  EXPECT_EQ(reachability_.reached(closed, "eth0"), std::nullopt);
  ASSERT_TRUE(answered());
  EXPECT_EQ(reachability_.reached(closed, "eth0"), false);
  EXPECT_EQ(reachability_.trouble(), "Connection refused");
  reachability_.forget();
  EXPECT_EQ(reachability_.reached(closed, "eth0"), std::nullopt) << "the route is new";
}

TEST_F(Reachable, OrItIsNoNetwork) {
  const NetworkJudgement judged{
      {true, false, false}, false, "rtnetlink", "default route over eth0"};
  EXPECT_EQ(judge_reachability(judged, "a:1", true, "").reading, judged.reading);
  EXPECT_EQ(judge_reachability(judged, "a:1", {}, "").reading, NetworkReading{});
  const auto failed = judge_reachability(judged, "a:1", false, "refused");
  EXPECT_FALSE(failed.reading.connected);
  EXPECT_EQ(failed.source, "reachability");
  EXPECT_EQ(failed.detail, "default route over eth0, a:1 is not reached: refused");
}

class Custom : public Measured {
 protected:
  // Waits until the command of that condition has ended.
  void await() {
    int status = 0;
    last_.erase(vpn_);
    ASSERT_TRUE(run_until(loop_, {}, [&] {
      const pid_t pid = ::waitpid(-1, &status, WNOHANG);
      if (pid > 0) commands_.child_ended(pid, status);
      return last_.contains(vpn_);
    }));
  }
  CustomCondition shell(const std::string& script) { return {{"/bin/sh", "-c", script}, 1h, 10s}; }

  HelperCommands commands_{loop_};
  ConditionId vpn_{Constraint::custom, "vpn"};
  Constraints wanted_{.custom = {"vpn"}};
};

TEST_F(Custom, HoldsIfItsCommandSaysSo) {
  const std::map<std::string, CustomCondition> declared{{"vpn", shell("exit 0")}};
  CustomProbe probe(loop_, commands_, declared, report());
  probe.set_wanted(wanted_);
  await();
  EXPECT_EQ(value(vpn_), ConditionValue(true));
}

TEST_F(Custom, SaysWhatItsCommandSaid) {
  const std::map<std::string, CustomCondition> declared{
      {"vpn", shell("echo no tunnel >&2; echo more >&2; exit 3")}};
  CustomProbe probe(loop_, commands_, declared, report());
  probe.set_wanted(wanted_);
  await();
  EXPECT_EQ(value(vpn_), ConditionValue(false));
  EXPECT_EQ(last_[vpn_].detail, "exit 3: no tunnel");
}

TEST_F(Custom, ACommandThatHangsIsKilled) {
  CustomCondition slow = shell("sleep 1000");
  slow.time_limit = 20ms;
  const std::map<std::string, CustomCondition> declared{{"vpn", slow}};
  CustomProbe probe(loop_, commands_, declared, report());
  probe.set_wanted(wanted_);
  await();
  EXPECT_EQ(value(vpn_), ConditionValue(false));
  EXPECT_EQ(last_[vpn_].detail, "no answer within 20ms");
}

TEST_F(Custom, ACommandThatIsNotThereIsToldOf) {
  const std::map<std::string, CustomCondition> declared{{"vpn", {{"/absent"}, 1h, 1s}}};
  CustomProbe probe(loop_, commands_, declared, report());
  probe.set_wanted(wanted_);
  await();
  EXPECT_EQ(value(vpn_), ConditionValue(false));
  EXPECT_NE(last_[vpn_].detail.find("/absent"), std::string::npos);
}

TEST_F(Custom, IsAskedAgainAfterAPauseAndNotAfterItIsUnwanted) {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "asked").string();
  CustomCondition often = shell("echo >>" + file);
  often.every = 1ms;
  const std::map<std::string, CustomCondition> declared{{"vpn", often}};
  CustomProbe probe(loop_, commands_, declared, report());
  probe.set_wanted(wanted_);
  for (int i = 0; i < 3; ++i) await();
  EXPECT_GE(std::filesystem::file_size(file), 3U);
  probe.set_wanted({});
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  loop_.restart();
  loop_.run();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "none was started";
}

}  // namespace
}  // namespace wm
