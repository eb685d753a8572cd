// `wm import systemd-timers`: calendars, command lines, unit files with drop-ins, and that wm apply
// takes all of it.
#include <fstream>
#include <random>

#include "cli/import/systemd_calendar.h"
#include "cli/import/systemd_command.h"
#include "cli/import/systemd_timers.h"
#include "tests/cli/import_support.h"
#include "tests/support/temporary_directory.h"

namespace wm::cli {
namespace {

namespace fs = std::filesystem;

std::string calendar_of(std::string_view text) {
  const auto time = cron_time(text);
  if (!time) return time.error().message;
  return time->calendar + (time->time_zone.empty() ? "" : " in " + time->time_zone);
}

TEST(ImportCalendar, FiveFieldsSayWhatTheyCan) {
  const std::pair<const char*, const char*> times[]{
      {"minutely", "* * * * *"},
      {"hourly", "0 * * * *"},
      {"weekly", "0 0 * * mon"},
      {"quarterly", "0 0 1 1,4,7,10 *"},
      {"daily Europe/Berlin", "0 0 * * * in Europe/Berlin"},
      {"Mon..Fri 22:30", "30 22 * * 1-5"},
      {"Sat,Sun *-*-* 07:00:00 UTC", "0 7 * * sat,sun in UTC"},
      {"Fri..Sun 5:00", "0 5 * * 5-7"},
      {"*-*-* 6,18:00", "0 6,18 * * *"},
      {"*-*-* 07..23:30", "30 7-23 * * *"},
      {"*:0/10", "*/10 * * * *"},
      {"*:5/20:00", "5-59/20 * * * *"},
      {"*-*-1,15 4:00", "0 4 1,15 * *"},
      {"*-1..6-01 00:00:00", "0 0 1 1-6 *"},
      {"12-24 18:00", "0 18 24 12 *"},
      {"Mon *-*-1/2 01:00", "0 1 */2 * mon"},
      {"10..20/5:00", "0 10-20/5 * * *"},
      {"*:45/30", "45 * * * *"},
      {"Mon", "0 0 * * mon"},
  };
  for (const auto& [text, cron] : times) EXPECT_EQ(calendar_of(text), cron) << text;
}

TEST(ImportCalendar, WhatTheyCannotSayHasAReason) {
  const std::pair<const char*, const char*> times[]{
      {"*:*:30", "it names seconds, and cron's fields have none"},
      {"*:*:0/15", "it names seconds, and cron's fields have none"},
      {"2027-01-01 10:00", "it names years, and cron's fields have none"},
      {"*-*~1", "it counts days from the end of the month"},
      {"Sun *-*-1..7 1:00",
       "it names days of the month and of the week: systemd wants both, cron either"},
      {"*-*-* 25:00", "it cannot be read at '25'"},
      {"every day", "it cannot be read at 'every'"},
      {"", "it is empty"},
      {"*-02-30 1:00", "'0 1 30 2 *' never comes: no month has that day"},
  };
  for (const auto& [text, reason] : times) EXPECT_EQ(calendar_of(text), reason) << text;
}

TEST(ImportCalendar, TimesThatDifferInOneFieldAreOneCalendar) {
  using Times = std::vector<CronTime>;
  EXPECT_EQ(merged({{"0 6 * * *", ""}, {"0 18 * * *", ""}, {"0 6 * * *", ""}}),
            (Times{{"0 6,18 * * *", ""}}));
  EXPECT_EQ(merged({{"0 6 * * *", ""}, {"30 18 * * *", ""}}).size(), 2U);
  EXPECT_EQ(merged({{"0 6 * * *", ""}, {"0 7 * * *", "UTC"}}).size(), 2U);
  EXPECT_EQ(merged({{"0 6 * * mon", ""}, {"0 6 * * *", ""}}).size(), 2U);
}

TEST(ImportCalendar, TimeSpansAreSystemds) {
  EXPECT_EQ(time_span("90").value(), 90s);
  EXPECT_EQ(time_span("1h 30min").value(), 90min);
  EXPECT_EQ(time_span("1.5h").value(), 90min);
  EXPECT_EQ(time_span("2days5ms").value(), 48h + 5ms);
  EXPECT_EQ(time_span("1M").value(), 2'630'016s) << "a month of 30.44 days";
  EXPECT_EQ(time_span("1m").value(), 1min);
  EXPECT_EQ(time_span("infinity").value(), std::nullopt);
  for (const char* text : {"", "soon", "5 parsecs", "-5", "1.2.3s", "99999y", "5 5h h"}) {
    EXPECT_FALSE(time_span(text)) << text;
  }
}

const Specifiers kSpecifiers = [](char letter) -> std::optional<std::string> {
  if (letter == 'h') return "/home/ann b";
  return std::nullopt;
};

Arguments command_of(const std::vector<std::string>& lines) {
  const auto command = service_command(lines, kSpecifiers);
  return command ? command->command : Arguments{command.error().message};
}

TEST(ImportCommand, OneLineIsAnArgumentVector) {
  EXPECT_EQ(
      command_of({R"(/bin/x "a b" 'c\'d' e"f g"h \x41\101\u00e9\s 100%% $$5 %h/.x)"}),
      (Arguments{"/bin/x", "a b", "c'd", "ef gh", "AA\u00e9 ", "100%", "$5", "/home/ann b/.x"}));
  EXPECT_EQ(command_of({":/bin/x $A ${B}"}), (Arguments{"/bin/x", "$A", "${B}"}));
  EXPECT_EQ(command_of({"/bin/x a$A *"}), (Arguments{"/bin/x", "a$A", "*"}));
  EXPECT_EQ(command_of({"@/bin/x y z"}), (Arguments{"/bin/x", "z"}));
  EXPECT_EQ(command_of({R"(/bin/find . \;)"}), (Arguments{"/bin/find", ".", ";"}));
}

TEST(ImportCommand, SeveralLinesStopAtTheFirstFailure) {
  EXPECT_EQ(
      command_of({"-/bin/a 'x y'", "/bin/b ; -/bin/c"}),
      (Arguments{"/bin/sh", "-c", "{ /bin/a 'x y' || true; } && /bin/b && { /bin/c || true; }"}));
  EXPECT_EQ(command_of({"-/bin/a *"}), (Arguments{"/bin/sh", "-c", "/bin/a '*' || true"}));
}

TEST(ImportCommand, VariablesAreLeftToAShell) {
  EXPECT_EQ(command_of({"/bin/x 'a b' ${DIR}/c%%d $MORE *"}),
            (Arguments{"/bin/sh", "-c", "set -f; exec /bin/x 'a b' \"${DIR}\"/c%d $MORE '*'"}));
  const auto command = service_command({"/bin/x ${DIR} $MORE"}, kSpecifiers);
  EXPECT_EQ(command->variables, (Arguments{"DIR", "MORE"}));
}

TEST(ImportCommand, WhatCannotBeReadSaysWhy) {
  EXPECT_EQ(command_of({"/bin/x \"a"}), Arguments{"a quote does not end"});
  EXPECT_EQ(command_of({"/bin/x \\q"}), Arguments{"it has the unknown escape \\q"});
  EXPECT_EQ(command_of({"/bin/x %m"}), Arguments{"wm does not know what %m is"});
  EXPECT_EQ(command_of({"-"}), Arguments{"a command line has no program"});
  EXPECT_EQ(command_of({}), Arguments{"there is no ExecStart="});
  EXPECT_EQ(command_of({"|/bin/x"}),
            Arguments{"its prefix | runs a login shell, which wm does not"});
  EXPECT_TRUE(service_command({"!/bin/x"}, kSpecifiers)->privileged);
}

// Unit files in two directories, of which the first counts more.
class ImportTimers : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    const fs::path path = directory_.path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void pair(const std::string& timer, const std::string& service) const {
    write("lib/a.timer", "[Unit]\nDescription=When\n[Timer]\n" + timer);
    write("lib/a.service", "[Unit]\nDescription=Tidies\n[Service]\nType=oneshot\n" + service);
  }
  UnitFiles files() const {
    return UnitFiles({directory_.path() / "etc", directory_.path() / "lib"});
  }
  std::vector<Entry> read(const std::string& name = "a.timer") const {
    return read_timer(name, files(), {}, test_caller());
  }
  WorkRequest job(const std::string& name = "a.timer") const {
    const auto jobs = jobs_of(read(name));
    EXPECT_EQ(jobs.size(), 1U) << written(read(name));
    return jobs.empty() ? WorkRequest{} : jobs.front();
  }
  std::string refusal(const std::string& name = "a.timer") const {
    return read(name).front().refusal;
  }
  bool notes(const std::string& text) const {
    const std::string all = written(read());
    return all.find("# ! " + text) != std::string::npos;
  }

