// The commands that wm why suggests.
#include <gtest/gtest.h>

#include "cli/render/why.h"
#include "core/json_fields.h"
#include "tests/support/now.h"

namespace wm::cli {
namespace {

using boost::json::array;
using boost::json::object;

TEST(NextSteps, APauseIsEndedOnlyIfThatChangesSomething) {
  const auto steps = [](Duration due, std::optional<Duration> paused) {
    object pause{{"kind", "paused"}};
    if (paused) pause["until"] = format_time(kNow + *paused);
    return next_steps(
        {{"uniqueName", "a"},
         {"state", "enqueued"},
         {"waitingFor",
          array{object{{"kind", "delay"}, {"until", format_time(kNow + due)}}, pause}}});
  };
  const std::vector<std::string> resume{"End the pause: wm resume"};
  EXPECT_EQ(steps(1h, 10h), resume);
  EXPECT_EQ(steps(1h, std::nullopt), resume);
  EXPECT_EQ(steps(10h, 1h), std::vector<std::string>{"Now anyway: wm run a"});
}

}  // namespace
}  // namespace wm::cli
