// The daemon's reports on itself: wm doctor and wm metrics.
#include <csignal>
#include <set>

#include "tests/system/commands.h"

namespace wm {
namespace {

class Observability : public Commands {
 protected:
  explicit Observability(const std::string& configuration = TestDaemon::kConfiguration)
      : Commands(configuration) {}

  // The value of a sample, as `wm_runs_total{outcome="failed"}`; nothing: there is none.
  static std::optional<double> sample(const std::string& text, const std::string& name) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name + ' ')) return std::stod(line.substr(name.size() + 1));
    }
    return std::nullopt;
  }

  json::object finding(const std::string& check) {
    const Output output = wm({"--json", "doctor"});
    const json::value document = json::parse(output.out);
    for (const json::value& one : document.as_object().at("findings").as_array()) {
      if (text(one, "check") == check) return one.as_object();
    }
    return {};
  }
  std::string verdict(const std::string& check) { return text(finding(check), "verdict"); }
};

TEST_F(Observability, MetricsCountWorksRunsAndTimes) {
  shell("good", "exit 0");
  shell("bad", "exit 64");
  ok({"register-oneoff", "later", "--initial-delay", "1h", "--charging", "--", "/bin/true"});
  ok({"wait", "good"});
  EXPECT_EQ(wm({"wait", "bad"}).status, 1);

  const std::string text = ok({"metrics"});
  EXPECT_EQ(sample(text, R"(wm_works{state="enqueued"})"), 1);
  EXPECT_EQ(sample(text, R"(wm_works{state="running"})"), 0);
  EXPECT_EQ(sample(text, "wm_works_due"), 0);
  EXPECT_EQ(sample(text, R"(wm_runs_total{outcome="succeeded"})"), 1);
  EXPECT_EQ(sample(text, R"(wm_runs_total{outcome="failed"})"), 1);
  EXPECT_EQ(sample(text, R"(wm_events_total{event="started"})"), 2);
  EXPECT_EQ(sample(text, R"(wm_events_total{event="scheduled"})"), 3);
  EXPECT_EQ(sample(text, "wm_run_duration_seconds_count"), 2);
  EXPECT_EQ(sample(text, R"(wm_run_duration_seconds_bucket{le="+Inf"})"), 2);
  EXPECT_EQ(sample(text, "wm_start_latency_seconds_count"), 2);
  EXPECT_GE(sample(text, "wm_commit_duration_seconds_count"), 4);
  EXPECT_GE(sample(text, "wm_sync_duration_seconds_count"), 1);
  EXPECT_EQ(sample(text, R"(wm_condition_works{name="charging"})"), 1);
  EXPECT_TRUE(sample(text, "wm_oldest_enqueued_timestamp_seconds"));
  EXPECT_FALSE(sample(text, "wm_oldest_due_timestamp_seconds"));
  EXPECT_EQ(sample(text, "wm_connections"), 1);
}

// Prometheus' own parser demands that each family is introduced once, before its samples.
TEST_F(Observability, MetricsAreWellFormed) {
  ok({"conditions", "override", "network=metered"});
  std::istringstream lines(ok({"metrics"}));
  std::string family;
  std::set<std::string> families;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family;
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(line.starts_with("# TYPE " + family + ' ')) << line;
    } else {
      EXPECT_TRUE(line.starts_with(family)) << line;
      EXPECT_NO_THROW(std::stod(line.substr(line.rfind(' ') + 1))) << line;
    }
  }
  EXPECT_TRUE(families.contains("wm_condition"));
}

class MetricsTextfile : public Observability {
 protected:
  MetricsTextfile()
      : Observability(std::string(TestDaemon::kConfiguration) + "[metrics]\ntextfile = \"" +
                      (directory().path() / "wm.prom").string() + "\"\n") {}

  static TemporaryDirectory& directory() {
    static TemporaryDirectory one;
    return one;
  }
};

TEST_F(MetricsTextfile, IsKeptForNodeExporter) {
  const std::string file = (directory().path() / "wm.prom").string();
  ok({"register-oneoff", "seen", "--on-path", file, "--", "/bin/true"});
  ok({"wait", "seen", "--timeout", "1m"});
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_TRUE(sample(text, "wm_start_time_seconds")) << text;
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644U);
}

TEST_F(Observability, TheDoctorSaysHowToMendEachPart) {
  const Output output = wm({"doctor"});
  EXPECT_NE(output.out.find("ok       daemon"), std::string::npos) << output.out;
  for (const char* check : {"daemon", "configuration", "permission", "bus", "network", "charging",
                            "battery", "storage", "idle", "control groups", "clock"}) {
    const json::object one = finding(check);
    EXPECT_NE(text(one, "text"), "") << check;
    EXPECT_EQ(text(one, "remedy").empty(), text(one, "verdict") == "ok") << check;
  }
  ok({"conditions", "override", "battery=low"});
  EXPECT_EQ(verdict("battery"), "note");
  EXPECT_EQ(text(finding("battery"), "remedy"), "wm conditions clear");
  ok({"pause"});
  EXPECT_EQ(text(finding("pause"), "remedy"), "wm resume");
}

TEST_F(Observability, AReloadThatWasRefusedIsAProblem) {
  EXPECT_EQ(verdict("configuration"), "ok");
  const std::string good = TestDaemon::kConfiguration;
  daemon_.configure(good + "[moon]\nphase = 1\n");
  daemon_.signal(SIGHUP);
  while (verdict("configuration") != "problem") {
  }
  EXPECT_NE(text(finding("configuration"), "text").find("moon"), std::string::npos);
  EXPECT_EQ(wm({"doctor"}).status, 1);

  daemon_.configure(good + "[tasks.lost]\ncommand = [\"/nowhere\"]\n");
  daemon_.signal(SIGHUP);
  while (verdict("configuration") != "ok") {
  }
  EXPECT_EQ(verdict("task lost"), "problem");
}

TEST_F(Observability, WithoutADaemonTheDoctorSaysSo) {
  daemon_.kill();
  const Output output = wm({"doctor"});
  EXPECT_EQ(output.status, 4);
  EXPECT_TRUE(output.out.starts_with("problem  daemon")) << output.out;
  EXPECT_EQ(output.err, "");
}

}  // namespace
}  // namespace wm
