// The command that is told of events: which, in which order, and how many.
#include "daemon/notify/notifier.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/support/insert_job.h"
#include "tests/support/memory_store.h"
#include "tests/support/now.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

namespace wm {
namespace {

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() {
    settings_.notify.command = {"/bin/sh", "-c", "cat >>" + said_.string()};
    settings_.notify.time_limit = 1min;
    WorkInfo info;
    info.request = oneoff("sync");
    store_.begin();
    work_.id = insert_job(store_, info);
    store_.commit();
  }

  void tell(const std::vector<WorkStatus>& statuses) {
    std::vector<StatusChange> changes;
    for (const WorkStatus status : statuses) changes.push_back({status, work_, {}});
    notifier_.tell(changes, kNow);
  }

  // The events that the command has been given, once no more are on their way.
  std::vector<std::string> events() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, 0)) > 0;) commands_.child_ended(pid, status);
    std::ifstream file(said_);
    std::vector<std::string> list;
    for (std::string line; std::getline(file, line);) {
      list.emplace_back(boost::json::parse(line).at("event").as_string());
    }
    return list;
  }

  TemporaryDirectory directory_;
  std::filesystem::path said_ = directory_.path() / "said";
  boost::asio::io_context loop_;
  HelperCommands commands_{loop_};
  MemoryStore store_;
  Settings settings_;
  Notifier notifier_{loop_, commands_, store_, settings_};
  Work work_;
};

using Events = std::vector<std::string>;

TEST_F(NotifierTest, TheCommandIsTakenThroughTheEventsOneByOne) {
  using enum WorkStatus;
  tell({scheduled, started});
  tell({completed});
  EXPECT_EQ(events(), (Events{"scheduled", "started", "completed"}));
}

TEST_F(NotifierTest, OnlyEventsThatAreAskedForAreTold) {
  settings_.notify.events = {WorkStatus::failed};
  tell({WorkStatus::started, WorkStatus::failed});
  EXPECT_EQ(events(), Events{"failed"});
}

TEST_F(NotifierTest, ACommandThatFailsMissesNothing) {
  settings_.notify.command.back() += "; exit 1";
  tell({WorkStatus::started, WorkStatus::failed});
  EXPECT_EQ(events(), (Events{"started", "failed"}));
}

TEST_F(NotifierTest, ACommandThatIsTooSlowIsToldAThousand) {
  tell(std::vector(2000, WorkStatus::started));
  settings_.notify.command = {"/bin/true"};
  std::size_t count = 0;
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, 0)) > 0; ++count) {
    commands_.child_ended(pid, status);
  }
  EXPECT_EQ(count, 1001U) << "one that runs, and a thousand that wait";
}

TEST_F(NotifierTest, NothingIsToldOfWhatHasNoCommandAndNoWish) {
  settings_.notify.command.clear();
  tell({WorkStatus::failed});
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "there is no child";
}

}  // namespace
}  // namespace wm
