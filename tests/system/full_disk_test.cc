// A real file system that is full: a small one in memory, which only root can mount.
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/system/commands.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(state_);
    if (::mount("tmpfs", state_.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
      GTEST_SKIP() << "no file system can be mounted here";
    }
    daemon_.start();
  }

  void TearDown() override {
    if (daemon_.pid() < 0) return;
    free_space();
    daemon_.wm({"cancel", "--all"});
    daemon_.kill();
    ::umount2(state_.c_str(), MNT_DETACH);
  }

  // Fills it to the last byte.
  void fill() const {
    const UniqueFd file(::open(ballast_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const std::string block(4096, 'x');
    while (::write(file.get(), block.data(), block.size()) > 0) {
    }
    ASSERT_EQ(errno, ENOSPC);
  }
  void free_space() const { fs::remove(ballast_); }

  // Runs wm; if it hangs, the status is 124.
  Output wm(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"timeout", "30", WM_PROGRAM, "--socket", daemon_.socket()});
    return run_program(arguments);
  }

  void later(const std::string& name) {
    const Output output = wm({"register-oneoff", name, "--initial-delay", "1h", "--", "/bin/true"});
    EXPECT_EQ(output.status, 0) << output.err;
  }

  std::vector<std::string> names() {
    std::vector<std::string> found;
    const json::value works = daemon_.json({"list", "--all"});
    for (const json::value& work : works.as_array()) found.push_back(text(work, "uniqueName"));
    return found;
  }

  TestDaemon daemon_;
  fs::path state_ = daemon_.path() / "state";
  fs::path ballast_ = state_ / "ballast";
};

TEST_F(FullDisk, QuestionsAreAnsweredChangesRefusedAndNothingIsLost) {
  const fs::path pipe = daemon_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_EQ(wm({"register-oneoff", "ended", "--", "/bin/true"}).status, 0);
  ASSERT_EQ(wm({"wait", "ended"}).status, 0);
  ASSERT_EQ(
      wm({"register-oneoff", "runs", "--", "/bin/sh", "-c", "read x <" + pipe.string()}).status, 0);
  later("later");
  std::ofstream held(pipe);  // It opens once the run does.

  fill();
  for (const std::vector<std::string>& question :
       std::vector<std::vector<std::string>>{{"conditions"},
                                             {"check", "--storage-not-low"},
                                             {"check", "--network", "connected"},
                                             {"list", "--all"},
                                             {"status"},
                                             {"show", "runs"},
                                             {"why", "later"},
                                             {"forecast"},
                                             {"history"},
                                             {"logs", "ended"},
                                             {"export"},
                                             {"tasks"},
                                             {"metrics"},
                                             {"conditions", "override", "charging=no"}}) {
    const Output output = wm(question);
    EXPECT_TRUE(output.status == 0 || (question[0] == "check" && output.status == 75))
        << question[0] << ": " << output.status << output.err;
  }
  const Output doctor = wm({"doctor"});
  EXPECT_EQ(doctor.status, 1) << doctor.err;
  EXPECT_NE(doctor.out.find("problem  disk"), std::string::npos) << doctor.out;
  for (const std::vector<std::string>& change : std::vector<std::vector<std::string>>{
           {"register-oneoff", "refused", "--", "/bin/true"},
           {"register-periodic", "refused", "--every", "1h", "--", "/bin/true"},
           {"update", "later", "--priority", "5"},
           {"cancel", "later"},
           {"run", "later"},
           {"pause"}}) {
    const Output output = wm(change);
    EXPECT_EQ(output.status, 1) << change[0] << output.err;
    EXPECT_NE(output.err.find("could not be saved"), std::string::npos) << output.err;
  }
  held << "go\n" << std::flush;  // The end of the run cannot be recorded yet …
  EXPECT_EQ(wm({"status"}).status, 0);

  free_space();
  EXPECT_EQ(wm({"wait", "runs"}).status, 0) << "… and then is";
  later("after");
  const std::vector<std::string> all{"ended", "runs", "later", "after"};
  EXPECT_EQ(names(), all);
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(names(), all);
  EXPECT_EQ(text(daemon_.json({"show", "later"}), "state"), "enqueued");
  EXPECT_FALSE(daemon_.json({"show", "later"}).as_object().contains("priority"));
  EXPECT_EQ(daemon_.json({"history"}).as_array().size(), 2U);
}

TEST_F(FullDisk, WhatWasAcknowledgedIsThereAfterACrashOnIt) {
  later("later");
  fill();
  EXPECT_EQ(wm({"register-oneoff", "refused", "--", "/bin/true"}).status, 1);
  daemon_.kill();
  free_space();
  daemon_.start();
  EXPECT_EQ(names(), (std::vector<std::string>{"later"}));
}

// The run holds the pipe open, and so the test sees its end without the daemon.
TEST_F(FullDisk, ARunThatMustStopDoesNotWaitForSpace) {
  const fs::path pipe = daemon_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_EQ(wm({"register-oneoff", "silent", "--watchdog", "2s", "--max-attempts", "1", "--",
                "/bin/sh", "-c", "exec sleep 1000 >" + pipe.string()})
                .status,
            0);
  const UniqueFd held(::open(pipe.c_str(), O_RDONLY | O_CLOEXEC));  // It opens once the run does.
  fill();

  constexpr int kLongMs = 30'000;
  pollfd over{held.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&over, 1, kLongMs), 1);
  EXPECT_NE(over.revents & POLLHUP, 0);

  EXPECT_EQ(wm({"status"}).status, 0);
  free_space();
  EXPECT_EQ(wm({"wait", "silent"}).status, 1);
  const json::value runs = daemon_.json({"history", "silent"});
  EXPECT_EQ(text(runs.as_array().at(0), "stopReason"), "watchdog");
}

}  // namespace
}  // namespace wm
