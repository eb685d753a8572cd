#include "daemon/probes/sensors.h"

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

Measurement charging(bool on) { return {Constraint::charging, on, "sysfs", "41 %"}; }

class SensorsTest : public testing::Test {
 protected:
  SensorsTest() { sensors_.set_wanted({.flags = {Constraint::charging}}); }

  Sensors sensors_;
};

TEST_F(SensorsTest, SinceMovesOnlyWithTheValue) {
  sensors_.take(charging(true), kNow);
  sensors_.take(charging(true), kNow + 1min);
  EXPECT_EQ(sensors_.to_json().at(0).at("since"), "2024-10-04T00:00:00.000Z");
  sensors_.take(charging(false), kNow + 2min);
  EXPECT_EQ(sensors_.to_json().at(0).at("since"), "2024-10-04T00:02:00.000Z");
}

TEST_F(SensorsTest, TellsWhetherAnythingChanged) {
  sensors_.take_changed();
  sensors_.take(charging(true), kNow);
  EXPECT_TRUE(sensors_.take_changed());
  sensors_.take(charging(true), kNow);
  EXPECT_FALSE(sensors_.take_changed());
}

TEST_F(SensorsTest, AnOverrideHidesTheMeasurementUntilItEnds) {
  sensors_.take(charging(true), kNow);
  sensors_.override_value(Constraint::charging, false, kNow + 1min, kNow);
  EXPECT_EQ(sensors_.conditions().holds[Constraint::charging], false);
  EXPECT_EQ(sensors_.next_expiry(), kNow + 1min);
  sensors_.take(charging(true), kNow + 30s);
  EXPECT_EQ(sensors_.conditions().holds[Constraint::charging], false);

  sensors_.expire(kNow + 1min);

  EXPECT_EQ(sensors_.conditions().holds[Constraint::charging], true);
  EXPECT_EQ(sensors_.next_expiry(), std::nullopt);
}

TEST_F(SensorsTest, OverridesCanBeCleared) {
  sensors_.override_value(Constraint::battery_not_low, false, {}, kNow);
  sensors_.clear_overrides(kNow);
  EXPECT_EQ(sensors_.conditions().holds[Constraint::battery_not_low], std::nullopt);
}

TEST_F(SensorsTest, WhatIsWantedAndNotMeasuredDoesNotHold) {
  EXPECT_EQ(sensors_.conditions().holds[Constraint::charging], false);
  EXPECT_EQ(sensors_.conditions().holds[Constraint::idle], std::nullopt);
  EXPECT_FALSE(sensors_.have_measured({.flags = {Constraint::charging}}));
  EXPECT_TRUE(sensors_.to_json().empty());
  sensors_.take(charging(true), kNow);
  EXPECT_EQ(sensors_.conditions().holds[Constraint::charging], true);
  EXPECT_TRUE(sensors_.have_measured({.flags = {Constraint::charging}}));
}

TEST_F(SensorsTest, WhatNobodyWantsIsForgotten) {
  sensors_.take(charging(true), kNow);
  sensors_.set_wanted({.custom = {"vpn"}});
  sensors_.take(charging(true), kNow);
  EXPECT_EQ(sensors_.conditions().holds[Constraint::charging], std::nullopt);
  EXPECT_EQ(sensors_.conditions().custom, (std::map<std::string, bool>{{"vpn", false}}));
}

TEST_F(SensorsTest, TheVersionGrowsWithWhatIsShown) {
  sensors_.take(charging(true), kNow);
  const auto before = sensors_.version();
  sensors_.take(charging(true), kNow + 1min);
  EXPECT_EQ(sensors_.version(), before);
  sensors_.take({Constraint::charging, true, "sysfs", "42 %"}, kNow);
  EXPECT_GT(sensors_.version(), before);
}

