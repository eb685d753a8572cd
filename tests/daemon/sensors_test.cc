#include "daemon/sensors.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

const TimePoint kNow{Days{20'000}};

Measurement charging(bool on) { return {ConditionName::charging, on, "sysfs", "41 %"}; }

TEST(Sensors, SinceMovesOnlyWithTheValue) {
  Sensors sensors;
  sensors.take(charging(true), kNow);
  sensors.take(charging(true), kNow + 1min);
  EXPECT_EQ(sensors.to_json().at(0).at("since"), "2024-10-04T00:00:00.000Z");
  sensors.take(charging(false), kNow + 2min);
  EXPECT_EQ(sensors.to_json().at(0).at("since"), "2024-10-04T00:02:00.000Z");
}

TEST(Sensors, TellsWhetherAnythingChanged) {
  Sensors sensors;
  EXPECT_TRUE(sensors.take_changed()) << "nothing was known before";
  sensors.take(charging(true), kNow);
  EXPECT_TRUE(sensors.take_changed());
  sensors.take(charging(true), kNow);
  EXPECT_FALSE(sensors.take_changed());
}

TEST(Sensors, AnOverrideHidesTheMeasurementUntilItEnds) {
  Sensors sensors;
  sensors.take(charging(true), kNow);
  sensors.override_value(ConditionName::charging, false, kNow + 1min, kNow);
  EXPECT_EQ(sensors.conditions().charging, false);
  EXPECT_EQ(sensors.next_expiry(), kNow + 1min);
  sensors.take(charging(true), kNow + 30s);
  EXPECT_EQ(sensors.conditions().charging, false);

  sensors.expire(kNow + 1min);

  EXPECT_EQ(sensors.conditions().charging, true);
  EXPECT_EQ(sensors.next_expiry(), std::nullopt);
}

TEST(Sensors, OverridesCanBeCleared) {
  Sensors sensors;
  sensors.override_value(ConditionName::battery, false, {}, kNow);
  sensors.clear_overrides(kNow);
  EXPECT_EQ(sensors.conditions(), Conditions{});
}

TEST(Sensors, ReadsTheWordsOfTheInterface) {
  const auto network = [](const char* word) {
    return std::get<NetworkReading>(Sensors::parse_value(ConditionName::network, word).value());
  };
  EXPECT_FALSE(network("none").connected);
  EXPECT_EQ(network("connected"), (NetworkReading{.connected = true}));
  EXPECT_EQ(network("unmetered"), (NetworkReading{.connected = true}));
  EXPECT_TRUE(network("metered").metered);
  EXPECT_TRUE(network("roaming").roaming);
  EXPECT_EQ(Sensors::parse_value(ConditionName::charging, "no"), ConditionValue(false));
  EXPECT_EQ(Sensors::parse_value(ConditionName::storage, "low"), ConditionValue(false));
  EXPECT_FALSE(Sensors::parse_value(ConditionName::battery, "yes"));
  EXPECT_FALSE(Sensors::parse_value(ConditionName::network, ""));
}

}  // namespace
}  // namespace wm