  TemporaryDirectory directory_;
};

TEST_F(ImportTimers, AServiceBecomesAJobWithItsSurroundings) {
  pair("OnCalendar=*-*-* 04:00\nPersistent=true\nRandomizedDelaySec=1h\n",
       "User=munin\nEnvironment=\"A=b c\" D=%n\nEnvironment=E=${F}\nWorkingDirectory=/srv\nNice=5\n"
       "IOSchedulingClass=idle\nMemoryMax=512M\nTasksMax=infinity\nCPUWeight=20\n"
       "TimeoutStartSec=2h\nTimeoutStopSec=5\nSuccessExitStatus=3 TEMPFAIL\nPrivateTmp=yes\n"
       "ExecStart=/opt/tidy \\\n  # Not a part of it.\n  --all\n");

  const WorkRequest a = job();
  EXPECT_EQ(a.unique_name, "a");
  EXPECT_EQ(a.description, "Tidies");
  EXPECT_EQ(a.command, (Arguments{"/opt/tidy", "--all"}));
  EXPECT_EQ(a.calendar, "0 4 * * *");
  EXPECT_EQ(a.terms.as, "munin");
  EXPECT_EQ(a.env,
            (std::map<std::string, std::string>{{"A", "b c"}, {"D", "a.service"}, {"E", "${F}"}}));
  EXPECT_EQ(a.cwd, "/srv");
  EXPECT_EQ(a.terms.nice, 5);
  EXPECT_EQ(a.terms.io_class, IoClass::idle);
  EXPECT_EQ(a.terms.bounds.memory_max, std::int64_t{512} << 20);
  EXPECT_EQ(a.terms.bounds.cpu_weight, 20);
  EXPECT_EQ(a.terms.bounds.tasks_max, std::nullopt);
  EXPECT_EQ(a.time_limit, 2h);
  EXPECT_EQ(a.stop_grace, 5s);
  EXPECT_TRUE(a.exit_rules.success_on.test(3));
  EXPECT_TRUE(a.exit_rules.success_on.test(0));
  EXPECT_EQ(a.max_attempts, 1);
  EXPECT_TRUE(notes("RandomizedDelaySec=1h: wm adds no random delay"));
  EXPECT_TRUE(notes("PrivateTmp=: wm has nothing like it"));
  EXPECT_TRUE(notes("SuccessExitStatus=TEMPFAIL: wm knows codes by their numbers"));
  EXPECT_FALSE(notes("not Persistent="));
}

TEST_F(ImportTimers, DropInsAndEarlierDirectoriesCountMore) {
  pair("OnCalendar=daily\n", "ExecStart=/bin/a\n");
  write("etc/a.timer.d/b.conf", "[Timer]\nOnCalendar=\nOnCalendar=5:00\nOnCalendar=6:00\n");
  write("lib/a.timer.d/b.conf", "[Timer]\nOnCalendar=1:00\n");
  write("lib/service.d/all.conf", "[Service]\nEnvironment=X=1\n");
  write("etc/a.service", "[Service]\nExecStart=/bin/other\n");

  const WorkRequest a = job();
  EXPECT_EQ(a.calendar, "0 5,6 * * *");
  EXPECT_EQ(a.command, Arguments{"/bin/other"});
  EXPECT_EQ(a.env.at("X"), "1");
}

TEST_F(ImportTimers, InstancesOfTemplatesKnowTheirNames) {
  write("lib/sync@.timer", "[Timer]\nOnCalendar=hourly\n");
  write("lib/sync@.service", "[Service]\nExecStart=/bin/sync %i %I %p %n\n");
  write("etc/timers.target.wants/sync@a\\x2db-c.timer", "");

  EXPECT_EQ(files().timers(), (Arguments{"sync@.timer", "sync@a\\x2db-c.timer"}));
  EXPECT_EQ(job("sync@a\\x2db-c.timer").command,
            (Arguments{"/bin/sync", "a\\x2db-c", "a-b/c", "sync", "sync@a\\x2db-c.service"}));
  EXPECT_EQ(refusal("sync@.timer"), "it is a template: name an instance, sync@NAME.timer");
}

TEST_F(ImportTimers, PeriodsCountFromStartsOrFromEnds) {
  pair("OnBootSec=15min\nOnUnitActiveSec=1d\n", "ExecStart=/bin/a\n");
  EXPECT_EQ(job().every, 24h);
  EXPECT_EQ(job().cadence, Cadence::fixed);
  EXPECT_TRUE(notes("OnBootSec= and OnStartupSec=: wm counts no time from the boot"));

  pair("OnActiveSec=10min\nOnUnitInactiveSec=2h\n", "ExecStart=/bin/a\n");
  EXPECT_EQ(job().every, 2h);
  EXPECT_EQ(job().cadence, Cadence::interval);
  EXPECT_EQ(job().initial_delay, 10min);

  pair("OnUnitActiveSec=5min\n", "ExecStart=/bin/a\n");
  EXPECT_EQ(refusal(),
            "a period of 5m is under wm's minimum of 15m (limits.min_period); calendar "
            "= \"*/5 * * * *\" comes close");

  pair("OnBootSec=5min\n", "ExecStart=/bin/a\n");
  EXPECT_EQ(refusal(), "it runs once after each boot, which wm has nothing for yet");
}

TEST_F(ImportTimers, TimesThatAreNotOneCalendarAreSeveralJobs) {
  pair("OnCalendar=6:00\nOnCalendar=18:30\nOnCalendar=*:*:10\n", "ExecStart=/bin/a\n");
  const auto jobs = jobs_of(read());
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[1].unique_name, "a-2");
  EXPECT_EQ(jobs[1].calendar, "30 18 * * *");
  EXPECT_TRUE(notes("OnCalendar=*:*:10: it names seconds"));
}

