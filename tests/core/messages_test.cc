#include "core/messages.h"

#include <gtest/gtest.h>

#include "tests/support/backoff.h"
#include "tests/support/now.h"

namespace wm {
namespace {

namespace json = boost::json;

Result<WorkRequest> parse(std::string_view text) {
  const auto object = parse_object("the work", text);
  if (!object) return std::unexpected(object.error());
  return request_from_json(*object);
}

WorkRequest full_request() {
  WorkRequest request;
  request.unique_name = "ä b";
  request.task_name = "task";
  request.kind = WorkKind::periodic;
  request.command = {"/bin/echo", "", "x y"};
  request.cwd = "/tmp";
  request.env = {{"A", "1"}, {"B", ""}};
  request.input = R"({"a":[1,true,null],"b":"ü"})";
  request.description = "for people";
  request.tags = {"x", "y"};
  request.constraints = all_constraints({});
  request.constraints.network = NetworkType::unmetered;
  request.initial_delay = 1s;
  request.trigger = {{"/in/*", "/b"}, 0s, 2min};
  request.every = 1h;
  request.flex = 30min;
  set_backoff(request, {BackoffPolicy::linear, 15s});
  request.max_attempts = 3;
  request.exit_rules.fail_on.set(3);
  request.exit_rules.retry_on.set(4);
  request.exit_rules.success_on.set(5);
  request.exit_rules.retry_on_crash = true;
  request.stop_grace = 0s;
  return request;
}

TEST(Messages, ARequestSurvivesTheWire) {
  EXPECT_EQ(request_from_json(to_json(full_request())), full_request());
  WorkRequest plain;
  plain.unique_name = "a";
  EXPECT_EQ(request_from_json(to_json(plain)), plain);
}

TEST(Messages, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"uniqueName":1})", "uniqueName must be a string"},
      {R"({"uniqueName":"a","everyMs":-1})", "everyMs"},
      {R"({"uniqueName":"a","everyMs":1.5})", "everyMs"},
      {R"({"uniqueName":"a","everyMs":99999999999999})", "everyMs"},
      {R"({"uniqueName":"a","maxAttempts":4294967296})", "maxAttempts"},
      {R"({"uniqueName":"a","input":[1]})", "input must be a JSON object"},
      {R"({"uniqueName":"a","input":"x"})", "input must be a JSON object"},
      {R"({"uniqueName":"a","kind":"often"})", "'often'"},
      {R"({"uniqueName":"a","constraints":{"network":"fast"}})", "'fast'"},
      {R"({"uniqueName":"a","constraints":{"moon":true}})", "'moon'"},
      {R"({"uniqueName":"a","frequency":1})", "unknown key 'frequency'"},
      {R"({"uniqueName":"a","tags":[1]})", "tags must be a list of strings"},
      {R"({"uniqueName":"a","failOn":"300"})", "'300'"},
      {R"([1])", "not a JSON object"},
      {R"({"a":)", "not valid JSON"},
  };
  for (const auto& [text, expected] : cases) {
    const auto request = parse(text);
    ASSERT_FALSE(request) << text;
    EXPECT_NE(request.error().message.find(expected), std::string::npos) << request.error().message;
  }
}

TEST(Messages, NestingIsBounded) {
  const std::string deep = R"({"uniqueName":"a","input":)" + std::string(10'000, '[');
  EXPECT_FALSE(parse(deep));
}

TEST(Messages, ResultsSurviveTheWire) {
  const RunResult result{RunOutcome::interrupted, 3, 15, StopReason(Constraint::network), "why"};
  EXPECT_EQ(result_from_json(to_json(result)), result);
}

TEST(Messages, AWorkIsShownAsTheInterfaceSays) {
  WorkInfo info;
  info.uuid = "u";
  info.work.owner = 1000;
  info.request.unique_name = "a";
  info.request.task_name = "t";
  info.work.due = kNow;
  info.registered_at = kNow;
  info.last_result = RunResult{RunOutcome::retry, 75, {}, {}, {}};
  info.last_finished_at = info.registered_at;
  info.work.attempts = 1;

  const json::value expected = json::parse(R"({
    "id": "u", "uniqueName": "a", "taskName": "t", "kind": "oneoff", "input": {},
    "constraints": {}, "state": "enqueued", "owner": 1000,
    "backoff": {"policy": "exponential", "delayMs": 30000}, "generation": 0, "runAttemptCount": 1,
    "enqueuedAt": "2024-10-04T00:00:00.000Z", "nextRunAt": "2024-10-04T00:00:00.000Z",
    "lastFinishedAt": "2024-10-04T00:00:00.000Z",
    "lastResult": {"outcome": "retry", "exitCode": 75}})");
  EXPECT_EQ(json::value(to_json(info)), expected) << to_json(info);
}

}  // namespace
}  // namespace wm
