// What `wm list` says about a job, and how its columns share a terminal.
#include <sstream>

#include <gtest/gtest.h>

#include "cli/render/job_table.h"
#include "cli/render/local_time.h"
#include "cli/render/overview.h"
#include "cli/render/screen.h"
#include "cli/render/table.h"
#include "core/json_fields.h"
#include "tests/support/now.h"

namespace wm::cli {
namespace {

using boost::json::array;
using boost::json::object;

object waiting(array waits) {
  return {{"uniqueName", "a"}, {"state", "enqueued"}, {"waitingFor", std::move(waits)}};
}

object until(object wait, Duration time) {
  wait["until"] = format_time(kNow + time);
  return wait;
}

const object kPower{{"kind", "constraint"}, {"name", "charging"}, {"required", "yes"}};
const object kNetwork{{"kind", "constraint"}, {"name", "network"}, {"required", "unmetered"}};

TEST(Overview, SaysWhenAJobRunsNext) {
  const auto next = [](array waits) { return next_of(waiting(std::move(waits)), kNow); };
  EXPECT_EQ(next({}), "now");
  EXPECT_EQ(next({until({{"kind", "period"}}, 14min)}), "in 14m");
  EXPECT_EQ(next({until({{"kind", "backoff"}}, 28s)}), "retry in 28s");
  EXPECT_EQ(next({until({{"kind", "delay"}, {"name", "at"}}, 240h)}),
            day_and_time(kNow + 240h, kNow));
  EXPECT_EQ(next({kPower, kNetwork}), "when it holds");
  EXPECT_EQ(next({until(kPower, 1h)}), "in 1h at the latest") << "that is its deadline";
  EXPECT_EQ(next({until(kPower, 1h), kNetwork}), "when it holds") << "one is only preferred";
  EXPECT_EQ(next({until({{"kind", "period"}}, 14min), kPower}), "in 14m");
  EXPECT_EQ(next({until({{"kind", "period"}}, -1s)}), "now") << "the daemon's answer is older";
  EXPECT_EQ(next({{{"kind", "slot"}}}), "when one is free");
  EXPECT_EQ(next({{{"kind", "paused"}}}), "once resumed");
  EXPECT_EQ(next({until({{"kind", "trigger"}, {"name", "/x"}}, 1h)}), "on a change");
  EXPECT_EQ(next({{{"kind", "trigger"}, {"name", "/x"}}, until({{"kind", "paused"}}, 1h)}),
            "on a change");
  EXPECT_EQ(
      next({{{"kind", "prerequisite"}, {"name", "b"}}, {{"kind", "prerequisite"}, {"name", "c"}}}),
      "after b, c");
  EXPECT_EQ(next({{{"kind", "prerequisite"}, {"name", "a"}}}), "after the one before it");
}

TEST(Overview, SaysWhatAJobIsDoing) {
  EXPECT_EQ(next_of({{"state", "running"}, {"progress", {{"percent", 30}}}}, kNow), "running 30 %");
  EXPECT_EQ(next_of({{"state", "running"}, {"stopReason", "cancelled"}}, kNow),
            "running (stopping)");
  for (const char* const state : {"succeeded", "failed", "cancelled"}) {
    EXPECT_EQ(next_of({{"state", state}}, kNow), state);
  }
  const Style style(false);
  EXPECT_EQ(sign_of({{"state", "running"}}, style), "▶");
  EXPECT_EQ(sign_of({{"state", "failed"}}, style), "✗");
  EXPECT_EQ(sign_of(waiting({kPower}), style), "○");
  EXPECT_EQ(sign_of(waiting({{{"kind", "backoff"}}}), style), "✗");
  EXPECT_EQ(sign_of(waiting({kPower}), Style(false, false)), "o");
}

TEST(Overview, SaysInWordsWhatAJobNeeds) {
  const auto needs = [](array waits) { return needs_of(waiting(std::move(waits))); };
  EXPECT_EQ(needs({kPower, kNetwork}), "external power, unmetered network");
  EXPECT_EQ(needs({until({{"kind", "period"}}, 14min)}), "") << "that is its next run";
  EXPECT_EQ(needs({{{"kind", "slot"}}}), "a free slot");
  EXPECT_EQ(needs({{{"kind", "group"}, {"name", "g"}}}), "group g");
  EXPECT_EQ(needs({{{"kind", "paused"}}}), "paused");
  EXPECT_EQ(needs({{{"kind", "paused"}, {"name", "g"}}}), "group g paused");
  EXPECT_EQ(needs({{{"kind", "trigger"}, {"name", "/x"}}}), "a change of /x");
  EXPECT_EQ(needs({until({{"kind", "delay"}}, 10h), until({{"kind", "paused"}}, 1h)}), "")
      << "the pause ends before";
  EXPECT_EQ(needs({until({{"kind", "delay"}}, 1h), until({{"kind", "paused"}}, 10h)}), "paused");
  EXPECT_EQ(needs({until({{"kind", "delay"}}, 1h), {{"kind", "paused"}}}), "paused");
  object failed{{"state", "failed"},
                {"runAttemptCount", 1},
                {"maxAttempts", 5},
                {"lastResult", {{"outcome", "retry"}, {"exitCode", 1}}}};
  EXPECT_EQ(needs_of(failed), "failed: exit 1 (1 of 5)");
  failed["state"] = "enqueued";
  failed["waitingFor"] = array{object{{"kind", "backoff"}}, kPower};
  EXPECT_EQ(needs_of(failed), "failed: exit 1 (1 of 5), external power");
}

TEST(Overview, SaysHowLongARunUsuallyTakes) {
  object work{{"state", "running"}, {"startedAt", format_time(kNow - 12s)}};
  EXPECT_EQ(next_of(work, kNow), "running, 12s");
  work["usualMs"] = 41'000;
  EXPECT_EQ(next_of(work, kNow), "running, 12s of about 41s");
  work["usualMs"] = 4'000;
  EXPECT_EQ(next_of(work, kNow), "running, 12s, usually 4s");
  work["usualMs"] = 41'000;
  work["progress"] = object{{"percent", 30}};
  EXPECT_EQ(next_of(work, kNow), "running 30 %, 12s of about 41s");
}

TEST(Overview, WhatRunsAndWhatHasFailedStandsFirst) {
  const auto job = [](const char* name, const char* state, array waits = {}) {
    return object{{"uniqueName", name}, {"state", state}, {"waitingFor", std::move(waits)}};
  };
  array works{job("constraint", "enqueued", {kPower}),
              job("done", "succeeded"),
              job("later", "enqueued", {until({{"kind", "period"}}, 2h), kPower}),
              job("failed", "failed"),
              job("sooner", "enqueued", {until({{"kind", "delay"}}, 1h)}),
              job("dependant", "blocked", {object{{"kind", "prerequisite"}}}),
              job("retrying", "enqueued", {until({{"kind", "backoff"}}, 3h)}),
              job("running", "running")};
  sort_for_reading(works, kNow);
  std::string order;
  for (const auto& work : works) order += text_of(work.as_object(), "uniqueName") + " ";
  EXPECT_EQ(order, "running retrying failed sooner later constraint dependant done ");
}

TEST(Overview, SaysHowTheLastRunEnded) {
  const auto last = [](const char* outcome, Duration ago, bool unicode = true) {
    const object work{{"lastResult", {{"outcome", outcome}}},
                      {"lastFinishedAt", format_time(kNow - ago)}};
    return last_run_of(work, Style(false, unicode), kNow);
  };
  EXPECT_EQ(last("succeeded", 3s), "✓ 3s ago");
  EXPECT_EQ(last("succeeded", 3s, false), "+ 3s ago");
  EXPECT_EQ(last("retry", 30h), "✗ " + day_and_minute(kNow - 30h, kNow));
  EXPECT_EQ(last("interrupted", 3s), "interrupted 3s ago") << "it has neither worked nor failed";
  EXPECT_EQ(last_run_of({}, Style(false), kNow), "–");
}

std::string last_line(const std::string& text) {
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

TEST(Table, AVeryLongNameLeavesRoomForTheOthers) {
  Table::Column name{"NAME", nullptr, -1};
  name.bounded = true;
  const auto printed = [&](std::size_t width) {
    Table table({name, {"WAITS FOR", nullptr, 1}});
    table.add({"0123456789abcdefghijklmnopqrstuvwxyz", "unmetered network"});
    std::ostringstream out;
    table.print(out, Style(false), width);
    return last_line(out.str());
  };
  EXPECT_EQ(printed(55), "0123456789abcdefghijklmnopqrstuvwxyz  unmetered network\n");
  EXPECT_EQ(printed(40), "0123456789abcdefghij…  unmetered network\n");
  EXPECT_EQ(printed(30), "0123456789abcde…  unmetered n…\n") << "others are cut then";
}

TEST(Table, SomeColumnsAreShownAsAWholeOrNotAtAll) {
  const auto printed = [](std::size_t width) {
    Table::Column needs{"WAITS FOR", nullptr, 1};
    needs.least = 10;
    Table::Column last{"LAST RUN", nullptr, 2};
    last.least = Table::kWhole;
    Table table({{"NAME"}, needs, {"RUN"}, last});
    table.add({"0123456789", "unmetered network", "1", "x today 03:12"});
    table.add({"a", "b", "2", "x"});
    std::ostringstream out;
    table.print(out, Style(false, false), width);
    return out.str().substr(out.str().find('\n') + 1);
  };
  EXPECT_EQ(printed(49),
            "0123456789  unmetered network  1    x today 03:12\n"
            "a           b                  2    x\n");
  EXPECT_EQ(printed(43),
            "0123456789  unmetered ~  1    x today 03:12\n"
            "a           b            2    x\n");
  EXPECT_EQ(printed(36),
            "0123456789  unmetered network  1\n"
            "a           b                  2\n")
      << "the other gets its room back";
}

TEST(Table, AVeryWideCellWidensNoOtherInAPipe) {
  Table table({{"NAME"}, {"B"}});
  table.add({"a", "x"});
  table.add({std::string(200, 'n'), "x"});
  std::ostringstream out;
  table.print(out, Style(false), 0);
  const std::string gap(49, ' ');
  EXPECT_EQ(out.str(),
            "NAME" + std::string(46, ' ') + "B\na" + gap + "x\n" + std::string(200, 'n') + "  x\n");
}

TEST(JobCounts, SayWhatThereIs) {
  JobCounts counts;
  counts.add({{{"state", "running"}}, {{"state", "enqueued"}}, {{"state", "blocked"}}});
  EXPECT_EQ(counts.summary(80), "3 jobs: 1 running, 2 waiting.  wm why NAME says more.");
  EXPECT_EQ(counts.summary(40), "3 jobs: 1 running, 2 waiting.");
  counts.add({{{"state", "failed"}}});
  EXPECT_EQ(counts.summary(40), "4 jobs: 1 running, 2 waiting, 1 failed.");
}

TEST(JobTable, HasNamesFirstInAPipeAndSignsOnATerminal) {
  const object work{{"uniqueName", "a"},
                    {"state", "running"},
                    {"progress", {{"percent", 100}}},
                    {"command", {"/bin/true"}}};
  const auto printed = [&](const JobTableForm& form) {
    std::ostringstream out;
    const Style style(false, false);
    job_table(style, form, kNow).print(out, style, form.width, {work});
    return last_line(out.str());
  };
  EXPECT_EQ(printed({}), "a     running 100 %             -         /bin/true\n");
  EXPECT_EQ(printed({80, true}), "> a     running 100 % #######             -\n");
  EXPECT_EQ(printed({80, true, true}),
            "> a     running 100 % #######             -         /bin/true\n");
  EXPECT_EQ(printed({120, true}), printed({80, true, true})) << "there is room";
}

TEST(JobTable, ALongNameLeavesTheProgressWhole) {
  const auto running = [](const std::string& name) {
    return object{{"uniqueName", name},
                  {"state", "running"},
                  {"startedAt", format_time(kNow - 8s)},
                  {"usualMs", 9'000},
                  {"progress", {{"percent", 70}}},
                  {"lastResult", {{"outcome", "succeeded"}}},
                  {"lastFinishedAt", format_time(kNow - 20s)}};
  };
  std::ostringstream out;
  const Style style(false, false);
  job_table(style, {80, true}, kNow)
      .print(out, style, 80, {running("a"), running(std::string(85, 'n'))});
  const std::string last = last_line(out.str());
  EXPECT_NE(last.find("running 70 %, 8s of about 9s ####"), std::string::npos) << last;
  EXPECT_NE(last.find("+ 20s ago"), std::string::npos) << last;
}

TEST(Screen, SaysHowManyRowsAreCut) {
  using Rows = std::vector<std::string>;
  EXPECT_EQ(fit_rows({"NAME", "a", "b"}, {"sum"}, 4, "…"), (Rows{"NAME", "a", "b", "sum"}));
  EXPECT_EQ(fit_rows({"NAME", "a", "b", "c"}, {"sum"}, 4, "…"),
            (Rows{"NAME", "a", "… 2 more", "sum"}));
  EXPECT_EQ(fit_rows({"NAME", "a", "b", "c"}, {"sum", "hint"}, 5, "…"),
            (Rows{"NAME", "a", "… 2 more", "sum", "hint"}));
}

TEST(Style, BarsSayHowMuch) {
  EXPECT_EQ(Style(false).percent_bar(30, 7), "██▁▁▁▁▁");
  EXPECT_EQ(Style(false, false).percent_bar(100, 7), "#######");
  EXPECT_EQ(Style(false).percent_bar(1000, 2), "██");
}

}  // namespace
}  // namespace wm::cli
