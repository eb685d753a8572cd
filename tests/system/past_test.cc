// The morning after: what the conditions were, and why a job did not run then.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/time.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

using Changes = std::vector<std::string>;

std::string now() {
  return format_time(std::chrono::floor<Duration>(std::chrono::system_clock::now()));
}

// A moment in which nothing happens: what comes next has a later time on record.
std::string quiet_moment() {
  std::string then = now();
  while (now() == then) std::this_thread::yield();
  return then;
}

class PastTest : public Commands {
 protected:
  // `charging=no`, `daemon-started`: the changes of these conditions, and of the daemon.
  Changes changes(const std::vector<std::string>& names) {
    Changes list;
    const json::value all = json({"conditions", "--since", "1h"});
    for (const json::value& change : all.as_array()) {
      const std::string name = text(change, "name");
      if (name.empty()) list.push_back(text(change, "event"));
      if (std::ranges::count(names, name) > 0) list.push_back(name + "=" + text(change, "value"));
    }
    return list;
  }
};

TEST_F(PastTest, ChangesAreListedInOrderAndSurviveKill) {
  ok({"conditions", "override", "charging=no", "network=metered"});
  shell("backup", ":", {"--charging", "--network", "unmetered"});
  const std::string then = quiet_moment();
  ok({"conditions", "override", "charging=yes"});
  ok({"conditions", "override", "network=unmetered"});
  ok({"wait", "backup"});
  const Changes before{"daemon-started", "network=metered", "charging=no", "charging=yes",
                       "network=unmetered"};
  EXPECT_EQ(changes({"charging", "network"}), before);

  // A change within a second of another waits for that second, and is in the next commit then.
  shell("later", "sleep 1.1");
  ok({"wait", "later"});
  daemon_.kill();
  daemon_.start();

  Changes after = before;
  after.insert(after.end(), {"daemon-lost", "daemon-started"});
  EXPECT_EQ(changes({"charging", "network"}), after);

  const json::value why = json({"why", "backup", "--at", then});
  EXPECT_EQ(text(why, "state"), "enqueued");
  EXPECT_EQ(text(why, "at"), then);
  ASSERT_EQ(why.at("waitingFor").as_array().size(), 2) << why;
  const json::value& network = why.at("waitingFor").at(0);
  EXPECT_EQ(text(network, "name"), "network");
  EXPECT_EQ(text(network, "actual"), "metered");
  EXPECT_EQ(text(network, "detail"), "override");
  EXPECT_LT(text(network, "since"), then);
  EXPECT_GT(text(network, "until"), then);
  EXPECT_EQ(why.at("next").at("run"), 1);

  const std::string said = ok({"why", "backup", "--at", then});
  EXPECT_TRUE(said.starts_with("'backup' did not run today ")) << said;
  EXPECT_NE(said.find("it waited for an unmetered network, until "), std::string::npos) << said;
  EXPECT_NE(said.find("metered, needs unmetered"), std::string::npos) << said;
  EXPECT_NE(said.find(": wm history backup\n"), std::string::npos) << said;
}

TEST_F(PastTest, ADaemonThatWasNotRunningIsOnRecord) {
  ok({"conditions", "override", "charging=no"});
  shell("backup", ":", {"--charging"});
  daemon_.stop();
  const std::string then = quiet_moment();
  daemon_.start();

  EXPECT_EQ(changes({}), (Changes{"daemon-started", "daemon-stopped", "daemon-started"}));
  const std::string said = ok({"why", "backup", "--at", then});
  EXPECT_NE(said.find(": wmd was not running, until today "), std::string::npos) << said;
  const json::value why = json({"why", "backup", "--at", then});
  EXPECT_EQ(text(why.at("waitingFor").at(0), "kind"), "daemon");
  EXPECT_EQ(text(why.at("notKnown").at(0), "name"), "charging");
}

TEST_F(PastTest, RunsAndOtherTimesAreTold) {
  const std::string before = now();
  shell("job", "sleep 1000");
  ok({"wait", "job", "--for", "running"});
  EXPECT_NE(ok({"why", "job", "--at", "now"}).find("'job' was running today"), std::string::npos);
  EXPECT_EQ(json({"why", "job", "--at", "now"}).at("run").at("run"), 1);
  EXPECT_NE(ok({"why", "job", "--at", before}).find("was not registered yet"), std::string::npos);
  EXPECT_EQ(text(json({"why", "job", "--at", before}), "state"), "unregistered");
  fails(2, "wm forecast", {"why", "job", "--at", "tomorrow"});
  fails(2, "wm forecast", {"why", "job", "--at", "2999-01-01"});
  const json::object refused =
      RawConnection(daemon_.socket())
          .call("io.wm.Scheduler.Why", {{"uniqueName", "job"}, {"at", "2999-01-01T00:00:00Z"}});
  EXPECT_NE(json::serialize(refused).find("InvalidRequest"), std::string::npos) << refused;
  fails(3, "nobody", {"why", "nobody", "--at", "1h"});
}

TEST_F(PastTest, LongListsComeInPages) {
  ok({"conditions", "override", "charging=no"});
  daemon_.stop();
  {
    SQLite::Database database((daemon_.path() / "state" / "wm.db").string(),
                              SQLite::OPEN_READWRITE);
    database.exec(
        "INSERT INTO condition_change (at, event, condition, value, source, detail) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450) "
        "SELECT (SELECT max(at) FROM condition_change) - 500 + i, 0, '1', i % 2, 'test', "
        "printf('%1000d', i) FROM n");
  }
  daemon_.start();
  EXPECT_EQ(changes({"charging"}).size(), 450 + 1 + 3);
  const std::string lines = ok({"conditions", "--since", "1h"});
  EXPECT_GE(std::ranges::count(lines, '\n'), 454);
}

TEST_F(PastTest, NothingIsKeptIfTheConfigurationSaysSo) {
  daemon_.configure("[history]\nconditions = \"0s\"\n");
  daemon_.stop();
  daemon_.start();
  fails(6, "history.conditions", {"conditions", "--since", "1h"});
  ok({"conditions", "override", "charging=no"});
  shell("job", ":", {"--charging"});
  EXPECT_NE(ok({"why", "job", "--at", "now"}).find("not on record"), std::string::npos);
}

}  // namespace
}  // namespace wm
