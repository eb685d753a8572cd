// Clients that watch see what happens to jobs.
#include "tests/system/commands.h"

namespace wm {
namespace {

class Watching : public Commands {
 protected:
  Watching() : connection_(daemon_.socket()) {}

  void watch(json::object parameters = {}) {
    connection_.call_for_more("io.wm.Scheduler.Watch", std::move(parameters));
    EXPECT_EQ(connection_.next().at("events"), json::array());
  }
  // Returns the next `count` events: `scheduled a`.
  std::vector<std::string> events(std::size_t count) {
    std::vector<std::string> list;
    while (list.size() < count) {
      const json::object page = connection_.next();
      for (const json::value& event : page.at("events").as_array()) {
        list.push_back(text(event, "event") + ' ' + text(event, "uniqueName"));
        last_ = event.as_object();
      }
    }
    return list;
  }

  RawConnection connection_;
  json::object last_;
};

using Lines = std::vector<std::string>;

TEST_F(Watching, EveryEventOnceAndInOrder) {
  watch();
  shell("a", std::string(WM_PROGRAM) + " progress 40; exit 64");
  EXPECT_EQ(events(4), (Lines{"scheduled a", "started a", "progress a", "failed a"}));
  EXPECT_EQ(text(last_, "outcome"), "failed");
  EXPECT_EQ(last_.at("exitCode"), 64);
  EXPECT_EQ(text(last_, "detail"), "exit 64");
  EXPECT_EQ(last_.at("run"), 1);
}

TEST_F(Watching, OnlyTheNamedWorks) {
  watch({{"uniqueNames", {"b"}}});
  shell("a", "true");
  ok({"wait", "a"});
  shell("b", "true");
  EXPECT_EQ(events(3), (Lines{"scheduled b", "started b", "completed b"}));
}

TEST_F(Watching, PausesAndTheirEnds) {
  const auto pauses = [&] {
    std::string list;
    const json::object page = connection_.next();
    for (const json::value& one : page.at("pauses").as_array()) {
      const std::string end = one.as_object().contains("until") ? " for a while" : "";
      list += text(one, "event") + ' ' + text(one, "group") + end + ';';
    }
    return list;
  };
  watch();
  ok({"pause"});
  EXPECT_EQ(pauses(), "paused ;");
  EXPECT_EQ(wm({"pause", "--group", "g", "--for", "1ms"}).status, 0);
  EXPECT_EQ(pauses(), "paused g for a while;");
  EXPECT_EQ(pauses(), "resumed g;") << "by itself";
  ok({"resume"});
  EXPECT_EQ(pauses(), "resumed ;");
}

TEST_F(Watching, OneAnswerToThoseWhoDoNotAskForMore) {
  EXPECT_EQ(connection_.call("io.wm.Scheduler.Watch").at("parameters").at("events"), json::array());
  shell("a", "true");
  ok({"wait", "a"});
  EXPECT_EQ(connection_.call("io.wm.Scheduler.Status").at("parameters").at("running"), 0);
}

TEST_F(Watching, WhoeverDoesNotReadHoldsUpNobodyAndHearsHowMuchWasMissed) {
  watch();
  // This is more than the socket holds and the daemon keeps.
  const std::string description(1000, 'x');
  for (int i = 0; i < 200; ++i) {
    json::array works;
    for (int j = 0; j < 50; ++j) {
      json::object work{{"uniqueName", "w" + std::to_string(i * 50 + j)},
                        {"command", {"/bin/true"}},
                        {"description", description},
                        {"initialDelayMs", 3'600'000}};
      works.push_back(json::object{{"work", std::move(work)}});
    }
    RawConnection(daemon_.socket()).call("io.wm.Scheduler.Apply", {{"works", std::move(works)}});
  }
  std::int64_t seen = 0;
  std::int64_t missed = 0;
  while (seen + missed < 10'000) {
    const json::object page = connection_.next();
    seen += static_cast<std::int64_t>(page.at("events").as_array().size());
    if (const json::value* count = page.if_contains("missed")) missed += count->as_int64();
  }
  EXPECT_EQ(seen + missed, 10'000);
  EXPECT_GT(missed, 0);
  EXPECT_EQ(wm({"list"}).status, 0);
}

}  // namespace
}  // namespace wm
