#include "core/forecast.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "tests/support/world.h"

namespace wm {
namespace {

// A run takes as long as its job's name says.
class ForecastLineTest : public testing::Test {
 protected:
  static Duration length_of(const std::string& name) { return Duration{997} * name.size(); }

  explicit ForecastLineTest(int slots = 4) : world_(slots) {
    world_.runner.life = [](const Launch& launch) {
      return Life{.takes = length_of(launch.info.request.unique_name)};
    };
  }

  std::vector<std::string> predicted(Duration time) {
    std::vector<std::string> runs;
    const auto length = [this](const Work& work) {
      return length_of(world_.store.info(work.id)->request.unique_name);
    };
    const auto all = [](const Work&) { return true; };
    for (const ForecastRun& run :
         forecast(world_.scheduler(), world_.now, world_.now + time, length, all, {10'000, 10'000})
             .runs) {
      runs.push_back(format_time(run.starts) + " " +
                     world_.store.info(run.id)->request.unique_name);
    }
    return runs;
  }

  std::vector<std::string> happened(Duration time) {
    std::vector<std::string> runs;
    world_.runner.before_start = [&](const Launch& launch) {
      runs.push_back(format_time(world_.now) + " " + launch.info.request.unique_name);
    };
    world_.advance(time);
    return runs;
  }