TEST_F(ImportTimers, ATimerIsEnabledByALink) {
  pair("OnCalendar=daily\n", "ExecStart=/bin/a\n");
  EXPECT_FALSE(files().is_wanted("a.timer"));
  write("etc/timers.target.wants/a.timer", "");
  EXPECT_TRUE(files().is_wanted("a.timer"));
}

TEST_F(ImportTimers, ConditionsOfPowerAreCarriedOver) {
  pair("OnCalendar=daily\n",
       "ExecStart=/bin/a\n[Unit]\nConditionACPower=true\n"
       "ConditionPathExists=/x\n");
  EXPECT_TRUE(job().constraints.has(Constraint::charging));
  EXPECT_TRUE(notes("ConditionPathExists=/x: wm does not look at it"));
}

TEST_F(ImportTimers, WhatCannotBecomeAJobSaysWhy) {
  const std::string daily = "OnCalendar=daily\n";
  pair(daily, "ExecStart=/bin/a\n");
  EXPECT_EQ(read_timer("a.timer", files(), {}, test_caller(1000)).front().refusal,
            "it runs as root: only root can import it");
  pair(daily, "User=munin\nExecStart=+/bin/a\n");
  EXPECT_TRUE(refusal().starts_with("a command line has the prefix + or !"));
  pair(daily, "DynamicUser=yes\nExecStart=/bin/a\n");
  EXPECT_EQ(refusal(), "DynamicUser=: wm makes up no users");
  pair(daily, "EnvironmentFile=-/etc/default/a\nExecStart=/bin/a $OPTIONS\n");
  EXPECT_EQ(refusal(),
            "$OPTIONS in its command comes from EnvironmentFile=-/etc/default/a, which "
            "is read only when it runs");
  pair(daily,
       "EnvironmentFile=-/etc/default/a\nEnvironmentFile=/b\nUMask=0027\nExecStart=/bin/a\n");
  EXPECT_EQ(job().env_file, "/etc/default/a");
  EXPECT_EQ(job().terms.umask, 027);
  EXPECT_TRUE(notes("EnvironmentFile=-/etc/default/a: without that file a run of wm fails"));
  EXPECT_TRUE(notes("EnvironmentFile=/b: wm reads one such file; write its variables to env"));
  pair(daily + "Unit=b.target\n", "ExecStart=/bin/a\n");
  EXPECT_EQ(refusal(), "it starts b.target, no service");
  pair(daily + "Unit=b.service\n", "ExecStart=/bin/a\n");
  EXPECT_EQ(refusal(), "there is no readable b.service");
  fs::create_directory(directory_.path() / "etc");
  fs::create_symlink("/dev/null", directory_.path() / "etc" / "a.timer");
  EXPECT_EQ(refusal(), "a.timer is masked: systemd never starts it");
}

