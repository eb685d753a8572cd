#include "core/conditions.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

bool network_holds(NetworkType wanted, std::optional<NetworkReading> reading) {
  return hold({.network = wanted}, {.network = reading}, {});
}

TEST(Conditions, NetworkTypes) {
  using enum NetworkType;
  const NetworkReading none{};
  const NetworkReading plain{.connected = true};
  const NetworkReading metered_one{.connected = true, .metered = true};
  const NetworkReading abroad{.connected = true, .metered = true, .roaming = true};
  for (const auto wanted : {connected, unmetered, metered, not_roaming}) {
    EXPECT_FALSE(network_holds(wanted, none));
  }
  EXPECT_TRUE(network_holds(not_required, none));
  EXPECT_TRUE(network_holds(connected, abroad));
  EXPECT_TRUE(network_holds(unmetered, plain));
  EXPECT_FALSE(network_holds(unmetered, metered_one));
  EXPECT_TRUE(network_holds(metered, metered_one));
  EXPECT_FALSE(network_holds(metered, plain));
  EXPECT_TRUE(network_holds(not_roaming, metered_one));
  EXPECT_FALSE(network_holds(not_roaming, abroad));
}

const Constraints kAll = all_constraints({});

TEST(Conditions, UnknownSensorsDoNotBlockWork) {
  EXPECT_TRUE(hold(kAll, {}, {}));
  EXPECT_FALSE(network_holds(NetworkType::metered, std::nullopt)) << "metered must be known";
  EXPECT_FALSE(hold({.custom = {"vpn"}}, {}, {})) << "a custom condition must be known to hold";
}

TEST(Conditions, TheConfigurationSaysWhatUnknownMeans) {
  const UnknownPolicy wait{{Constraint::network, false},
                           {Constraint::charging, false},
                           {Constraint::battery_not_low, false},
                           {Constraint::idle, false}};
  for (const Constraints& wanted : {Constraints{.network = NetworkType::connected},
                                    Constraints{.flags = {Constraint::charging}},
                                    Constraints{.flags = {Constraint::battery_not_low}},
                                    Constraints{.flags = {Constraint::idle}}}) {
    EXPECT_FALSE(hold(wanted, {.unknown = wait}, {}));
  }
  EXPECT_TRUE(
      hold({.network = NetworkType::metered}, {.unknown = {{Constraint::network, true}}}, {}));
  EXPECT_FALSE(hold(
      Constraints{.flags = {Constraint::charging}},
      {.holds = {{Constraint::charging, false}}, .unknown = {{Constraint::charging, true}}}, {}))
      << "what is known counts";
}

TEST(Conditions, CustomConditionsHoldByName) {
  const Conditions now{.custom = {{"vpn", true}, {"home", false}}};
  EXPECT_TRUE(hold({.custom = {"vpn"}}, now, {}));
  EXPECT_FALSE(hold({.custom = {"vpn", "home"}}, now, {}));
}

TEST(Conditions, AllThatAreUnmetAreNamedWithWhatIsMeasured) {
  Constraints all = kAll;
  all.custom = {"vpn"};
  const Conditions bad{.network = NetworkReading{},
                       .holds = {{Constraint::charging, false},
                                 {Constraint::battery_not_low, false},
                                 {Constraint::storage_not_low, false},
                                 {Constraint::idle, false}}};
  const std::vector<Need> expected{{Constraint::network, "network", "connected", "none"},
                                   {Constraint::charging, "charging", "yes", "no"},
                                   {Constraint::battery_not_low, "battery-not-low", "yes", "low"},
                                   {Constraint::storage_not_low, "storage-not-low", "yes", "low"},
                                   {Constraint::idle, "idle", "yes", "no"},
                                   {Constraint::custom, "vpn", "yes", "unknown"}};
  EXPECT_EQ(unmet(all, bad, {}), expected);
  EXPECT_EQ(first_unmet(all, bad, {}), Constraint::network);
  EXPECT_TRUE(met(all, bad, {}).empty());
  EXPECT_TRUE(unmet({}, bad, {}).empty());
}

TEST(Conditions, ThoseThatAreMetAreNamedWithWhatIsMeasuredToo) {
  const Constraints wanted{.network = NetworkType::not_roaming,
                           .flags = {Constraint::charging, Constraint::battery_not_low},
                           .custom = {"vpn", "nas"}};
  const Conditions now{.network = NetworkReading{.connected = true, .metered = true},
                       .holds = {{Constraint::charging, false}},
                       .custom = {{"vpn", true}, {"nas", false}}};
  const std::vector<Need> expected{
      {Constraint::network, "network", "not-roaming", "metered"},
      {Constraint::battery_not_low, "battery-not-low", "yes", "unknown"},
      {Constraint::custom, "vpn", "yes", "yes"}};
  EXPECT_EQ(met(wanted, now, {}), expected);
  EXPECT_TRUE(met({}, now, {}).empty());
}

TEST(Conditions, EitherNamesWhatAnyOfTheTwoNames) {
  const Constraints a{.network = NetworkType::connected,
                      .flags = {Constraint::charging},
                      .custom = {"vpn", "home"}};
  const Constraints b{
      .network = NetworkType::unmetered, .flags = {Constraint::idle}, .custom = {"home", "dock"}};
  EXPECT_EQ(either(a, b), (Constraints{.network = NetworkType::unmetered,
                                       .flags = {Constraint::charging, Constraint::idle},
                                       .custom = {"vpn", "home", "dock"}}));
  EXPECT_EQ(either({}, b), b);
  EXPECT_EQ(either(a, {}), a);
}

TEST(Battery, IsLowUntilWellAgain) {
  const BatteryLevels levels{15, 20};
  EXPECT_FALSE(battery_is_low(false, 16, levels));
  EXPECT_TRUE(battery_is_low(false, 15, levels));
  EXPECT_TRUE(battery_is_low(true, 20, levels));
  EXPECT_FALSE(battery_is_low(true, 21, levels));
}

TEST(Storage, IsLowAtTheSmallerLimitUntilWellAboveIt) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const StorageLevels levels;
  const std::uint64_t large = 1'000'000 * kMiB;
  EXPECT_FALSE(storage_is_low(false, 501 * kMiB, large, levels));
  EXPECT_TRUE(storage_is_low(false, 500 * kMiB, large, levels));
  EXPECT_TRUE(storage_is_low(true, 750 * kMiB, large, levels));
  EXPECT_FALSE(storage_is_low(true, 751 * kMiB, large, levels));
  const std::uint64_t small = 1000 * kMiB;
  EXPECT_TRUE(storage_is_low(false, 49 * kMiB, small, levels));
  EXPECT_FALSE(storage_is_low(false, 51 * kMiB, small, levels));
}

}  // namespace
}  // namespace wm
