// Databases of releases, with the output of their own wm: today's wmd goes on where they ended.
//
// A release adds its own with scripts/record-database, and changes nothing here.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/system/commands.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(WM_SOURCE_DIR) / "tests/data";

// All existing ones, by the names of their files without an extension.
std::vector<std::string> recorded_releases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kData)) {
    if (entry.path().extension() == ".db") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

json::object recorded(const std::string& release) {
  std::ifstream file(kData / (release + ".json"));
  return json::parse(std::string{std::istreambuf_iterator<char>(file), {}}).as_object();
}

// Its jobs become those of the user who runs this test.
void change_owner(const fs::path& file) {
  SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
  std::vector<std::string> tables;
  SQLite::Statement query(database,
                          "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c "
                          "WHERE t.type = 'table' AND c.name = 'owner'");
  while (query.executeStep()) tables.push_back(query.getColumn(0).getString());
  for (const std::string& table : tables) {
    database.exec("UPDATE " + table + " SET owner = " + std::to_string(::geteuid()));
  }
}

class OldDatabase : public testing::TestWithParam<std::string> {
 protected:
  OldDatabase()
      : said_(recorded(GetParam())), daemon_(said_.at("configuration").as_string().c_str()) {
    const fs::path state = daemon_.path() / "state";
    fs::create_directory(state);
    fs::permissions(state, fs::perms::owner_all);
    fs::copy_file(kData / (GetParam() + ".db"), state / "wm.db");
    fs::permissions(state / "wm.db", fs::perms::owner_read | fs::perms::owner_write);
    change_owner(state / "wm.db");
    ::setenv("TZ", "UTC", 1);  // The zone of the recorded calendars.
    daemon_.start();
  }
  ~OldDatabase() override { ::unsetenv("TZ"); }

  // `now` says all that `then` has said, but for those keys. More may have come since.
  static void expect_same(const json::object& then, const json::object& now,
                          const std::vector<std::string>& but = {}) {
    for (const auto& [key, value] : then) {
      if (std::ranges::count(but, key) > 0) continue;
      const json::value* const today = now.if_contains(key);
      EXPECT_TRUE(today && *today == value)
          << text(then, "uniqueName") << "'s " << key << " was " << json::serialize(value)
          << ", and is " << (today ? json::serialize(*today) : "gone");
    }
  }

  json::object said_;
  TestDaemon daemon_;
};

TEST_P(OldDatabase, WorksAreWhatTheyWere) {
  const json::array& works = said_.at("works").as_array();
  ASSERT_FALSE(works.empty());
  for (const json::value& work : works) {
    const json::object& then = work.as_object();
    const std::string name = text(then, "uniqueName");
    const json::object now = daemon_.json({"show", name}).as_object();
    if (text(then, "state") != "running") {
      expect_same(then, now);
      continue;
    }
    // Its daemon was killed.
    EXPECT_EQ(text(now, "state"), "enqueued") << name;
    EXPECT_EQ(text(now.at("lastResult"), "outcome"), "interrupted") << name;
    expect_same(then, now, {"state", "runAttemptCount", "lastFinishedAt", "lastResult", "totals"});
  }
  EXPECT_EQ(daemon_.json({"list", "--all"}).as_array().size(), works.size());
}

TEST_P(OldDatabase, RunsAreOnRecord) {
  const json::array& then = said_.at("history").as_array();
  const json::array now = daemon_.json({"history"}).as_array();
  ASSERT_FALSE(then.empty());
  ASSERT_EQ(now.size(), then.size());
  for (std::size_t i = 0; i < then.size(); ++i) {
    const json::object& run = then[i].as_object();
    expect_same(run, now[i].as_object());
    if (run.contains("finishedAt")) continue;
    EXPECT_EQ(text(now[i], "outcome"), "interrupted") << "its daemon was killed";
  }
}

TEST_P(OldDatabase, PausesGoOn) {
  EXPECT_EQ(daemon_.json({"status"}).at("paused"), said_.at("paused"));
}

TEST_P(OldDatabase, AFileThatItsWmHasExportedChangesNothing) {
  const fs::path file = daemon_.path() / "works.toml";
  std::ofstream(file) << said_.at("exported").as_string().c_str();
  const auto unfinished = daemon_.json({"list"}).as_array().size();

  const Output applied = daemon_.wm({"apply", file.string()});

  EXPECT_EQ(applied.err, "");
  EXPECT_EQ(applied.out, std::to_string(unfinished) + " unchanged\n");
}

TEST_P(OldDatabase, WorkGoesOn) {
  daemon_.wm({"resume"});
  daemon_.wm({"resume", "--group", "backup"});
  for (const char* name : {"of-a-group", "a-task"}) {
    EXPECT_EQ(daemon_.wm({"wait", name, "--timeout", "1m"}).status, 0) << name;
  }

  daemon_.wm({"run", "chain-1"});
  EXPECT_EQ(daemon_.wm({"wait", "chain-3", "--timeout", "1m"}).status, 0);
  EXPECT_EQ(daemon_.wm({"logs", "a-task"}).out, "report\n");
}

INSTANTIATE_TEST_SUITE_P(Releases, OldDatabase, testing::ValuesIn(recorded_releases()),
                         [](const testing::TestParamInfo<std::string>& release) {
                           std::string name = release.param;
                           std::ranges::replace_if(
                               name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace wm
