// Slow jobs off the loop.
#include "daemon/system/helper_threads.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>

#include "core/time.h"

namespace wm {
namespace {

class HelperThreadsTest : public testing::Test {
 protected:
  // Runs the loop until that many jobs have been reported done.
  void run_until_done(std::size_t count) {
    while (done_.size() < count) loop_.run_one();
  }
  auto note(const std::string& name) {
    return [this, name](int) { done_.push_back(name); };
  }

  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_{
      loop_.get_executor()};
  std::vector<std::string> done_;
};

TEST_F(HelperThreadsTest, AJobsResultComesBackToTheLoop) {
  HelperThreads helpers(loop_);
  std::thread::id worker;
  int result = 0;

  helpers.run(
      1,
      [&] {
        worker = std::this_thread::get_id();
        return 42;
      },
      [&](int outcome) {
        EXPECT_NE(worker, std::this_thread::get_id());
        result = outcome;
      });
  EXPECT_EQ(result, 0) << "never from inside run()";
  while (result == 0) loop_.run_one();

  EXPECT_EQ(result, 42);
}

TEST_F(HelperThreadsTest, JobsOfOneLineAreDoneInTheirOrder) {
  HelperThreads helpers(loop_);
  std::promise<void> gate;
  std::atomic<bool> first_is_over = false;

  helpers.run(
      1,
      [&, go = gate.get_future().share()] {
        go.wait();
        first_is_over = true;
        return 1;
      },
      note("first"));
  helpers.run(
      1,
      [&] {
        EXPECT_TRUE(first_is_over);
        return 2;
      },
      note("second"));
  gate.set_value();
  run_until_done(2);

  EXPECT_EQ(done_, (std::vector<std::string>{"first", "second"}));
}

TEST_F(HelperThreadsTest, AJobThatHangsHoldsUpOnlyItsOwnLine) {
  std::promise<void> gate;
  HelperThreads helpers(loop_);

  helpers.run(
      1,
      [go = gate.get_future().share()] {
        go.wait();
        return 0;
      },
      note("hangs"));
  for (int line = 2; line < 10; ++line) helpers.run(line, [] { return 0; }, note("goes on"));
  run_until_done(8);

  EXPECT_EQ(std::ranges::count(done_, "hangs"), 0);
  gate.set_value();
  run_until_done(9);
  EXPECT_EQ(done_.back(), "hangs");
}

TEST_F(HelperThreadsTest, AJobThatThrowsHasReturnedADefaultValue) {
  HelperThreads helpers(loop_);
  std::optional<std::string> result;

  helpers.run(
      1, []() -> std::string { throw std::runtime_error("no disk"); },
      [&](const std::string& outcome) { result = outcome; });
  while (!result) loop_.run_one();

  EXPECT_EQ(*result, "");
}

TEST_F(HelperThreadsTest, WhatIsDoneAfterTheirEndIsNotReported) {
  std::promise<void> begun;
  std::promise<void> gate;
  std::promise<void> over;
  {
    HelperThreads helpers(loop_);
    helpers.run(
        1,
        [&begun, &over, go = gate.get_future().share()] {
          begun.set_value();
          go.wait();
          over.set_value();
          return 0;
        },
        note("too late"));
    begun.get_future().wait();
  }

  gate.set_value();
  over.get_future().wait();
  loop_.run_for(10ms);

  EXPECT_TRUE(done_.empty());
}

}  // namespace
}  // namespace wm
