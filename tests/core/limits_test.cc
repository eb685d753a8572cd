#include "core/limits.h"

#include <functional>

#include <gtest/gtest.h>

#include "tests/support/backoff.h"

namespace wm {
namespace {

WorkRequest request() {
  WorkRequest plain;
  plain.unique_name = "a";
  plain.task_name = "task";
  return plain;
}

WorkRequest periodic(Duration every) {
  WorkRequest work = request();
  work.kind = WorkKind::periodic;
  work.every = every;
  return work;
}

// Returns the error's sentence, or nothing.
std::string problem(const WorkRequest& work) {
  const auto valid = validate(work, {});
  return valid ? "" : valid.error().message;
}

TEST(Limits, PeriodsFromFifteenMinutesToTenYears) {
  EXPECT_EQ(problem(periodic(15min)), "");
  EXPECT_EQ(problem(periodic(kMaxDuration)), "");
  EXPECT_EQ(
      problem(periodic(15min - 1ms)),
      "period 14m59s999ms is under the minimum of 15m (limits.min_period): a calendar such as "
      "'*/5 * * * *' may be denser");
  EXPECT_NE(problem(periodic(kMaxDuration + 1ms)), "");
  EXPECT_NE(problem(periodic(0ms)), "");
}

TEST(Limits, PathsAreAbsoluteAndForWorkThatEnds) {
  WorkRequest work = request();
  work.trigger = {{"/in/*.txt"}, 0s, 0s};
  EXPECT_EQ(problem(work), "");
  work.trigger.delay = 2s;
  EXPECT_EQ(problem(work), "the trigger max delay 0s is under the trigger delay 2s");
  work.trigger = {{}, 1s, {}};
  EXPECT_EQ(problem(work), "a trigger delay needs a path to wait for: give on-path, too");
  work.trigger = {{"/in", "in\n"}, {}, {}};
  EXPECT_EQ(problem(work), "path 'in\\x0a' is not an absolute path");
  work.trigger.paths = std::vector<std::string>(17, "/in");
  EXPECT_EQ(problem(work), "at most 16 paths are allowed");
  work = periodic(1h);
  work.trigger.paths = {"/in"};
  EXPECT_EQ(problem(work), "periodic work has no path to wait for: it has periods");
  work = request();
  work.trigger.paths = {"/in"};
  work.at = TimePoint{} + 1h;
  EXPECT_EQ(problem(work), "a path and a time: give one of them");
}

TEST(Limits, FlexFromFiveMinutesToThePeriod) {
  WorkRequest work = periodic(1h);
  for (const Duration flex : {Duration{5min}, Duration{1h}}) {
    work.flex = flex;
    EXPECT_EQ(problem(work), "");
  }
  for (const Duration flex : {Duration{5min} - 1ms, Duration{1h} + 1ms}) {
    work.flex = flex;
    EXPECT_NE(problem(work), "");
  }
}

TEST(Limits, OnlyPeriodicWorkHasAPeriod) {
  WorkRequest work = request();
  work.every = 1h;
  EXPECT_NE(problem(work), "");
}

TEST(Limits, BackoffFromTenSecondsToFiveHours) {
  WorkRequest work = request();
  for (const Duration delay : {Duration{10s}, Duration{5h}}) {
    set_backoff(work, {BackoffPolicy::linear, delay});
    EXPECT_EQ(problem(work), "");
  }
  for (const Duration delay : {Duration{10s} - 1ms, Duration{5h} + 1ms}) {
    set_backoff(work, {BackoffPolicy::linear, delay});
    EXPECT_NE(problem(work), "");
  }
}

TEST(Limits, IdleWorkSetsNoBackoff) {
  WorkRequest work = request();
  work.constraints.set(Constraint::idle);
  EXPECT_EQ(problem(work), "");
  set_backoff(work, Backoff{});
  EXPECT_NE(problem(work), "");
}

TEST(Limits, InputUpToItsMaximum) {
  WorkRequest work = request();
  work.input = "{\"k\":\"" + std::string(10'240 - 8, 'x') + "\"}";
  ASSERT_EQ(work.input.size(), 10'240U);
  EXPECT_EQ(problem(work), "");
  work.input.insert(6, "x");
  EXPECT_EQ(problem(work), "input of 10241 bytes is over the maximum of 10240 (limits.max_data)");
}

TEST(Limits, NamesAndTagsAreShortAndCleanText) {
  for (const std::string& name :
       {std::string(), std::string(256, 'x'), std::string("a\nb"), std::string("a\x1b[0m"),
        std::string("\xff"), std::string("a\0b", 3)}) {
    WorkRequest work = request();
    work.unique_name = name;
    EXPECT_NE(problem(work), "");
    work = request();
    work.tags = {name};
    EXPECT_NE(problem(work), "");
    work = request();
    work.task_name = name;
    EXPECT_NE(problem(work), "");
  }
  WorkRequest work = request();
  work.unique_name = std::string(255, 'x');
  EXPECT_EQ(problem(work), "");
}

TEST(Limits, CommandsAreAbsoluteAndWithoutNul) {
  WorkRequest work = request();
  work.command = {"true"};
  EXPECT_NE(problem(work), "");
  work.command = {"/bin/true", std::string("a\0b", 3)};
  EXPECT_NE(problem(work), "");
  work.command = {"/bin/true", ""};
  EXPECT_EQ(problem(work), "");
  work.cwd = "tmp";
  EXPECT_NE(problem(work), "");
  work.cwd = "/tmp";
  work.env_file = "secrets";
  EXPECT_EQ(problem(work), "file of variables 'secrets' is not an absolute path");
}

TEST(Limits, VariablesHaveNamesThatAreNotOurs) {
  for (const char* name : {"", "A=B", "WM_INPUT"}) {
    WorkRequest work = request();
    work.env[name] = "x";
    EXPECT_NE(problem(work), "") << name;
  }
}

// Each change turns a valid request into one that is refused with this sentence.
struct Refusal {
  const char* what;
  std::function<void(WorkRequest&)> change;
};

TEST(Limits, WhatContradictsItselfIsRefused) {
  const Refusal one_off[]{
      {"priority 11", [](auto& r) { r.priority = 11; }},
      {"priority -11", [](auto& r) { r.priority = -11; }},
      {"group", [](auto& r) { r.group = "a\nb"; }},
      {"deadline 1h is before the initial delay 2h",
       [](auto& r) {
         r.deadline = 1h;
         r.initial_delay = 2h;
       }},
      {"deadline", [](auto& r) { r.deadline = 0s; }},
      {"give one of them",
       [](auto& r) {
         r.at = TimePoint{};
         r.initial_delay = 1s;
       }},
      {"only periodic work", [](auto& r) { r.calendar = "@daily"; }},
      {"only periodic work", [](auto& r) { r.cadence = Cadence::fixed; }},
      {"time zone UTC has nothing to be the zone of", [](auto& r) { r.time_zone = "UTC"; }},
      {"unknown time zone 'Mars/Olympus': write for example",
       [](auto& r) { r.time_zone = "Mars/Olympus"; }},
      {"17 windows are too many: at most 16",
       [](auto& r) { r.constraints.between.assign(17, {.end = 1h}); }},
      {"a preference names one window",
       [](auto& r) { r.prefer = {{{.between = {{.end = 1h}, {.end = 2h}}}, 1h}}; }},
      {"names no constraint", [](auto& r) { r.prefer = {{{}, 1h}}; }},
      {"relax-after", [](auto& r) { r.prefer = {{{.flags = {Constraint::charging}}, 0s}}; }},
      {"at most 8", [](auto& r) { r.prefer.assign(9, {{.flags = {Constraint::charging}}, 1h}); }},
      {"its own prerequisite", [](auto& r) { r.prerequisites = {"b", "a"}; }},
      {"prerequisite", [](auto& r) { r.prerequisites = {""}; }},
      {"at most 1000", [](auto& r) { r.prerequisites.assign(1001, "b"); }},
      {"time limit", [](auto& r) { r.time_limit = -1ms; }},
      {"a watchdog is 0s (none), or 100ms or more", [](auto& r) { r.watchdog = 99ms; }},
      {"--while-kept-alive needs --watchdog", [](auto& r) { r.while_kept_alive = true; }},
      {"watchdog 3650d1ms is over", [](auto& r) { r.watchdog = kMaxDuration + 1ms; }},
      {"keep-results", [](auto& r) { r.keep_results = kMaxDuration + 1ms; }},
  };
  for (const auto& [what, change] : one_off) {
    WorkRequest work = request();
    ASSERT_EQ(problem(work), "");
    change(work);
    EXPECT_NE(problem(work).find(what), std::string::npos) << what << ": " << problem(work);
  }
  const Refusal periodically[]{
      {"no deadline", [](auto& r) { r.deadline = 1h; }},
      {"no prerequisite", [](auto& r) { r.prerequisites = {"b"}; }},
      {"only one-off work can be expedited", [](auto& r) { r.expedited = true; }},
      {"needs a period of at least 15m", [](auto& r) { r.every = {}; }},
      {"a period and a calendar", [](auto& r) { r.calendar = "@daily"; }},
      {"'bad'",
       [](auto& r) {
         r.every = {};
         r.calendar = "bad";
       }},
  };
  for (const auto& [what, change] : periodically) {
    WorkRequest work = periodic(1h);
    ASSERT_EQ(problem(work), "");
    change(work);
    EXPECT_NE(problem(work).find(what), std::string::npos) << what << ": " << problem(work);
  }
}

TEST(Limits, ExpeditedWorkConstrainsOnlyNetworkAndStorageAndHasNoDelay) {
  WorkRequest fine = request();
  fine.expedited = true;
  fine.constraints = {.network = NetworkType::unmetered, .flags = {Constraint::storage_not_low}};
  EXPECT_EQ(problem(fine), "");
  const Refusal refusals[]{
      {"only network and storage", [](auto& r) { r.constraints.set(Constraint::charging); }},
      {"only network and storage", [](auto& r) { r.constraints.set(Constraint::battery_not_low); }},
      {"only network and storage", [](auto& r) { r.constraints.set(Constraint::idle); }},
      {"only network and storage", [](auto& r) { r.constraints.custom = {"vpn"}; }},
      {"only network and storage",
       [](auto& r) { r.prefer = {{{.flags = {Constraint::idle}}, 1h}}; }},
      {"no initial delay", [](auto& r) { r.initial_delay = 1s; }},
      {"no initial delay", [](auto& r) { r.at = TimePoint{}; }},
  };
  for (const auto& [what, change] : refusals) {
    WorkRequest work = fine;
    change(work);
    EXPECT_NE(problem(work).find(what), std::string::npos) << what << ": " << problem(work);
  }
}

TEST(Limits, PeriodicWorkIsNotAppended) {
  using enum ExistingPolicy;
  for (const auto policy : {append, append_or_replace}) {
    EXPECT_FALSE(validate_existing(policy, WorkKind::periodic));
    EXPECT_TRUE(validate_existing(policy, WorkKind::oneoff));
  }
  for (const auto policy : {keep, replace, update, cancel_and_reenqueue}) {
    EXPECT_TRUE(validate_existing(policy, WorkKind::periodic));
  }
}

TEST(Limits, NegativeDelaysAndAttemptsAreRefused) {
  WorkRequest work = request();
  work.initial_delay = -1ms;
  EXPECT_NE(problem(work), "");
  work = request();
  work.max_attempts = -1;
  EXPECT_NE(problem(work), "");
}

TEST(Limits, AnExitCodeHasOneMeaning) {
  WorkRequest work = request();
  work.exit_rules.fail_on.set(3);
  work.exit_rules.retry_on.set(3);
  EXPECT_NE(problem(work).find("exit codes 3 "), std::string::npos);
}

}  // namespace
}  // namespace wm
