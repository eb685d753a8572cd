// The commands that control order and time, as people type them.
#include <chrono>
#include <fstream>
#include <thread>

#include "core/time.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

using namespace std::chrono_literals;

class Scheduling : public Commands {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    const std::string path = (daemon_.path() / name).string();
    std::ofstream(path) << content;
    return path;
  }
  std::string state(const std::string& name) { return text(json({"show", name}), "state"); }
  // Registers a job that waits until the test is over.
  void waits(const std::string& name, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"register-oneoff", name, "--initial-delay", "1w"});
    options.insert(options.end(), {"--", "true"});
    ok(options);
  }
};

TEST_F(Scheduling, AChainHandsItsOutputOn) {
  shell("fetch", R"(printf '{"posts":3}' >"$WM_OUTPUT_FILE")");
  shell("write", R"(echo "$WM_INPUT")", {"--after", "fetch", "--input", "to=disk"});
  ok({"wait", "write"});
  EXPECT_EQ(ok({"logs", "write"}), R"({"to":"disk","posts":3})"
                                   "\n");
  EXPECT_EQ(json({"show", "fetch"}).at("output").at("posts"), 3);
  EXPECT_NE(ok({"show", "write"}).find("└─ write  succeeded"), std::string::npos);
}

// Replaces the usual wmd.
class Zones : public Scheduling {
 protected:
  std::string zone() { return text(json({"status"}), "timeZone"); }
};

// It is always morning in one of these zones, and afternoon in the other.
struct TwoZones {
  const char* morning = "Etc/GMT+6";
  const char* afternoon = "Etc/GMT-6";
};

TwoZones zones_now() {
  const auto now = std::chrono::system_clock::now();
  const auto hour = (now - std::chrono::floor<std::chrono::days>(now)) / 1h;
  return hour >= 6 && hour < 18 ? TwoZones{} : TwoZones{"Etc/GMT-6", "Etc/GMT+6"};
}

TEST_F(Scheduling, AWindowHoldsAJobBackUntilItOpens) {
  const auto [morning, afternoon] = zones_now();
  EXPECT_EQ(wm({"check", "--between", "00:00-12:00", "--time-zone", morning}).status, 0);
  EXPECT_EQ(wm({"check", "--between", "00:00-12:00", "--time-zone", afternoon}).status, 75);

  shell("a", "true", {"--between", "0:00-12:00", "--time-zone", morning});
  EXPECT_EQ(wm({"wait", "a"}).status, 0);
  shell("b", "true", {"--between", "0:00-12:00", "--time-zone", afternoon});
  EXPECT_NE(ok({"list"}).find("its window 00:00-12:00"), std::string::npos);
  const boost::json::value wait = json({"why", "b"}).at("waitingFor").at(0);
  EXPECT_EQ(text(wait, "required"), std::string("00:00-12:00 ") + afternoon);
  EXPECT_EQ(text(wait, "until").substr(11),
            std::string_view(morning) == "Etc/GMT+6" ? "18:00:00.000Z" : "06:00:00.000Z");
  ok({"update", "b", "--time-zone", morning});
  EXPECT_EQ(wm({"wait", "b"}).status, 0);
}

