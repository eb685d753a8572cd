// `wm why NAME --at TIME` says in a sentence why not then.
#include "cli/render/why_then.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/now.h"
#include "tests/support/zone.h"

namespace wm::cli {
namespace {

namespace json = boost::json;

// kNow is the time of the question, and 03:00 the moment in it.
constexpr TimePoint kMorning = kNow + 8h;

std::string at(Duration time) { return format_time(kNow + time); }

json::object run(int number, Duration from, Duration to, const char* outcome) {
  return {{"run", number}, {"startedAt", at(from)}, {"finishedAt", at(to)}, {"outcome", outcome}};
}

class WhyThen : public testing::Test {
 protected:
  const LocalZone utc_{"UTC"};

  std::string verdict() const { return verdict_then(why_, kMorning); }
  std::string facts() const {
    std::ostringstream out;
    print_facts_then(out, Style(false, false), why_, 0, kMorning);
    return out.str();
  }
  void waits(json::object wait) { why_["waitingFor"].as_array().push_back(std::move(wait)); }

  json::object why_{{"uniqueName", "backup"},
                    {"state", "enqueued"},
                    {"at", at(3h)},
                    {"registeredAt", at(-48h)},
                    {"waitingFor", json::array{}}};
};

TEST_F(WhyThen, ANeedThatDidNotHold) {
  waits({{"kind", "constraint"},
         {"name", "network"},
         {"required", "unmetered"},
         {"actual", "metered"},
         {"since", at(-2h)},
         {"until", at(3h + 12min)},
         {"detail", "rtnetlink: eth0"}});
  waits({{"kind", "paused"}, {"required", "resumed"}, {"actual", "paused"}, {"since", at(1h)}});
  why_["met"] = json::array{{{"kind", "constraint"},
                             {"name", "charging"},
                             {"required", "yes"},
                             {"actual", "yes"},
                             {"since", at(-4h)}}};
  why_["notKnown"] = json::array{{{"kind", "constraint"},
                                  {"name", "idle"},
                                  {"required", "yes"},
                                  {"actual", "no job needed it"}}};
  why_["next"] = run(4, 6h + 12min, 7h, "succeeded");

  EXPECT_EQ(verdict(),
            "'backup' did not run today 03:00: it waited for an unmetered network, until today "
            "03:12 (and 1 more)");
  EXPECT_EQ(facts(),
            "  x  network   metered, needs unmetered   from yesterday 22:00 to today 03:12  "
            "rtnetlink: eth0\n"
            "  x  paused    paused, needs resumed      since today 01:00\n"
            "  ?  idle      unknown: no job needed it\n"
            "  +  charging  yes                        since yesterday 20:00\n");
  EXPECT_EQ(next_steps_then(why_, kMorning).front(), "It ran today 06:12: wm history backup");
}

TEST_F(WhyThen, OtherMoments) {
  waits({{"kind", "daemon"}, {"actual", "not running"}, {"until", at(5h)}});
  EXPECT_EQ(verdict(), "'backup' did not run today 03:00: wmd was not running, until today 05:00");
  why_["waitingFor"] = json::array{{{"kind", "backoff"}, {"until", at(4h)}}};
  EXPECT_EQ(verdict(),
            "'backup' did not run today 03:00: it was not due again, after an attempt in vain, "
            "until today 04:00");
  why_["waitingFor"] = json::array();
  EXPECT_EQ(verdict(), "'backup' could have started today 03:00: nothing held it back");
  why_["notKnown"] = json::array{{{"kind", "daemon"}, {"actual", "not on record"}}};
  EXPECT_EQ(verdict(),
            "Nothing is known of today 03:00: it is not on record whether wmd was running");
  why_["last"] = run(3, -3h, -2h, "succeeded");
  why_["state"] = "succeeded";
  EXPECT_EQ(verdict(),
            "'backup' had succeeded before today 03:00: run 3, from yesterday 21:00 to yesterday "
            "22:00, succeeded");
  why_["last"] = run(4, -3h, -3h, "failed");
  EXPECT_EQ(verdict(),
            "'backup' had succeeded before today 03:00: run 4, at yesterday 21:00, failed");
  why_["state"] = "unregistered";
  EXPECT_EQ(verdict(), "'backup' was not registered yet today 03:00: that was 2024-10-02 00:00");
  why_["registeredAt"] = why_["at"];
  EXPECT_EQ(verdict(), "'backup' was not registered yet today 03:00: that was a moment later");
}

TEST_F(WhyThen, ARunInProgress) {
  why_["state"] = "running";
  why_["run"] = run(12, 2h, 4h, "succeeded");
  EXPECT_EQ(verdict(),
            "'backup' was running today 03:00: run 12, from today 02:00 to today 04:00, succeeded");
  EXPECT_EQ(next_steps_then(why_, kMorning),
            (std::vector<std::string>{"Its output: wm logs --run 12 backup"}));
}

TEST_F(WhyThen, ATermThatWasChangedSince) {
  why_["generation"] = 2;
  EXPECT_NE(next_steps_then(why_, kMorning).front().find("was changed 2 times"), std::string::npos);
}

}  // namespace
}  // namespace wm::cli
