// Jobs, pauses and runs in a few words.
#include <sstream>

#include <gtest/gtest.h>

#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "tests/support/now.h"

namespace wm::cli {
namespace {

TEST(Describe, SaysWhenWorkIsDueThatHasATime) {
  using boost::json::array;
  using boost::json::object;
  const TimePoint time = now() + Days{30};
  const std::string due = "due " + day_and_time(time, now());
  object work{
      {"uniqueName", "a"},
      {"waitingFor",
       array{object{{"kind", "period"}, {"name", "calendar"}, {"until", format_time(time)}}}}};
  EXPECT_EQ(waits_of(work, now()), due);
  EXPECT_EQ(describe_registration(work, "enqueued"), "enqueued 'a', " + due);
  work["waitingFor"].as_array().push_back(object{{"kind", "constraint"}, {"name", "idle"}});
  EXPECT_EQ(describe_registration(work, "enqueued"),
            "enqueued 'a', " + due + ", waits for a machine that nobody uses");
  work["waitingFor"].as_array()[0].as_object().erase("name");
  EXPECT_EQ(waits_of(work, now()), "waits for its time (in 30d) and a machine that nobody uses")
      << "a period is a length of time";
}

TEST(Describe, SaysNothingOfAFreeSlot) {
  boost::json::object slot{{"kind", "slot"}};
  boost::json::object work{{"uniqueName", "a"}, {"waitingFor", {slot}}};
  EXPECT_EQ(describe_registration(work, "enqueued"), "enqueued 'a'");
  work["waitingFor"].as_array().push_back(
      boost::json::object{{"kind", "prerequisite"}, {"name", "b"}, {"actual", "running"}});
  EXPECT_EQ(describe_registration(work, "enqueued"),
            "enqueued 'a', waits for a free slot and 'b', which is running");
}

TEST(Describe, SaysWhenAPauseEnds) {
  const TimePoint end = kNow + 2h;
  EXPECT_EQ(pause_text({}, kNow), "everything");
  EXPECT_EQ(pause_text({{"group", "g"}, {"until", format_time(end)}}, kNow),
            "group g, until " + day_and_minute(end, kNow) + " (in 2h)");
  EXPECT_EQ(pause_text({{"until", format_time(end)}}, kNow, true),
            "everything, until " + local_time(end));
}

TEST(Describe, SaysWhyARunEnded) {
  using boost::json::object;
  EXPECT_EQ(cause_of(object{{"exitCode", 75}}), "exit 75");
  EXPECT_EQ(cause_of(object{{"exitCode", 0}}), "");
  EXPECT_EQ(cause_of(object{{"signal", 11}}), "SIGSEGV");
  EXPECT_EQ(cause_of(object{{"stopReason", "cancelled"}, {"signal", 15}}), "cancelled, SIGTERM");
  EXPECT_EQ(cause_of(object{{"reason", "no such file"}}), "no such file");
}

TEST(Describe, AnswersOfAnotherShapeAreNoCrash) {
  using boost::json::object;
  const object odd{{"uniqueName", 1}, {"state", nullptr}, {"constraints", "x"}, {"tags", 3}};
  std::ostringstream out;
  print_work(out, Style(false), odd, kNow);
  EXPECT_NE(out.str(), "");
}

}  // namespace
}  // namespace wm::cli