  World world_;
};

// A machine with a bit of everything.
class ForecastTest : public ForecastLineTest {
 protected:
  ForecastTest() : ForecastLineTest(1) {
    auto fixed = periodic("fixed", 40min);
    fixed.cadence = Cadence::fixed;
    auto calendar = oneoff("daily");
    calendar.kind = WorkKind::periodic;
    calendar.calendar = "15 4 * * *";
    auto waits = oneoff("waits");
    waits.constraints.set(Constraint::charging);
    waits.deadline = 5h;
    auto prefers = oneoff("prefers");
    prefers.prefer = {{{.flags = {Constraint::charging}}, 3h}};
    auto nights = periodic("nights", 40min);
    nights.constraints.between = {checked(parse_window("22:00-06:00"), "a window")};
    nights.time_zone = "America/New_York";
    auto never = oneoff("never");
    never.constraints.set(Constraint::charging);
    auto later = oneoff("later");
    later.initial_delay = 2h;
    auto after = oneoff("after");
    after.prerequisites = {"later"};
    world_.conditions.holds[Constraint::charging] = false;
    for (const WorkRequest& request : {periodic("interval", 30min), fixed, calendar, waits, prefers,
                                       nights, never, later, after}) {
      world_.enqueue(request);
    }
  }
};

TEST_F(ForecastTest, WhatItPredictsIsWhatThenHappens) {
  world_.advance(17min + 3s);

  const auto expected = predicted(48h);

  EXPECT_GT(expected.size(), 150U);
  EXPECT_EQ(expected, happened(48h));
}

TEST_F(ForecastLineTest, ARunIsHeardOfForAsLongAsItUsuallyTakes) {
  WorkRequest request = oneoff("watched");
  request.watchdog = 2s;
  world_.enqueue(request);
  EXPECT_EQ(predicted(1h), std::vector<std::string>()) << "it is not stopped and tried again";
}

TEST_F(ForecastLineTest, AnOwnerGoesOnToKeepItsJobAliveOrNot) {
  WorkRequest request = oneoff("leased");
  request.watchdog = 1min;
  request.while_kept_alive = true;
  request.initial_delay = 10min;
  const WorkId id = world_.enqueue(request);
  EXPECT_EQ(predicted(1h).size(), 0U);
  world_.keep_alive(id);
  EXPECT_EQ(predicted(1h).size(), 1U);
  world_.advance(1min);
  EXPECT_EQ(predicted(1h).size(), 0U);
}

TEST_F(ForecastLineTest, KnowsThoseWhoWaitInLineOrForTheirTime) {
  WorkRequest later = oneoff("later");
  later.initial_delay = 10min;
  world_.enqueue(later);
  std::vector<std::string> line;
  for (int i = 0; i < 200; ++i) {
    WorkRequest request = oneoff(line.emplace_back(
        "line-" + std::string(static_cast<std::size_t>(i % 7), 'x') + std::to_string(i)));
    if (i % 3 == 0) request.initial_delay = i * 7s;
    if (i % 4 < 2) request.priority = 5;
    if (i % 12 == 10) request.prerequisites = {line[static_cast<std::size_t>(i - 2)], "later"};
    world_.enqueue(request, ExistingPolicy::keep, 1000 + static_cast<uid_t>(i % 2));
  }
  world_.advance(2s);
  // Then several slots are free at once.
  world_.change([&](WorkManager& manager) { manager.pause("", world_.now + 5min); });
  world_.advance(1min);

  const auto expected = predicted(6h);

  EXPECT_GT(expected.size(), 190U);
  EXPECT_EQ(expected, happened(6h));
}

TEST_F(ForecastTest, ChangesNothing) {
  const std::string before = world_.transcript();
  predicted(48h);
  EXPECT_EQ(world_.scheduler().running_count(), 1U);
  EXPECT_TRUE(world_.scheduler().decisions().changed.empty());
  EXPECT_EQ(world_.transcript(), before);
}

TEST_F(ForecastTest, KnowsPausesAndHowLongTheyLast) {
  world_.change([&](WorkManager& manager) { manager.pause("", world_.now + 6h); });
  const auto expected = predicted(10h);
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(expected.front().substr(0, 24), format_time(world_.now + 6h));
  EXPECT_EQ(expected, happened(10h));
}

TEST(ForecastBoundsTest, CountOnlyWhatIsShown) {
  World world;
  for (int i = 0; i < 10; ++i) world.enqueue(periodic("theirs-" + std::to_string(i), 20min));
  world.enqueue(periodic("mine", 20min));
  const auto length = [](const Work&) { return Duration{1s}; };
  const auto mine = [](const Work& work) { return work.id == 11; };
  const auto ahead = [&](ForecastBounds bounds) {
    return forecast(world.scheduler(), world.now, world.now + 2h, length, mine, bounds);
  };

  const Forecast whole = ahead({10, 1000});
  EXPECT_EQ(whole.runs.size(), 6U);
  EXPECT_FALSE(whole.cut_at);

  const Forecast often = ahead({2, 1000});
  EXPECT_EQ(often.runs.size(), 2U);
  EXPECT_EQ(often.more, (std::vector<ForecastRest>{{11, 4, whole.runs.back().starts}}))
      << "what is left out is said";
  EXPECT_FALSE(often.cut_at);
  EXPECT_TRUE(ahead({10, 20}).cut_at);
}

TEST(ForecastBoundsTest, AJobThatRunsOftenLeavesRoomForTheOthers) {
  World world;
  auto often = oneoff("often");
  often.kind = WorkKind::periodic;
  often.calendar = "* * * * *";
  world.enqueue(often);
  world.enqueue(periodic("hourly", 1h));
  auto tonight = oneoff("tonight");
  tonight.initial_delay = 20h;
  world.enqueue(tonight);
  const auto length = [](const Work&) { return Duration{1s}; };
  const auto all = [](const Work&) { return true; };
  const auto ahead = [&](std::size_t shown) {
    return forecast(world.scheduler(), world.now, world.now + 24h, length, all, {shown});
  };
  const auto runs_of = [](const Forecast& found, WorkId id) {
    return std::ranges::count(found.runs, id, &ForecastRun::id);
  };

  const Forecast found = ahead(100);
  EXPECT_EQ(runs_of(found, 3), 1);
  EXPECT_EQ(runs_of(found, 2), 23);
  EXPECT_EQ(runs_of(found, 1), 76) << "all the room there is";
  ASSERT_EQ(found.more.size(), 1U);
  EXPECT_EQ(found.more[0].runs, 1440U - 76U);
  EXPECT_FALSE(found.cut_at);

  EXPECT_TRUE(ahead(2).cut_at) << "each of these jobs has one run at least";
}

}  // namespace
}  // namespace wm