TEST_F(Zones, TheVariableGoesBeforeTheFile) {
  for (const auto& [tz, name] : {std::pair{"Asia/Tokyo", "Asia/Tokyo"},
                                 {":Asia/Tokyo", "Asia/Tokyo"},
                                 {"/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"},
                                 {"JST-9", "Etc/GMT-9"},
                                 {"'<-03>3'", "Etc/GMT+3"},
                                 {"", "UTC"}}) {
    restart_under("TZ=" + std::string(tz) + " exec");
    EXPECT_EQ(zone(), name) << tz;
  }
  restart_under("TZ=Asia/Tokyo exec");
  ok({"register-periodic", "a", "--calendar", "0 9 * * *", "--", "true"});
  EXPECT_EQ(text(json({"show", "a"}), "nextRunAt").substr(10), "T00:00:00.000Z");
  ok({"update", "a", "--time-zone", "America/New_York"});
  const std::string winter_or_summer = text(json({"show", "a"}), "nextRunAt").substr(10);
  EXPECT_TRUE(winter_or_summer == "T14:00:00.000Z" || winter_or_summer == "T13:00:00.000Z");
  ok({"update", "a", "--time-zone", "default"});
  EXPECT_EQ(text(json({"show", "a"}), "nextRunAt").substr(10), "T00:00:00.000Z");
  const Output unknown = wm({"update", "a", "--time-zone", "Europe/Berln"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.err.find("unknown time zone 'Europe/Berln': did you mean Europe/Berlin?"),
            std::string::npos)
      << unknown.err;
  restart_under("TZ=Mars/Olympus exec");
  EXPECT_EQ(zone(), "UTC");
  EXPECT_NE(ok({"doctor"}).find("TZ=Mars/Olympus is not the name of a time zone"),
            std::string::npos);
}

// Has an /etc of its own.
class ZoneFile : public Zones {
 protected:
  void SetUp() override {
    if (run_program({"unshare", "-m", "true"}).status != 0) GTEST_SKIP() << "no mount namespaces";
    ASSERT_EQ(run_program({"cp", "-a", "/etc", etc_}).status, 0);
    link_to("Europe/Berlin");
    restart_under("unset TZ; exec unshare -m sh -c 'mount --bind " + etc_.string() +
                  " /etc && exec \"$0\" \"$@\"'");
  }
  void link_to(const char* name) {
    std::filesystem::create_symlink(std::string("/usr/share/zoneinfo/") + name, etc_ / "fresh");
    std::filesystem::rename(etc_ / "fresh", etc_ / "localtime");
  }

  const std::filesystem::path etc_ = daemon_.path() / "etc";
};

TEST_F(ZoneFile, IsFollowedWhenItChanges) {
  EXPECT_EQ(zone(), "Europe/Berlin");
  for (const char* name : {"Asia/Tokyo", "America/New_York"}) {
    link_to(name);
    while (zone() != name) std::this_thread::yield();
  }
}

TEST_F(ZoneFile, StopsWhatIsOutsideItsWindowThen) {
  const auto [morning, afternoon] = zones_now();
  link_to(morning);
  while (zone() != morning) std::this_thread::yield();
  shell("a", "sleep 600", {"--between", "00:00-12:00"});
  while (state("a") != "running") std::this_thread::yield();
  link_to(afternoon);
  while (state("a") != "enqueued") std::this_thread::yield();
  EXPECT_NE(ok({"history", "a"}).find("constraint-between"), std::string::npos);
}

TEST_F(Scheduling, AnUpdateNamesTheTimeOfTheNextRunAlone) {
  ok({"register-periodic", "a", "--calendar", "0 9 * * *", "--time-limit", "1h", "--", "true"});
  const std::string by_itself = text(json({"show", "a"}), "nextRunAt");
  ok({"update", "a", "--at", "2030-01-01T00:00:00Z"});
  EXPECT_EQ(text(json({"show", "a"}), "nextRunAt"), "2030-01-01T00:00:00.000Z");
  ok({"update", "a", "--priority", "3"});
  EXPECT_EQ(text(json({"show", "a"}), "nextRunAt"), "2030-01-01T00:00:00.000Z");
  ok({"update", "a", "--at", "default"});
  EXPECT_EQ(text(json({"show", "a"}), "nextRunAt"), by_itself);
}

TEST_F(Scheduling, AFailurePassesDownTheChainAndIsRetriedFromTheTop) {
  waits("a");
  shell("b", "true", {"--after", "a"});
  EXPECT_EQ(state("b"), "blocked");
  EXPECT_TRUE(ok({"why", "b"}).starts_with("'b' waits for 'a', which is enqueued\n"));
  ok({"conditions", "override", "charging=no"});
  ok({"update", "b", "--charging"});
  EXPECT_TRUE(
      ok({"why", "b"}).starts_with("'b' waits for 'a', which is enqueued and external power\n"));
  ok({"conditions", "override", "charging=yes"});
  EXPECT_EQ(text(json({"why", "b"}).at("met").at(0), "name"), "charging");
  ok({"cancel", "a"});
  EXPECT_EQ(state("b"), "cancelled");
  EXPECT_EQ(ok({"why", "b"}),
            "'b' is cancelled, because 'a' was cancelled\n  Why that: wm why a\n"
            "  Once more: wm retry a b\n");
  fails(6, "retry that first", {"retry", "b"});
  ok({"retry", "a", "b"});
  ok({"wait", "b"});
  EXPECT_EQ(state("b"), "succeeded");
  fails(6, "has succeeded", {"retry", "b"});
  fails(3, "no job 'nobody' to come after",
        {"register-oneoff", "c", "--after", "nobody", "--", "true"});
}

TEST_F(Scheduling, WhyNamesWhatIsNeededBesideWhatIsMeasured) {
  ok({"conditions", "override", "network=metered", "charging=no"});
  shell("a", "true", {"--network", "unmetered", "--charging"});
  const json::value why = json({"why", "a"});
  EXPECT_EQ(why.at("runnable"), false);
  ASSERT_EQ(why.at("waitingFor").as_array().size(), 2U);
  const json::value& network = why.at("waitingFor").at(0);
  EXPECT_EQ(text(network, "kind"), "constraint");
  EXPECT_EQ(text(network, "name"), "network");
  EXPECT_EQ(text(network, "required"), "unmetered");
  EXPECT_EQ(text(network, "actual"), "metered");
  EXPECT_FALSE(text(network, "since").empty());
  EXPECT_FALSE(why.as_object().contains("met"));
  ok({"conditions", "override", "charging=yes"});
  const json::value charging = json({"why", "a"}).at("met").at(0);
  EXPECT_EQ(text(charging, "name"), "charging");
  EXPECT_EQ(text(charging, "actual"), "yes");
  EXPECT_EQ(text(charging, "detail"), "override");
  const std::string said = ok({"why", "a"});
  EXPECT_TRUE(said.starts_with("'a' waits for an unmetered network\n")) << said;
  EXPECT_NE(said.find("network   metered, needs unmetered"), std::string::npos) << said;
  EXPECT_NE(said.find("Now anyway: wm run a\n"), std::string::npos) << said;
  fails(3, "nobody", {"why", "nobody"});
}

TEST_F(Scheduling, AMistypedNameIsUnderstood) {
  shell("nightly-backup", "true");
  ok({"wait", "nightly-backup"});
  fails(3, "no such job: 'nightly-bakup': did you mean 'nightly-backup'?",
        {"why", "nightly-bakup"});
  fails(3, "did you mean 'nightly-backup'?", {"cancel", "Nightly-Backup"});
  fails(3, "did you mean 'nightly-backup'?", {"wait", "nightly_backup"});
  fails(3, "no such job: 'something': see wm list --all", {"show", "something"});
}

TEST_F(Scheduling, WhyShowsTheLastWordsOfAJobThatFailed) {
  const std::string name = "it's $(reboot)";
  shell(name, "seq 7 >&2; echo out; exit 64");
  wm({"wait", name});
  const std::string said = ok({"why", name});
  EXPECT_TRUE(said.starts_with("'" + name + "' has failed: exit 64, ")) << said;
  EXPECT_EQ(json({"why", name}).at("lastResult").at("exitCode"), 64);
  EXPECT_NE(said.find("  stderr, last lines:\n    3\n    4\n    5\n    6\n    7\n"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("Once more: wm retry 'it'\\''s $(reboot)'\n"), std::string::npos) << said;
  shell("quiet", R"(printf '\n\033[1;31mred\033[0m\tand\r\n 10 %%\r100 %%\n\n\007\n'; exit 64)");
  wm({"wait", "quiet"});
  const std::string quiet = ok({"why", "quiet"});
  EXPECT_NE(quiet.find("  stdout, last lines:\n    red    and\n    100 %\n    \\x07\n"),
            std::string::npos)
      << quiet;
}

TEST_F(Scheduling, UpdateChangesWhatIsGivenAndKeepsTheRest) {
  waits("a", {"--charging", "--tag", "x", "--priority", "3", "--input", "k=v"});
  const json::value before = json({"show", "a"});
  EXPECT_EQ(ok({"update", "a", "--network", "unmetered", "--no-charging", "--priority", "0"}),
            "updated 'a', waits for its time (in 1w)\n");
  const json::value after = json({"show", "a"});
  EXPECT_EQ(after.at("constraints"), (json::object{{"network", "unmetered"}}));
  EXPECT_FALSE(after.as_object().contains("priority"));
  for (const char* const kept :
       {"id", "tags", "input", "command", "enqueuedAt", "initialDelayMs"}) {
    EXPECT_EQ(after.at(kept), before.at(kept)) << kept;
  }
  EXPECT_EQ(after.at("generation"), 1);
  ok({"update", "a", "--at", "2099-01-01 00:00"});
  EXPECT_FALSE(json({"show", "a"}).as_object().contains("initialDelayMs")) << "a time instead";
  fails(2, "nothing to change", {"update", "a"});
  fails(2, "priority 11", {"update", "a", "--priority", "11"});
  fails(3, "nobody", {"update", "nobody", "--charging"});
  ok({"cancel", "a"});
  fails(6, "has ended", {"update", "a", "--charging"});
}

TEST_F(Scheduling, RunStartsItNow) {
  waits("a", {"--network", "metered"});
  EXPECT_EQ(ok({"run", "a"}), "started 'a'\n");
  EXPECT_EQ(ok({"wait", "a"}), "'a' succeeded\n");
  fails(6, "has succeeded", {"run", "a"});
}

TEST_F(Scheduling, PauseHoldsEverythingOrAGroup) {
  EXPECT_EQ(wm({"pause", "--group", "backup"}).out, "paused: group backup\n");
  EXPECT_NE(ok({"status"}).find("paused          group backup\n"), std::string::npos);
  shell("a", "true", {"--group", "backup"});
  shell("b", "true");
  ok({"wait", "b"});
  EXPECT_EQ(state("a"), "enqueued");
  EXPECT_EQ(text(json({"why", "a"}).at("waitingFor").at(0), "kind"), "paused");
  EXPECT_EQ(ok({"resume", "--group", "backup"}), "resumed: group backup\n");
  ok({"wait", "a"});
  const json::value run = json({"history", "a"}).at(0);
  EXPECT_EQ(text(run.at("waited").at(0), "kind"), "paused");
  EXPECT_EQ(text(run.at("waited").at(0), "name"), "backup");
}

TEST_F(Scheduling, APauseOutlivesTheDaemon) {
  ok({"pause"});
  shell("a", "true");
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(state("a"), "enqueued");
  EXPECT_EQ(json({"status"}).at("paused").as_array().size(), 1U);
  ok({"resume"});
  ok({"wait", "a"});
}

TEST_F(Scheduling, AppendedWorkIsPartOfItsName) {
  shell("a", "sleep 30");
  const std::string said = ok({"register-oneoff", "a", "--existing", "append", "--", "true"});
  EXPECT_TRUE(
      said.starts_with("appended 'a', waits for the job that it was appended to, which is "))
      << said;
  RawConnection watching(daemon_.socket());
  watching.call_for_more("io.wm.Scheduler.Watch");
  ok({"cancel", "a"});
  for (std::size_t cancelled = 0; cancelled < 2;) {  // The first has a child, which must end first.
    const json::object page = watching.next();
    cancelled += page.at("events").as_array().size();
  }
  ok({"wait", "a", "--for", "cancelled"});
  EXPECT_EQ(json({"list"}).as_array().size(), 0U);
  fails(2, "periodic work cannot be appended",
        {"register-periodic", "p", "--every", "1h", "--existing", "append", "--", "true"});
}

TEST_F(Scheduling, CalendarsAreCheckedAndForecast) {
  ok({"register-periodic", "a", "--calendar", "*/30 * * * *", "--", "true"});
  const json::array runs = json({"forecast", "--for", "2h"}).as_array();
  ASSERT_EQ(runs.size(), 4U);
  const std::string at = text(runs[0], "startsAt");
  EXPECT_TRUE(at.ends_with(":00:00.000Z") || at.ends_with(":30:00.000Z")) << at;
  EXPECT_EQ(text(json({"show", "a"}), "nextRunAt"), at);
  fails(2, "minute", {"register-periodic", "b", "--calendar", "61 * * * *", "--", "true"});
  fails(2, "never comes", {"register-periodic", "b", "--calendar", "0 0 30 2 *", "--", "true"});
  fails(2, "--every or --calendar is required", {"register-periodic", "b", "--", "true"});
}

TEST_F(Scheduling, ATimeLimitIsARetry) {
  shell("a", "sleep 30", {"--time-limit", "50ms", "--max-attempts", "1", "--stop-grace", "0s"});
  ok({"wait", "a", "--for", "failed"});
  EXPECT_EQ(text(json({"history", "a"}).at(0), "stopReason"), "timeout");
}

TEST_F(Scheduling, ProcessingWorkWaitsForAnIdleMachineOnPower) {
  ok({"conditions", "override", "idle=no", "charging=yes"});
  ok({"register-processing", "a", "--", "true"});
  const json::value work = json({"show", "a"});
  EXPECT_EQ(work.at("constraints"), (json::object{{"charging", true}, {"idle", true}}));
  EXPECT_EQ(state("a"), "enqueued");
  ok({"conditions", "override", "idle=yes"});
  ok({"wait", "a"});
  ok({"register-processing", "b", "--no-idle", "--no-charging", "--", "true"});
  EXPECT_EQ(json({"show", "b"}).at("constraints").as_object().size(), 0U);
}

TEST_F(Scheduling, AFileIsAppliedOnceAndAgain) {
  const std::string path = file("works.toml", R"(
[[work]]
name = "nightly"
command = ["true", "a b"]
calendar = "30 2 * * *"
network = "unmetered"
charging = true
tags = ["backup"]
input = { target = "nas", depth = 3, paths = ["/home"] }
prefer = [{ constraint = "idle", relax-after = "4h" }]

[[work]]
name = "later"
command = ["true"]
initial_delay = "1h"
max-attempts = 3
)");
  EXPECT_EQ(ok({"apply", path}), "enqueued 'nightly'\nenqueued 'later'\n");
  EXPECT_EQ(ok({"apply", path}), "2 unchanged\n");
  const json::value work = json({"show", "nightly"});
  EXPECT_EQ(work.at("input").at("paths").at(0), "/home");
  EXPECT_EQ(work.at("prefer").at(0).at("relaxAfterMs"), 4 * 3'600'000);

  const std::string exported = file("exported.toml", ok({"export"}));
  EXPECT_EQ(ok({"apply", exported}), "2 unchanged\n") << "what export writes says the same";
  const std::string one = file("one.toml",
                               "[[work]]\nname = 'later'\ncommand = ['true']\n"
                               "initial-delay = '2h'\n");
  EXPECT_EQ(ok({"apply", one, "--prune"}), "updated 'later'\ncancelled 'nightly'\n");
}

TEST_F(Scheduling, OneBadEntryAndNothingOfAFileIsRegistered) {
  const std::string good = "[[work]]\nname = 'good'\ncommand = ['true']\n";
  const std::pair<std::string, std::string> bad[]{
      {"[[work]]\nname = 'a'\n", ": line 4: command is missing"},
      {"[[work]]\nname = 'a'\ncommand = ['true']\nnetwork = 5\n", ": line 7: network"},
      {"[[work]]\nname = 'a'\ncommand = ['true']\nevery = '1h'\nsurprise = 1\n",
       ": line 8: unknown key 'surprise'"},
      {"[[work]]\nname = 'a'\ncommand = ['true']\ncalendar = '61 * * * *'\n", ": line 4: '61'"},
      {"[[work]]\nname = 'a'\ncommand = ['true']\nafter = ['nobody']\n",
       ": line 4: no job 'nobody'"},
      {"[[work]]\nname = 'a'\ncommand = ['true']\nafter = ['b']\n"
       "[[work]]\nname = 'b'\ncommand = ['true']\nafter = ['a']\n",
       "its own prerequisite"},
      {"[[work]]\nname = 'good'\ncommand = ['true']\n",
       ": line 4: the job 'good' is declared twice"},
      {"[[work\n", ": line 4: "},
  };
  for (const auto& [entry, what] : bad) {
    const Output output = wm({"apply", file("works.toml", good + entry)});
    EXPECT_NE(output.status, 0) << entry;
    EXPECT_NE(output.err.find("works.toml:"), std::string::npos) << output.err;
    EXPECT_NE(output.err.find(what), std::string::npos) << output.err;
    EXPECT_EQ(output.err.find('\n'), output.err.size() - 1) << output.err;
  }
  EXPECT_EQ(json({"list", "--all"}).as_array().size(), 0U);
  fails(2, "absent.toml: No such file or directory", {"apply", "absent.toml"});
}

TEST_F(Scheduling, PruneAndKeepResults) {
  shell("a", "true", {"--keep-results", "0s"});
  shell("b", "true");
  ok({"wait", "b"});
  EXPECT_EQ(json({"list", "--all"}).as_array().size(), 1U);
  EXPECT_EQ(ok({"prune"}), "forgot 1 finished job\n");
  EXPECT_EQ(json({"list", "--all"}).as_array().size(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(daemon_.path() / "state" / "logs"));
}

}  // namespace
}  // namespace wm
