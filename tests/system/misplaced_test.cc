// The database is taken away under a running daemon.
#include "tests/system/commands.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

class Misplaced : public Commands {
 protected:
  Misplaced() { later("before"); }

  void later(const std::string& name) {
    ok({"register-oneoff", name, "--initial-delay", "1h", "--", "/bin/true"});
  }

  // Nothing is acknowledged, questions are answered, and the doctor knows why.
  void refuses(const std::string& why) {
    fails(1, why, {"register-oneoff", "lost", "--initial-delay", "1h", "--", "/bin/true"});
    fails(1, why, {"cancel", "before"});
    EXPECT_NE(ok({"list"}).find("before"), std::string::npos);
    const Output output = wm({"doctor"});
    EXPECT_EQ(output.status, 1);
    EXPECT_NE(output.out.find(why), std::string::npos) << output.out;
  }

  void has(const std::vector<std::string>& names) {
    std::vector<std::string> found;
    const json::value works = json({"list"});
    for (const json::value& work : works.as_array()) found.push_back(text(work, "uniqueName"));
    EXPECT_EQ(found, names);
  }

  fs::path state_ = daemon_.path() / "state";
  fs::path away_ = daemon_.path() / "away";
};

TEST_F(Misplaced, AStateDirectoryThatIsMovedIsNoticedAndWorksOnceItIsBack) {
  fs::rename(state_, away_);
  refuses("wm.db is gone");

  fs::rename(away_, state_);
  later("after");
  EXPECT_EQ(wm({"doctor"}).out.find("is gone"), std::string::npos);
  has({"before", "after"});
  daemon_.kill();
  daemon_.start();
  has({"before", "after"});
}

TEST_F(Misplaced, AFileInThePlaceOfTheDatabaseIsNoticed) {
  fs::rename(state_ / "wm.db", away_);
  fs::copy_file(away_, state_ / "wm.db");
  refuses("wm.db is not the file");

  fs::rename(away_, state_ / "wm.db");
  later("after");
  has({"before", "after"});
}

TEST_F(Misplaced, TheLogOfTheDatabaseCountsToo) {
  fs::remove(state_ / "wm.db-wal");
  refuses("wm.db-wal is gone");

  EXPECT_EQ(daemon_.stop(), 0);
  daemon_.start();
  later("after");
  has({"before", "after"});
}

// Runs are ended, though their end is recorded nowhere.
TEST_F(Misplaced, ADaemonWithoutADatabaseStopsAndStartsAnew) {
  const fs::path pipe = daemon_.path() / "pipe";
  make_pipe(pipe);
  shell("runs",
        "trap '' TERM; exec >" + pipe.string() + "; echo runs; while :; do sleep 1000; done");
  std::ifstream alive(pipe);
  std::string line;
  ASSERT_TRUE(std::getline(alive, line));
  fs::rename(state_ / "wm.db", away_);
  EXPECT_EQ(wm({"daemon", "reexec"}).status, 1);

  EXPECT_EQ(daemon_.stop(), 1);
  EXPECT_FALSE(std::getline(alive, line)) << "nobody holds the pipe any more";
  daemon_.start();
  has({});
  later("after");
  has({"after"});
}

}  // namespace
}  // namespace wm
