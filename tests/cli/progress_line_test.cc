// The line that says that something goes on.
#include "cli/progress_line.h"

#include <sstream>

#include <gtest/gtest.h>

namespace wm::cli {
namespace {

using namespace std::chrono_literals;

class ProgressLineTest : public testing::Test {
 protected:
  std::string written() { return std::exchange(out_, std::ostringstream()).str(); }

  ProgressLine::Clock::time_point time_{};
  std::ostringstream out_;
  const std::function<ProgressLine::Clock::time_point()> now_ = [this] { return time_; };
};

TEST_F(ProgressLineTest, AppearsAfterASecondAndGoesAtTheEnd) {
  {
    ProgressLine line(out_, true, now_);
    time_ += 999ms;
    line.say("34 % sent");
    EXPECT_EQ(written(), "") << "short work needs no line";
    time_ += 1ms;
    line.say("35 % sent");
    EXPECT_EQ(written(), "wm: 35 % sent, 1 s");
    time_ += 200ms;
    line.say("36 % sent");
    EXPECT_EQ(written(), "") << "nobody can read that fast";
    time_ += 2s;
    line.say("sent");
    EXPECT_EQ(written(), "\r                  \rwm: sent, 3 s");
  }
  EXPECT_EQ(written(), "\r             \r");
}

TEST_F(ProgressLineTest, IsForTerminalsAlone) {
  ProgressLine line(out_, false, now_);
  time_ += 1min;
  line.say("34 % sent");
  EXPECT_EQ(written(), "");
}

}  // namespace
}  // namespace wm::cli
