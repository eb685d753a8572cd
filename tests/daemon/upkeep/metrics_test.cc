// The daemon's figures in Prometheus' text format.
#include "daemon/upkeep/metrics.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/now.h"

namespace wm {
namespace {

class MetricsTest : public testing::Test {
 protected:
  std::string text() const {
    return metrics_.text({.scheduler = scheduler_,
                          .sensors = sensors_,
                          .commits = commits_,
                          .syncs = syncs_,
                          .started_at = kNow,
                          .connections = 3});
  }
  // The lines of that family, without its HELP and TYPE.
  std::string samples(const std::string& family) const {
    std::istringstream lines(text());
    std::string found;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(family)) found += line + '\n';
    }
    return found;
  }
  void restore(WorkId id, const Constraints& needs, Duration due) {
    Work work;
    work.id = id;
    work.policy = work.run_policy = SharedPolicy(Policy{.constraints = needs});
    work.enqueued_at = work.since = kNow;
    work.due = kNow + due;
    scheduler_.restore(work);
  }

  Metrics metrics_;
  Scheduler scheduler_{SchedulingRules{}};
  Sensors sensors_;
  Histogram commits_;
  Histogram syncs_;
};

TEST_F(MetricsTest, EveryFamilySaysWhatItIs) {
  std::istringstream lines(text());
  std::string family = "none yet";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      ASSERT_TRUE(std::getline(lines, line));
      EXPECT_TRUE(line.starts_with("# TYPE " + family + ' ')) << line;
    } else {
      EXPECT_TRUE(line.starts_with(family)) << line;
    }
  }
  EXPECT_EQ(samples("wm_connections "), "wm_connections 3\n");
}

TEST_F(MetricsTest, LabelsAreEscaped) {
  restore(1, {.custom = {"a\"b\\c\nd"}}, 0s);
  EXPECT_EQ(samples("wm_condition_works"),
            "wm_condition_works{name=\"custom.a\\\"b\\\\c\\nd\"} 1\n");
}

TEST_F(MetricsTest, TheOldestDueWorkIsOneThatIsDue) {
  EXPECT_EQ(samples("wm_oldest"), "");
  restore(1, {}, 1h);
  scheduler_.hold_starts(true);
  scheduler_.plan(kNow);
  EXPECT_EQ(samples("wm_oldest_due"), "");
  EXPECT_EQ(samples("wm_works_due"), "wm_works_due 0\n");
  restore(2, {}, -1s);
  EXPECT_EQ(samples("wm_works_due"), "wm_works_due 1\n");
  EXPECT_EQ(samples("wm_oldest_due"), "wm_oldest_due_timestamp_seconds 1727999999\n");
}

TEST_F(MetricsTest, BucketsAddUp) {
  for (const double seconds : {0.0, 1.0, 1e9}) commits_.observe(seconds);
  const std::string found = samples("wm_commit_duration_seconds");
  EXPECT_NE(found.find("_bucket{le=\"+Inf\"} 3\n"), std::string::npos) << found;
  EXPECT_NE(found.find("_sum 1000000001\n"), std::string::npos) << found;
  EXPECT_NE(found.find("_count 3\n"), std::string::npos) << found;
}

}  // namespace
}  // namespace wm
