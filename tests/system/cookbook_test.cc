// Every recipe of docs/cookbook.md, with a real daemon, pretended conditions and stand-ins for the
// programs that a recipe calls. A recipe is a section of the page. Its blocks of shell are run as
// they stand there; those that begin with the name of a file become that file.
#include <cctype>
#include <cstdlib>
#include <map>
#include <set>

#include <unistd.h>

#include "tests/system/commands.h"

namespace wm {
namespace {

struct Block {
  std::string language;
  std::string text;
};

using Page = std::map<std::string, std::vector<Block>>;

// The blocks of each section.
Page read_page() {
  std::ifstream file(WM_SOURCE_DIR "/docs/cookbook.md");
  Page page;
  std::string title;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) page[title].push_back({line.substr(3), ""});
    } else if (inside) {
      page[title].back().text += line + '\n';
    } else if (line.starts_with("## ")) {
      title = line.substr(3);
      page[title];
    }
  }
  return page;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string settings() {
  return std::string(TestDaemon::kConfiguration) + "[run]\nsettle = \"1ms\"\n";
}

class Recipes : public Commands {
 protected:
  Recipes() : Commands(settings()) {
    for (const auto& directory : {bin_, home_, here_}) std::filesystem::create_directory(directory);
    std::filesystem::create_symlink(WM_PROGRAM, bin_ / "wm");
    std::filesystem::create_symlink(WMD_PROGRAM, bin_ / "wmd");
    make_pipe(pipe_);
    restart_under("exec env 'PATH=" + search_path() + "'");
    pretend({"network=unmetered", "charging=yes", "battery=ok", "storage=ok", "idle=no"});
  }

  void take(const std::string& title) { blocks_ = read_page()[title]; }
  void TearDown() override { EXPECT_EQ(used_.size(), blocks_.size()) << "a block was not tried"; }

  std::string search_path() const { return bin_.string() + ':' + ::getenv("PATH"); }
  std::map<std::string, std::string> variables() const {
    return {{"PATH", search_path()},
            {"HOME", home_.string()},
            {"HERE", here_.string()},
            {"WM_SOCKET", daemon_.socket()}};
  }

  // The text of a block, for tests that run it in their own way.
  std::string text_of(std::size_t block) {
    used_.insert(block);
    return blocks_.at(block).text;
  }
  std::vector<std::string> command_of(std::size_t block) {
    return {"/bin/sh", "-euc", "cd \"$HERE\"\n" + text_of(block)};
  }
  Output run(std::size_t block) { return run_program(command_of(block), variables()); }
  std::string succeeds(std::size_t block) {
    const Output output = run(block);
    EXPECT_EQ(output.status, 0) << text_of(block) << output.out << output.err;
    return output.out;
  }

