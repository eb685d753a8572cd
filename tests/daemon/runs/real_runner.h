// A runner with real children, with and without control groups, and with each way to make children.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/runs/process_runner.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

namespace wm {

class RealRunner : public testing::TestWithParam<std::tuple<bool, ChildMemory>> {
 protected:
  RealRunner() {
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    ::pthread_sigmask(SIG_BLOCK, &child, nullptr);
    signals_ = UniqueFd(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    for (const char* part : {"logs", "outputs", "work"}) {
      std::filesystem::create_directory(directory_.path() / part);
    }
    EXPECT_EQ(::mkfifo((directory_.path() / "ready").c_str(), 0600), 0);
    runner_.on_finished([this](const FinishedRun& run) { finished_.push_back(run); });
  }

  static bool with_cgroups() { return std::get<bool>(GetParam()); }
  Cgroups cgroups() const { return with_cgroups() ? Cgroups(directory_.path()) : Cgroups(); }

  Launch shell(const std::string& script) {
    Launch launch;
    launch.info.uuid = uuid_;
    launch.info.work.owner = ::geteuid();
    launch.info.request = oneoff("name");
    launch.info.request.task_name = "task";
    launch.input = R"({"userId":"user_42"})";
    launch.info.request.cwd = directory_.path().string();
    launch.info.work.id = 7;
    launch.info.work.attempts = 2;
    launch.info.work.runs = 3;
    launch.command = {"/bin/sh", "-c", script};
    launch.stop_grace = 100ms;
    return launch;
  }

  // Waits until the next child has ended; the loop's timers run meanwhile.
  FinishedRun wait() {
    while (finished_.empty()) {
      pollfd readable{signals_.get(), POLLIN, 0};
      ::poll(&readable, 1, 10);
      signalfd_siginfo ignored{};
      while (::read(signals_.get(), &ignored, sizeof ignored) > 0) {
      }
      runner_.reap();
      loop_.poll();
      loop_.restart();
    }
    runner_.tidy();
    FinishedRun run = finished_.front();
    finished_.clear();
    return run;
  }

  FinishedRun run(const Launch& launch) {
    runner_.start(launch);
    return wait();
  }

  std::string log(LogStream stream = LogStream::output) {
    LogReader reader = runner_.log().read(7, 3);
    std::string text;
    while (const auto part = reader.next()) {
      if (part->stream == stream) text += part->bytes;
    }
    return text;
  }

  // Returns what the child writes to `ready`, a pipe in its directory; blocks until it does.
  std::string await_ready() {
    std::ifstream ready(directory_.path() / "ready");
    std::string line;
    std::getline(ready, line);
    return line;
  }

  TemporaryDirectory directory_;
  // Unique to this test: processes are found by it, all over the machine.
  std::string uuid_ = directory_.path().filename().string();
  boost::asio::io_context loop_;
  UniqueFd signals_;
  HelperThreads helpers_{loop_};
  HelperCommands commands_{loop_};
  HistorySettings history_;
  ProcessRunner runner_{loop_,         helpers_, commands_, directory_.path(),
                        "/the/socket", history_, cgroups(), std::get<ChildMemory>(GetParam())};
  std::vector<FinishedRun> finished_;
};

inline std::string name_of_world(bool cgroups, ChildMemory memory) {
  return std::string(cgroups ? "with" : "without") +
         (memory == ChildMemory::shared ? "_sharing" : "_copying");
}

}  // namespace wm
