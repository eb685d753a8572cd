// `wm conditions --since`: bands of what the conditions were, and lines of what has changed.
#include "cli/render/condition_bands.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/now.h"
#include "tests/support/zone.h"

namespace wm::cli {
namespace {

namespace json = boost::json;

json::object change(Duration when, const char* event, const char* name = nullptr,
                    const char* value = nullptr) {
  json::object object{{"time", format_time(kNow + when)}, {"event", event}};
  if (name) object["name"] = name;
  if (value) object["value"] = value;
  return object;
}

class Bands : public testing::Test {
 protected:
  const LocalZone utc_{"UTC"};

  static std::vector<std::string> lines(const ConditionBands& bands, std::size_t width,
                                        bool unicode = false) {
    std::ostringstream out;
    bands.print(out, Style(false, unicode), width);
    std::vector<std::string> lines;
    std::istringstream text(out.str());
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(Bands, ShowWhatHeldAndWhenNobodyKnew) {
  ConditionBands bands(kNow, kNow + 40h);
  bands.begin_with({change(-50h, "changed", "idle", "yes"), change(-48h, "daemon-started"),
                    change(-47h, "changed", "charging", "no")});
  bands.add(change(10h, "changed", "charging", "yes"));
  bands.add(change(10h, "changed", "network", "metered"));
  bands.add(change(20h, "daemon-stopped"));
  bands.add(change(30h, "daemon-started"));
  bands.add(change(30h, "changed", "charging", "yes"));
  bands.add(change(36h, "unwatched", "charging"));

  const auto printed = lines(bands, 50);

  ASSERT_EQ(printed.size(), 7);
  EXPECT_EQ(printed[0], "charging  ----------##########          ######");
  EXPECT_EQ(printed[1], "idle") << "of an earlier daemon";
  EXPECT_EQ(printed[2], "network             ==========");
  EXPECT_EQ(printed[3], "wmd       ####################          ##########");
  EXPECT_EQ(printed[4], "          |00:00      |12:00      |00:00");
  EXPECT_NE(printed[5].find("# yes, ok, unmetered  = metered"), std::string::npos);
  EXPECT_EQ(printed[6], "");
}

TEST_F(Bands, HaveTheWidthOfTheTerminalInBlocks) {
  ConditionBands bands(kNow, kNow + 1h);
  bands.add(change(0s, "changed", "battery", "ok"));
  const auto printed = lines(bands, 29, true);
  std::string blocks;
  for (int i = 0; i < 20; ++i) blocks += "█";
  EXPECT_EQ(printed.at(0), "battery  " + blocks);
  EXPECT_TRUE(lines(bands, 12).empty()) << "no room";
}

TEST_F(Bands, OfALongTimeHaveDatesAndOfAShortOneSeconds) {
  ConditionBands days(kNow, kNow + Days{40});
  days.add(change(0s, "changed", "idle", "yes"));
  EXPECT_NE(lines(days, 86).at(1).find("|10-1"), std::string::npos) << lines(days, 86).at(1);
  ConditionBands seconds(kNow, kNow + 40s);
  seconds.add(change(0s, "changed", "idle", "yes"));
  EXPECT_NE(lines(seconds, 46).at(1).find("|00:00:10"), std::string::npos);
}

TEST_F(Bands, ALineSaysWhatChangedAndWhoSaysSo) {
  json::object one = change(1h, "changed", "custom.\x1b[2J", "no");
  one["source"] = "command";
  one["detail"] = "exit 1: \x1b[31m";
  EXPECT_EQ(line_of_change(one),
            R"(2024-10-04 01:00:00  custom.\x1b[2J  no         command: exit 1: \x1b[31m)");
  EXPECT_EQ(line_of_change(change(1h, "daemon-started")),
            "2024-10-04 01:00:00  wmd        started");
  EXPECT_EQ(line_of_change(change(1h, "changed", "idle")),
            "2024-10-04 01:00:00  idle       unknown");
  EXPECT_EQ(line_of_change(change(1h, "unwatched", "idle")),
            "2024-10-04 01:00:00  idle       unknown    no job needs it any more");
}

}  // namespace
}  // namespace wm::cli
