// The first process of a run does not outlive the daemon.
#include <fstream>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"
#include "daemon/system/unique_fd.h"
#include "tests/system/other_users.h"

namespace wm {
namespace {

// The first process of a run, from outside.
class Leader {
 public:
  explicit Leader(pid_t pid) : process_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    EXPECT_TRUE(process_) << pid;
  }
  // Waits for its end; false: it goes on.
  bool ends() const {
    constexpr int kLongMs = 20'000;
    pollfd end{process_.get(), POLLIN, 0};
    return ::poll(&end, 1, kLongMs) == 1;
  }

 private:
  UniqueFd process_;
};

pid_t pid_in(const std::filesystem::path& pipe) {
  std::ifstream file(pipe);
  std::string line;
  std::getline(file, line);
  return parse_number<pid_t>(line).value_or(0);
}

class KilledDaemon : public Commands {
 protected:
  const std::filesystem::path ready_ = daemon_.path() / "ready";
};

TEST_F(KilledDaemon, TakesItsRunsWithIt) {
  make_pipe(ready_);
  shell("task", "echo $$ >" + ready_.string() + "; exec sleep 1000");
  const Leader leader(pid_in(ready_));
  daemon_.kill();
  EXPECT_TRUE(leader.ends());

  daemon_.start();
  const Leader again(pid_in(ready_));
  EXPECT_EQ(text(json({"history", "task"}).at(1), "outcome"), "interrupted");
  EXPECT_EQ(text(json({"history", "task"}).at(1), "stopReason"), "daemon-lost");
  ok({"daemon", "reexec"});
  ok({"daemon", "reexec"});
  EXPECT_EQ(text(json({"show", "task"}), "state"), "running");
  EXPECT_EQ(json({"history", "task"}).as_array().size(), 2U);
  daemon_.kill();
  EXPECT_TRUE(again.ends()) << "also under a program that has taken over";
}

class KilledDaemonOfAll : public OtherUsers {};

TEST_F(KilledDaemonOfAll, TakesRunsOfAnotherUserWithIt) {
  const auto ready = daemon_.path() / "ready";
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  std::filesystem::permissions(ready, std::filesystem::perms(0622));
  EXPECT_EQ(daemon_
                .wm({"register-oneoff", "task", "--as", "nobody", "--cwd", "/", "--", "/bin/sh",
                     "-c", "echo $$ >" + ready.string() + "; exec sleep 1000"})
                .status,
            0);
  const Leader leader(pid_in(ready));
  daemon_.kill();
  EXPECT_TRUE(leader.ends());
}

}  // namespace
}  // namespace wm
