#include "config/settings.h"

#include <fstream>
#include <regex>

#include <gtest/gtest.h>

namespace wm {
namespace {

std::string problem(std::string_view toml) {
  const auto settings = parse_settings(toml, "wmd.toml");
  return settings ? "" : settings.error().message;
}

TEST(Settings, AnEmptyFileMeansTheDefaults) { EXPECT_EQ(parse_settings("", "x"), Settings{}); }

TEST(Settings, AreReadFromEveryTable) {
  const auto settings = parse_settings(R"(
[tasks.sync]
command = ["/bin/sync", "-f"]
env = { A = "1" }
[tasks."*"]
command = ["/bin/dispatch"]
dispatcher = true
[limits]
min_period = "1m"
min_flex = "30s"
min_backoff = "1s"
max_data = 2048
max_connections = 5
max_connections_total = 6
max_unread = 65536
max_unread_total = 70000
max_log_space = 7
max_work_space = 65537
max_log_space_total = 8
keep_free = 0
[run]
max_parallel = 3
max_parallel_total = 7
stop_grace = "5s"
[groups.backup]
max_parallel = 3
[groups.tape]
shared = true
[retry]
max_attempts = 4
fail_on = "1,3-4"
jitter = 0.25
[history]
keep_state = "30d"
conditions = "2d"
[battery]
low = 10
ok = 12
[storage]
paths = ["/home"]
low_percent = 2
low_bytes = 1000
[network]
metered = "yes"
metered_interfaces = ["usb*"]
)",
                                       "x");
  ASSERT_TRUE(settings) << settings.error().message;
  Settings expected;
  expected.tasks["sync"] = {{"/bin/sync", "-f"}, false, {{"A", "1"}}};
  expected.tasks["*"] = {{"/bin/dispatch"}, true, {}};
  expected.limits = {1min, 30s, 1s, 2048};
  expected.clients = {5, 6, 65'536, 70'000};
  expected.keep = {7, 65'537, 8, 0};
  expected.run = {3, 7, 5s};
  expected.groups = {{"backup", {3, false}}, {"tape", {1, true}}};
  expected.retry = {4, parse_exit_codes("1,3-4").value(), 0.25};
  expected.history.keep_state = Days{30};
  expected.history.conditions = Days{2};
  expected.battery = {10, 12};
  expected.storage = {{"/home"}, {2, 1000}};
  expected.network = {Metered::yes, {"usb*"}};
  EXPECT_EQ(*settings, expected);
}

TEST(Settings, ErrorsSayWhere) {
  EXPECT_EQ(problem("[limits]\nmin_perod = \"1m\"").rfind("wmd.toml:2:1: unknown key", 0), 0U)
      << problem("[limits]\nmin_perod = \"1m\"");
  EXPECT_EQ(problem("\n\n[battery]\n  low = \"x\"").rfind("wmd.toml:4:9: battery.low must be", 0),
            0U)
      << problem("\n\n[battery]\n  low = \"x\"");
  EXPECT_EQ(problem("[run\n").rfind("wmd.toml:1:", 0), 0U) << problem("[run\n");
}

TEST(Settings, WrongValuesAreRefused) {
  for (const char* toml : {
           "limits = 1",
           "[limits]\nmin_period = 15",
           "[limits]\nmin_period = \"15\"",
           "[limits]\nmax_data = -1",
           "[limits]\nmax_data = 1.5",
           "[run]\nmax_parallel = -1",
           "[retry]\nfail_on = \"1,x\"",
           "[retry]\nfail_on = 1",
           "[retry]\njitter = 1.5",
           "[battery]\nlow = 101",
           "[battery]\nlow = 30\nok = 20",
           "[network]\nmetered = \"maybe\"",
           "[network]\nmetered = true",
           "[storage]\npaths = \"/home\"",
           "[storage]\npaths = [1]",
           "[tasks.a]",
           "[tasks.a]\ncommand = []",
           "[tasks.a]\ncommand = \"/bin/true\"",
           "[tasks.a]\ncommand = [\"true\"]",
           "[tasks.a]\ncommand = [\"/bin/true\"]\nshell = true",
           "[tasks.a]\ncommand = [\"/bin/true\"]\nenv = { A = 1 }",
           "tasks = []",
           "debug = 1",
           "[notify]\ncommand = [\"mail\"]",
           "[notify]\nevents = [\"exploded\"]",
           "[metrics]\ntextfile = \"wm.prom\"",
           "[moon]\nphase = 1",
       }) {
    EXPECT_TRUE(problem(toml).starts_with("wmd.toml:")) << toml << " -> " << problem(toml);
  }
}

TEST(Settings, ALaterFileOverridesWhatItNames) {
  const auto directory = std::filesystem::path(testing::TempDir());
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(directory / name) << text;
    return directory / name;
  };
  const auto settings =
      load_settings({write("a.toml", "[battery]\nlow = 10\n[run]\nmax_parallel = 1"),
                     write("b.toml", "[run]\nmax_parallel = 2")});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->battery.low, 10);
  EXPECT_EQ(settings->run.max_parallel, 2);
  EXPECT_FALSE(load_settings({directory / "absent.toml"}));
  EXPECT_FALSE(load_settings({directory})) << "a directory is no file";
  EXPECT_EQ(load_settings({"/dev/null"}), Settings{});
}