TEST_F(ImportTimers, AnyUnitBecomesAFileThatApplyTakes) {
  const std::vector<std::string> keys{"OnCalendar=",
                                      "OnUnitActiveSec=",
                                      "ExecStart=",
                                      "ExecStart=-",
                                      "User=",
                                      "Environment=",
                                      "WorkingDirectory=",
                                      "Nice=",
                                      "TimeoutStartSec=",
                                      "MemoryMax=",
                                      "RuntimeMaxSec=",
                                      "Description=",
                                      "SuccessExitStatus=",
                                      "Unit=",
                                      "Restart=",
                                      "CPUWeight=",
                                      "[Service]\n",
                                      "[Timer]\n",
                                      "[Unit]\n"};
  const std::vector<std::string> values{
      "daily", "1h", "/bin/a", "root",     "ann",  "A=b", "\"A='''\"", "%i%%",  "%m",
      "${X}",  "$Y", "\\",     "\\x41",    "\\x",  "'",   "\"",        ";",     "*",
      "1..3",  "/2", ":",      "-",        "~",    "é",   "\xff",      "\x01",  "Mon",
      "UTC",   "99", "1G",     "infinity", "/srv", "@",   "+",         "WM_A=1"};
  std::mt19937 random(11);
  for (int i = 0; i < 300; ++i) {
    const auto line = [&] {
      std::string text = keys[random() % keys.size()];
      for (std::size_t count = random() % 4; count > 0; --count) {
        text += values[random() % values.size()] + (random() % 3 == 0 ? "" : " ");
      }
      return text + '\n';
    };
    std::string timer = "OnCalendar=daily\n";
    std::string service = "ExecStart=/bin/a\n";
    for (std::size_t count = random() % 4; count > 0; --count) timer += line();
    for (std::size_t count = random() % 8; count > 0; --count) service += line();
    pair(timer, service);
    jobs_of(read());
  }
}

}  // namespace
}  // namespace wm::cli
