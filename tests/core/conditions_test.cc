#include "core/conditions.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

bool network_holds(NetworkType wanted, std::optional<NetworkReading> reading) {
  return hold({.network = wanted}, {.network = reading});
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

TEST(Conditions, UnknownSensorsDoNotBlockWork) {
  const Constraints all{NetworkType::connected, true, true, true, true};
  EXPECT_TRUE(hold(all, {}));
  EXPECT_FALSE(network_holds(NetworkType::metered, std::nullopt)) << "metered must be known";
}

TEST(Conditions, AllThatAreUnmetAreNamed) {
  const Constraints all{NetworkType::connected, true, true, true, true};
  const Conditions bad{NetworkReading{}, false, false, false, false};
  const std::vector<Constraint> expected{Constraint::network, Constraint::charging,
                                         Constraint::battery_not_low, Constraint::storage_not_low,
                                         Constraint::idle};
  EXPECT_EQ(unmet(all, bad), expected);
  EXPECT_TRUE(unmet({}, bad).empty());
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