  static void write_program(const std::filesystem::path& path, const std::string& script) {
    std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  void stand_in(const std::string& program, const std::string& script) const {
    write_program(bin_ / program, script);
  }
  // In a script: hands this over to told(), which waits for it.
  std::string tell(const std::string& words) const {
    return "echo \"" + words + "\" >'" + pipe_.string() + "'\n";
  }
  std::string told() const { return read_line(pipe_); }

  void pretend(std::vector<std::string> conditions) {
    conditions.insert(conditions.begin(), {"conditions", "override"});
    ok(conditions);
  }
  std::set<std::string> waits_for(const std::string& name) {
    const json::value job = json({"show", name});
    EXPECT_EQ(wm::text(job, "state"), "enqueued");
    std::set<std::string> names;
    for (const json::value& need : job.at("waitingFor").as_array()) {
      const std::string name_of_need = wm::text(need, "name");
      names.insert(name_of_need.empty() ? wm::text(need, "kind") : name_of_need);
    }
    return names;
  }
  using Names = std::set<std::string>;

 public:
  void backup();
  void photos();
  void index();
  void retry_in_ci();
  void hangs();
  void chain();
  void whole_machine();
  void container();
  void desktop_app();
  void crontab();
  void not_in_wm();
  void secrets();
  void pause();
  void morning_after();

 protected:
  const std::filesystem::path bin_ = daemon_.path() / "bin";
  const std::filesystem::path home_ = daemon_.path() / "home";
  const std::filesystem::path here_ = daemon_.path() / "here";
  const std::filesystem::path pipe_ = daemon_.path() / "pipe";
  std::vector<Block> blocks_;
  std::set<std::size_t> used_;
};

void Recipes::backup() {
  const std::string uploaded = (here_ / "uploaded").string();
  stand_in("restic", tell("$*") + "test -e '" + uploaded + "' || exec sleep 600");
  stand_in("borg", tell("$*") + "exit 1");
  pretend({"network=metered", "charging=no"});

  succeeds(0);
  EXPECT_EQ(waits_for("backup"), (Names{"network", "charging"}));
  pretend({"network=unmetered"});
  EXPECT_EQ(waits_for("backup"), Names{"charging"});
  pretend({"charging=yes"});
  const std::string arguments = "-r sftp:nas:backup --password-file " + home_.string() +
                                "/.config/restic/password backup " + home_.string();
  EXPECT_EQ(told(), arguments);

  pretend({"charging=no"});
  ok({"wait", "backup", "--for", "enqueued"});
  EXPECT_EQ(waits_for("backup"), Names{"charging"});
  std::ofstream(uploaded) << "half";
  pretend({"charging=yes"});
  EXPECT_EQ(told(), arguments);

  succeeds(1);
  EXPECT_EQ(told(), "create nas:backup::{hostname}-{now} " + home_.string());
  ok({"wait", "borg-backup", "--for", "enqueued"});
  EXPECT_EQ(wm::text(json({"history", "borg-backup"}).at(0), "outcome"), "succeeded");
}

void Recipes::photos() {
  stand_in("rclone", tell("$*"));
  pretend({"network=metered"});

  succeeds(0);
  EXPECT_EQ(waits_for("photos"), Names{"network"});
  pretend({"network=unmetered"});
  EXPECT_EQ(told(), "copy " + home_.string() + "/Pictures nas:photos");
}

void Recipes::index() {
  stand_in("updatedb", tell("$*"));

  succeeds(0);
  EXPECT_EQ(wm::text(json({"show", "index"}), "calendar"), "0 1 * * *");
  ok({"update", "index", "--at", "now"});
  EXPECT_EQ(waits_for("index"), Names{"idle"});
  pretend({"idle=yes"});
  EXPECT_TRUE(contains(told(), "--database-root " + home_.string()));
}

void Recipes::retry_in_ci() {
  const auto program = here_ / "fetch-dependencies";
  write_program(program, "test $WM_RUN_ATTEMPT = 2 && exit\n" + tell("failed") + "exit 1");
  RunningProgram job(command_of(0), variables());
  EXPECT_EQ(told(), "failed");
  ok({"wait", "dependencies", "--for", "enqueued"});
  EXPECT_EQ(json({"show", "dependencies"}).at("backoff").at("delayMs"), 10'000);
  ok({"run", "dependencies"});
  EXPECT_EQ(job.finish().status, 0);
  EXPECT_EQ(json({"history", "dependencies"}).as_array().size(), 2U);

  write_program(program, "echo no such version; exit 2");
  const Output failed = run(0);
  EXPECT_EQ(failed.status, 1);
  EXPECT_TRUE(contains(failed.out, "no such version\n")) << failed.out;
}

void Recipes::hangs() {
  const std::string hung = (here_ / "hung").string();
  stand_in("rsync", "[ $2 != nas:films ] || [ -e '" + hung + "' ] || { touch '" + hung +
                        "'; exec sleep 600; }\n" + "[ $2 != nas:films ] || " + tell("$*"));
  std::ofstream(here_ / "recipe.sh") << replaced(text_of(0), "20m", "2s");
  const Output registered =
      run_program({"/bin/sh", "-euc", "cd \"$HERE\"; . ./recipe.sh"}, variables());
  EXPECT_EQ(registered.status, 0) << registered.err;
  ok({"wait", "mirror", "--for", "running"});
  ok({"wait", "mirror", "--for", "enqueued"});
  const json::value hanging = json({"history", "mirror"}).at(0);
  EXPECT_EQ(wm::text(hanging, "stopReason"), "watchdog");
  EXPECT_EQ(wm::text(hanging, "outcome"), "retry");
  ok({"run", "mirror"});
  EXPECT_EQ(told(), "-a nas:films .");
}

void Recipes::chain() {
  stand_in("jq", R"re(sed 's/.*"file": *"\([^"]*\)".*/\1/')re");

  EXPECT_TRUE(succeeds(0).ends_with("'convert' succeeded\nconverting report.csv\n"));
}

void Recipes::whole_machine() {
  stand_in("loginctl", "test \"$*\" = enable-linger");
  stand_in("sudo", "exec \"$@\"");
  stand_in("fstrim", tell("$*"));

  succeeds(0);
  if (::geteuid() != 0) {
    used_.insert(1);
    GTEST_SKIP() << "only root can become other users";
  }
  EXPECT_TRUE(contains(succeeds(1), "statistics"));
  ok({"update", "trim", "--at", "now"});
  pretend({"idle=yes"});
  EXPECT_EQ(told(), "--all");
  const auto log = daemon_.start_wm({"logs", "statistics", "--follow"});
  ok({"update", "statistics", "--at", "now"});
  EXPECT_EQ(log->line(), "run by www-data");
}

void Recipes::container() {
  const auto in_test = [this](std::string text) {
    text = replaced(text, "/app/", here_.string() + '/');
    text = replaced(text, "/data", here_.string());
    return replaced(text, "/tmp/wm.sock", (here_ / "wm.sock").string());
  };
  std::ofstream(here_ / "work.toml") << in_test(text_of(0));
  std::ofstream(here_ / "entry.sh") << in_test(text_of(1));
  std::vector<std::string> engine{"env",           "-i",      "PATH=" + search_path(),
                                  "TZ=Asia/Tokyo", "/bin/sh", (here_ / "entry.sh").string()};
  if (::geteuid() == 0) {
    engine.insert(engine.begin(), {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"});
  }

  RunningProgram container(engine);
  EXPECT_EQ(container.line(), "enqueued 'report'");
  const std::vector<std::string> client{WM_PROGRAM, "--socket", (here_ / "wm.sock").string()};
  const auto with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), client.begin(), client.end());
    return arguments;
  };
  RunningProgram log(with({"logs", "report", "--follow"}));
  EXPECT_EQ(log.line(), "the zone is Europe/Berlin");
  const Output status = run_program(with({"status", "--json"}));
  EXPECT_EQ(wm::text(json::parse(status.out), "timeZone"), "Asia/Tokyo");
  run_program(with({"cancel", "--all"}));
}

void Recipes::desktop_app() {
  stand_in("background", tell("$1 $(tr -d '\\\"')"));
  daemon_.configure(settings() + replaced(text_of(0), "/opt/photos/bin", bin_.string()));
  daemon_.signal(SIGHUP);
  pretend({"network=metered"});

  EXPECT_TRUE(contains(succeeds(1), "upload-42"));
  EXPECT_EQ(waits_for("upload-42"), Names{"network"});
  pretend({"network=unmetered"});
  EXPECT_EQ(told(), "upload {photo:42}");
}

void Recipes::crontab() {
  const auto table = here_ / "table";
  std::ofstream(table) << "MAILTO=ann\n30 2 * * mon-fri restic backup /home\n";
  stand_in("crontab", "case $1 in -l) cat '" + table.string() + "';; -r) rm '" + table.string() +
                          "';; *) cp \"$1\" '" + table.string() + "';; esac");

  EXPECT_TRUE(contains(succeeds(0), "30 2 * * mon-fri"));
  EXPECT_FALSE(std::filesystem::exists(table));
  EXPECT_EQ(json({"list", "--tag", "crontab"}).as_array().size(), 1U);
  succeeds(1);
  EXPECT_TRUE(std::filesystem::exists(table));
  EXPECT_EQ(json({"list"}).as_array().size(), 0U);
}

void Recipes::not_in_wm() {
  auto shell = variables();
  shell["ONLY_IN_MY_SHELL"] = "1";
  const Output run = run_program(command_of(0), shell);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(contains(run.out, "WM_UNIQUE_NAME=environment\n")) << run.out;
  EXPECT_FALSE(contains(run.out, "ONLY_IN_MY_SHELL")) << run.out;

  EXPECT_TRUE(succeeds(1).ends_with("HELLO YOU IN /\n"));
}

void Recipes::secrets() {
  stand_in("secret-tool", "test \"$*\" = 'lookup service blog' && echo ssh-its-secret");
  stand_in("publish", tell("$TOKEN"));

  std::ofstream(home_ / ".publish.env") << "TOKEN='kept in a file'\n";
  pretend({"network=connected"});
  succeeds(0);
  EXPECT_EQ(told(), "kept in a file");
  ok({"wait", "publish-page"});
  EXPECT_FALSE(contains(ok({"show", "publish-page", "--json"}), "kept in a file"));

  pretend({"network=none"});
  succeeds(1);
  EXPECT_FALSE(contains(ok({"export"}), "ssh-its-secret"));
  pretend({"network=connected"});
  EXPECT_EQ(told(), "ssh-its-secret");
  ok({"wait", "publish"});
  EXPECT_FALSE(contains(ok({"show", "publish", "--json"}), "ssh-its-secret"));
}

void Recipes::pause() {
  succeeds(0);
  ok({"once", "errand", "--", "true"});
  EXPECT_EQ(waits_for("errand"), Names{"paused"});
  succeeds(1);
  ok({"wait", "errand"});
}

void Recipes::morning_after() {
  stand_in("restic", "echo the repository is locked; exit 70");
  pretend({"network=connected"});
  ok({"register-oneoff", "backup", "--network", "connected", "--", (bin_ / "restic").string()});
  EXPECT_EQ(wm({"wait", "backup"}).status, 1);

  const std::string answers = succeeds(0);
  EXPECT_TRUE(contains(answers, "exit 70")) << answers;
  EXPECT_TRUE(contains(answers, "yesterday 23:00")) << answers;
  EXPECT_TRUE(answers.ends_with("the repository is locked\n")) << answers;
  stand_in("restic", "true");
  succeeds(1);
  ok({"wait", "backup"});
}

struct Recipe {
  const char* title;
  void (Recipes::*test)();

  // The library's name.  NOLINTNEXTLINE(readability-identifier-naming)
  friend void PrintTo(const Recipe& recipe, std::ostream* out) { *out << recipe.title; }
};

const Recipe kRecipes[] = {
    {"Backup on external power and an unmetered network", &Recipes::backup},
    {"Photos to another machine, but not over the phone", &Recipes::photos},
    {"An index at night, while nobody is there", &Recipes::index},
    {"Retry in CI", &Recipes::retry_in_ci},
    {"A job that hangs", &Recipes::hangs},
    {"A step that uses the output of the one before", &Recipes::chain},
    {"For you, and for the whole machine", &Recipes::whole_machine},
    {"In a container without systemd", &Recipes::container},
    {"A desktop app, as with Flutter's workmanager", &Recipes::desktop_app},
    {"Moving a crontab over", &Recipes::crontab},
    {"It works in my shell, but not in wm", &Recipes::not_in_wm},
    {"Secrets", &Recipes::secrets},
    {"Stop everything for an hour", &Recipes::pause},
    {"The morning after", &Recipes::morning_after},
};

class Cookbook : public Recipes, public testing::WithParamInterface<Recipe> {};

TEST_P(Cookbook, KeepsItsPromise) {
  take(GetParam().title);
  ASSERT_FALSE(blocks_.empty()) << GetParam().title;
  (this->*GetParam().test)();
}

std::string name_of(const testing::TestParamInfo<Recipe>& recipe) {
  std::string name;
  for (const char letter : std::string_view(recipe.param.title)) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) name += letter;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Page, Cookbook, testing::ValuesIn(kRecipes), name_of);

TEST(CookbookPage, HasATestForEachRecipe) {
  std::set<std::string> written;
  for (const auto& [title, blocks] : read_page()) {
    written.insert(title);
    for (const Block& block : blocks) {
      EXPECT_TRUE(block.language == "sh" || block.language == "toml") << title;
    }
  }
  std::set<std::string> tried;
  for (const Recipe& recipe : kRecipes) tried.insert(recipe.title);

  EXPECT_EQ(written, tried);
}

}  // namespace
}  // namespace wm