TEST_F(SensorsTest, AreTrustedInTheNextProgramUntilItHasHadTimeToLook) {
  sensors_.take(charging(true), kNow);
  sensors_.override_value(Constraint::idle, true, kNow + 1h, kNow);
  Sensors next;
  next.take_over(sensors_.hand_over(), kNow + 1s);
  next.set_wanted({.flags = {Constraint::charging}});
  EXPECT_EQ(next.conditions(), sensors_.conditions());
  EXPECT_EQ(next.explain(Constraint::charging), "sysfs: 41 %");
  EXPECT_GT(next.version(), sensors_.version()) << "whoever waits for a change hears of this one";
  // The probe was not answered at first, and then is.
  next.take(charging(false), kNow + 2s);
  EXPECT_EQ(next.conditions().holds[Constraint::charging], true);
  next.take(charging(true), kNow + 3s);
  next.take(charging(false), kNow + 4s);
  EXPECT_EQ(next.conditions().holds[Constraint::charging], false);
}

TEST_F(SensorsTest, AreNotTrustedForLong) {
  sensors_.take(charging(true), kNow);
  Sensors next;
  next.take_over(sensors_.hand_over(), kNow);
  next.set_wanted({.flags = {Constraint::charging}});
  next.take(charging(false), kNow + 1s);
  ASSERT_EQ(next.next_expiry(), kNow + 6s);
  next.expire(kNow + 6s);
  EXPECT_EQ(next.conditions().holds[Constraint::charging], false);
  EXPECT_EQ(next.next_expiry(), std::nullopt);
}

TEST_F(SensorsTest, AreNotTrustedForLongerWhenTheClockIsSetBack) {
  sensors_.take(charging(true), kNow);
  Sensors next;
  next.take_over(sensors_.hand_over(), kNow);
  next.take(charging(false), kNow + 1s);
  EXPECT_EQ(next.conditions().holds[Constraint::charging], true);
  next.expire(kNow - 24h);
  EXPECT_EQ(next.conditions().holds[Constraint::charging], false);
}

TEST_F(SensorsTest, WhatNobodyWantsAnyMoreIsNotTrustedEither) {
  sensors_.take(charging(true), kNow);
  Sensors next;
  next.take_over(sensors_.hand_over(), kNow);
  next.set_wanted({});
  next.set_wanted({.flags = {Constraint::charging}});
  next.take(charging(false), kNow + 1s);
  EXPECT_TRUE(next.have_measured({.flags = {Constraint::charging}}));
  next.take(charging(true), kNow + 2s);
  EXPECT_EQ(next.conditions().holds[Constraint::charging], true);
}

TEST(SensorWords, NameConditions) {
  for (const char* const name : {"network", "idle", "custom.vpn"}) {
    EXPECT_EQ(to_string(parse_condition(name).value()), name);
  }
  for (const char* const name : {"", "custom", "custom.", "vpn"}) {
    EXPECT_FALSE(parse_condition(name)) << name;
  }
}

TEST(SensorWords, ReadsTheWordsOfTheInterface) {
  const auto network = [](const char* word) {
    return std::get<NetworkReading>(Sensors::parse_value(Constraint::network, word).value());
  };
  EXPECT_FALSE(network("none").connected);
  EXPECT_EQ(network("connected"), (NetworkReading{.connected = true}));
  EXPECT_EQ(network("unmetered"), (NetworkReading{.connected = true}));
  EXPECT_TRUE(network("metered").metered);
  EXPECT_TRUE(network("roaming").roaming);
  EXPECT_EQ(Sensors::parse_value(Constraint::charging, "no"), ConditionValue(false));
  EXPECT_EQ(Sensors::parse_value(Constraint::storage_not_low, "low"), ConditionValue(false));
  for (const char* yes : {"yes", "true", "on"}) {
    EXPECT_EQ(Sensors::parse_value(Constraint::idle, yes), ConditionValue(true)) << yes;
  }
  for (const char* no : {"no", "false", "off"}) {
    EXPECT_EQ(Sensors::parse_value(Constraint::charging, no), ConditionValue(false)) << no;
  }
  EXPECT_FALSE(Sensors::parse_value(Constraint::battery_not_low, "yes"));
  EXPECT_FALSE(Sensors::parse_value(Constraint::network, ""));
}

}  // namespace
}  // namespace wm