TEST(Settings, TasksFallBackToTheDispatcher) {
  Settings settings;
  EXPECT_EQ(settings.find_task("a"), nullptr);
  settings.tasks["*"] = {{"/bin/dispatch"}, true, {}};
  settings.tasks["a"] = {{"/bin/a"}, false, {}};
  EXPECT_EQ(settings.find_task("a")->command.front(), "/bin/a");
  EXPECT_EQ(settings.find_task("b")->command.front(), "/bin/dispatch");
}

TEST(Settings, ConditionsOfOnesOwnAndIdleness) {
  const auto settings = parse_settings(
      "[idle]\nafter = '5m'\nmax_load = 1\n"
      "[conditions.vpn]\ncommand = ['/bin/ping', 'x']\nevery = '10s'\n",
      "f");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->idle, (IdleSettings{5min, 1.0}));
  EXPECT_EQ(settings->conditions.at("vpn"), (CustomCondition{{"/bin/ping", "x"}, 10s, 10s}));
  for (const auto& [text, what] : {
           std::pair{"[conditions.vpn]\n", "f:1:1: conditions.vpn.command is missing"},
           std::pair{"[conditions.vpn]\ncommand = ['ping']\n", "absolute path"},
           std::pair{"[conditions.vpn]\ncommand = ['/ping']\nevery = '1ms'\n", "at least 1s"},
           std::pair{"[conditions.idle]\ncommand = ['/ping']\n", "has that name already"},
           std::pair{"[idle]\nmax_load = -1\n", "must be a number from 0 to 1000"},
       }) {
    const auto refused = parse_settings(text, "f");
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message.find(what), std::string::npos) << refused.error().message;
  }
}

TEST(Settings, WhoMayRegisterWhat) {
  EXPECT_TRUE(parse_settings("", "x")->permissions.allows_commands());
  EXPECT_FALSE(
      parse_settings("[policy]\nallow_commands = false", "x")->permissions.allows_commands());
  const auto tasks = parse_settings("[policy]\npermitted_tasks = []", "x");
  EXPECT_EQ(tasks->permissions.tasks, std::vector<std::string>());
  EXPECT_FALSE(tasks->permissions.allows_commands());
  EXPECT_TRUE(parse_settings("[policy]\npermitted_tasks = []\nallow_commands = true", "x")
                  ->permissions.allows_commands());
  EXPECT_EQ(parse_settings("[policy]\nallow_users = [\"ann\"]", "x")->permissions.users,
            std::vector<std::string>{"ann"});
}

TEST(Settings, TheInstalledFileShowsEveryDefault) {
  std::ifstream file(std::string(WM_SOURCE_DIR) + "/config/wmd.toml");
  std::string shown;
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_search(line, std::regex("^#[a-z_]+ = "))) {
      line.erase(0, 1);
      ++count;
    }
    shown += line + '\n';
  }
  EXPECT_EQ(count, 38) << "a setting that is not shown";
  EXPECT_EQ(parse_settings(shown, "shown"), Settings{});
}

}  // namespace
}  // namespace wm
