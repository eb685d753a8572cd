// Clients that others wrote: each reads the description and makes the same calls of a real daemon,
// covering every method. Clients that are not installed are skipped.
#include <set>

#include "core/time.h"
#include "daemon/wire/interface.h"
#include "tests/support/description.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

constexpr const char* kPrefix = "io.wm.Scheduler.";

struct ForeignCall {
  std::string method;
  json::object parameters;
  bool more = false;
  std::string error = {};  // The expected error; empty: none.
};

// The answer that one of them got.
struct ForeignAnswer {
  std::string error;        // Without its interface; empty: there are replies.
  json::object parameters;  // Of the error.
  std::vector<json::object> replies;
};

ForeignAnswer answer_of(const json::object& answer) {
  ForeignAnswer read;
  if (const json::value* error = answer.if_contains("error")) {
    const std::string name(error->as_string());
    read.error = name.substr(name.rfind('.') + 1);
    read.parameters = answer.at("parameters").as_object();
    return read;
  }
  for (const json::value& reply : answer.at("replies").as_array()) {
    read.replies.push_back(reply.as_object());
  }
  return read;
}

bool is_installed(const std::string& program) {
  return run_program({"/bin/sh", "-c", "command -v " + program}).status == 0;
}

class ForeignClients : public testing::Test {
 protected:
  ForeignClients()
      : daemon_(R"([tasks.declared]
command = ["/bin/true"]

[conditions.nas]
command = ["/bin/false"]
)") {
    daemon_.start();
    RawConnection connection(daemon_.socket());
    const json::object sleeper{{"uniqueName", "sleeper"}, {"command", {"/bin/sleep", "1000"}}};
    connection.call("io.wm.Scheduler.Register", {{"work", sleeper}});
    const json::object running =
        connection.call("io.wm.Scheduler.Wait", {{"uniqueName", "sleeper"}, {"state", "running"}});
    run_ = running.at("parameters").at("work").at("id").as_string();
  }

  // Registrations that together have every field.
  std::vector<json::object> requests() const {
    const TimePoint now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    json::object full{
        {"uniqueName", "full"},
        {"kind", "oneoff"},
        {"command", {"/bin/true", "ä"}},
        {"cwd", "/"},
        {"env", {{"NAME", "value"}}},
        {"input", {{"depth", {1, {{"a", nullptr}}}}}},
        {"description", "all that there is"},
        {"tags", {"first", "second"}},
        {"constraints",
         {{"network", "not-roaming"},
          {"charging", true},
          {"batteryNotLow", true},
          {"storageNotLow", true},
          {"idle", false},
          {"custom", {"nas"}}}},
        {"prefer", {{{"constraints", {{"network", "unmetered"}}}, {"relaxAfterMs", 60'000}}}},
        {"initialDelayMs", 3'600'000},
        {"onPath", {"/nowhere/*"}},
        {"triggerDelayMs", 1000},
        {"triggerMaxDelayMs", 2000},
        {"deadlineMs", 7'200'000},
        {"backoff", {{"policy", "linear"}, {"delayMs", 10'000}}},
        {"maxAttempts", 3},
        {"timeLimitMs", 60'000},
        {"watchdogMs", 30'000},
        {"whileKeptAlive", true},
        {"priority", -1},
        {"group", "slow"},
        {"prerequisites", {"sleeper"}},
        {"merge", "arrays"},
        {"failOn", "2,64-78"},
        {"retryOn", "3"},
        {"successOn", "4"},
        {"retryOnCrash", true},
        {"envFile", "/etc/environment"},
        {"umask", "027"},
        {"nice", 5},
        {"ioClass", "idle"},
        {"memoryMaxBytes", 1 << 30},
        {"cpuWeight", 50},
        {"tasksMax", 100},
        {"notify", {"failed"}},
        {"stopGraceMs", 1000},
        {"keepResultsMs", 86'400'000}};
    const json::object often{{"uniqueName", "often"},  {"kind", "periodic"},
                             {"taskName", "declared"}, {"everyMs", 86'400'000},
                             {"flexMs", 600'000},      {"cadence", "fixed"}};
    const json::object daily{{"uniqueName", "daily"},
                             {"kind", "periodic"},
                             {"taskName", "declared"},
                             {"calendar", "@daily"},
                             {"timeZone", "UTC"}};
    const json::object later{
        {"uniqueName", "later"}, {"command", {"/bin/true"}}, {"at", format_time(now + 1h)}};
    const json::object quick{{"uniqueName", "quick"},
                             {"command", {"/bin/sh", "-c", "echo said; echo so >&2"}},
                             {"expedited", true},
                             {"outOfQuota", "drop"}};
    return {full, often, daily, later, quick};
  }

  // Calls with and without each optional parameter.
  std::vector<ForeignCall> calls() const {
    const std::int64_t me = ::geteuid();
    const auto work = [](std::string_view name) { return json::object{{"uniqueName", name}}; };
    const auto command = [](std::string_view name, json::array words) {
      return json::object{{"uniqueName", name}, {"command", std::move(words)}};
    };
    std::vector<ForeignCall> calls{
        {"Status", {}},
        {"Status", {}, true},
        {"Tasks", {}},
        {"Diagnose", {{"owner", me}}},
        {"Diagnose", {}},
        {"Metrics", {}},
        {"Watch", {}},
        {"Watch", {{"uniqueNames", {"sleeper"}}, {"owner", me}}},
        {"OverrideConditions", {{"values", {{"network", "metered"}, {"battery", "low"}}}}},
        {"OverrideConditions", {{"values", {{"charging", "yes"}}}, {"forMs", 3'600'000}}},
        {"Conditions", {}},
        {"Conditions", {{"after", 0}}},
        {"Check", {{"constraints", {{"charging", true}, {"network", "unmetered"}}}}},
        {"Check", {{"constraints", json::object()}}},
    };
    for (const json::object& request : requests()) {
      calls.push_back({"Register", {{"work", request}}});
    }
    json::object fails = command("fails", {"/bin/false"});
    fails["maxAttempts"] = 1;
    // Only root may name a user, which is here root itself.
    json::object other = command("other", {"/bin/true"});
    other["as"] = "root";
    calls.push_back({"Register", {{"work", other}}, false, me == 0 ? "" : "NotPermitted"});
    for (ForeignCall& call : std::vector<ForeignCall>{
             {"Register", {{"work", requests().back()}, {"existing", "keep"}, {"owner", me}}},
             {"Register", {{"work", work("nothing")}}, false, "InvalidRequest"},
             {"Wait", work("quick")},
             {"Wait", work("quick"), true},
             {"Wait", {{"uniqueName", "sleeper"}, {"state", "running"}, {"owner", me}}},
             {"SetProgress", {{"id", run_}, {"percent", 50}, {"data", {{"step", "half"}}}}},
             {"SetProgress", {{"id", run_}}},
             {"SetProgress", {{"id", "nobody"}}, false, "Refused"},
             {"SetOutput", {{"id", run_}, {"output", {{"n", 1}}}}},
             {"SayAlive", {{"id", run_}}},
             {"SayAlive", {{"id", "nobody"}}, false, "Refused"},
             {"KeepAlive", {{"uniqueNames", {"sleeper", "nobody"}}}},
             {"KeepAlive", {{"uniqueNames", {"sleeper"}}, {"sinceBootMs", 1}, {"owner", me}}},
             {"Show", work("full")},
             {"Show", {{"uniqueName", "sleeper"}, {"owner", me}}},
             {"Show", work("quick"), true},
             {"Show", work("nobody"), false, "NoSuchWork"},
             {"Why", work("full")},
             {"Why", {{"uniqueName", "quick"}, {"owner", me}}},
             {"Forecast", {}},
             {"Forecast", {{"forMs", 3'600'000}, {"owner", me}}},
             {"Forecast", {{"forMs", 3 * 86'400'000}, {"uniqueNames", {"full", "often"}}}},
             {"Forecast", {{"uniqueNames", {"nobody"}}}, false, "NoSuchWork"},
             {"List", {}},
             {"List", {{"finished", true}}, true},
             {"List",
              {{"states", {"enqueued"}},
               {"tags", {"first"}},
               {"taskName", "declared"},
               {"finished", false},
               {"owner", me}}},
             {"Update",
              {{"uniqueName", "full"}, {"changes", {{"description", nullptr}, {"priority", 3}}}}},
             {"Update", {{"uniqueName", "quick"}, {"changes", json::object()}}, false, "Refused"},
             {"Update",
              {{"uniqueName", "nobody"}, {"changes", json::object()}},
              false,
              "NoSuchWork"},
             {"Apply",
              {{"works",
                {{{"work", command("applied", {"/bin/true"})}, {"where", "jobs.toml: applied"}},
                 {{"work", command("too", {"/bin/true"})}}}},
               {"owner", me}}},
             {"Apply", {{"works", json::array()}, {"prune", true}, {"dryRun", true}}},
             {"Apply", {{"works", json::array()}, {"prune", true}}},
             {"Apply", {{"works", json::array()}, {"imported", true}}},
             {"Pause", {{"group", "slow"}, {"forMs", 3'600'000}}},
             {"Pause", {{"group", "of nobody"}}},
             {"Pause", {{"forMs", 0}}, false, "InvalidRequest"},
             {"Pause", {}},
             {"Status", {}},
             {"Resume", {{"group", "slow"}}},
             {"Resume", {{"group", "of nobody"}}},
             {"Resume", {}},
             {"Run", work("later")},
             {"Wait", {{"uniqueName", "later"}, {"owner", me}}, true},
             {"Register", {{"work", fails}}},
             {"Wait", work("fails")},
             {"Retry", {{"uniqueName", "fails"}, {"owner", me}}},
             {"Retry", work("sleeper"), false, "Refused"},
             {"Retry", {{"uniqueNames", {"sleeper"}}}, false, "Refused"},
             {"Wait", work("fails")},
             {"Retry", {{"uniqueNames", {"fails"}}}},
             {"Retry", {}, false, "InvalidRequest"},
             {"History", {}},
             {"History", {}, true},
             {"History",
              {{"uniqueName", "quick"},
               {"failed", false},
               {"since", "2026-01-01T00:00:00.000Z"},
               {"limit", 5},
               {"owner", me}}},
             {"Logs", work("quick")},
             {"Logs", {{"uniqueName", "quick"}, {"both", true}}},
             {"ConditionChanges", {{"since", "2026-01-01T00:00:00.000Z"}}},
             {"ConditionChanges", {}, true},
             {"Logs",
              {{"uniqueName", "quick"},
               {"run", 1},
               {"stderr", true},
               {"follow", true},
               {"alone", true},
               {"after", 0}},
              true},
             {"Logs", {{"uniqueName", "quick"}, {"run", 9}}, false, "NoSuchRun"},
             {"Cancel", {{"uniqueNames", {"often"}}, {"owner", me}}},
             {"Cancel", {{"tag", "first"}}},
             {"Prune", {}},
             {"Prune", {{"owner", me}, {"state", "nobody"}}, false, "NoSuchWork"},
             {"ClearOverrides", {}},
             {"Reexec", {}},
             {"Cancel", {{"all", true}}, true},
         }) {
      calls.push_back(std::move(call));
    }
    return calls;
  }

  // Checks every answer against the description.
  void check(const std::vector<ForeignCall>& calls, const std::vector<ForeignAnswer>& answers) {
    ASSERT_EQ(calls.size(), answers.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const ForeignCall& call = calls[i];
      const ForeignAnswer& answer = answers[i];
      const std::string what = call.method + ' ' + json::serialize(call.parameters);
      EXPECT_EQ(answer.error, call.error) << what << json::serialize(answer.parameters);
      if (!answer.error.empty()) {
        EXPECT_EQ(description_.check_error(answer.error, answer.parameters), "") << what;
      } else {
        EXPECT_FALSE(answer.replies.empty()) << what;
      }
      for (const json::object& reply : answer.replies) {
        EXPECT_EQ(description_.check_reply(call.method, reply), "") << what;
      }
    }
  }

  // Checks a program that makes all calls and prints the answers.
  void check_program(const std::vector<std::string>& program, const std::string& input) {
    const Output output = run_program(program, {}, input);
    ASSERT_EQ(output.status, 0) << output.err << output.out;
    std::vector<ForeignAnswer> answers;
    const json::value printed = json::parse(output.out);
    for (const json::value& answer : printed.as_array()) {
      answers.push_back(answer_of(answer.as_object()));
    }
    check(calls(), answers);
  }

  TestDaemon daemon_;
  std::string run_;  // Its WM_WORK_ID, while it goes on.
  const Description description_{varlink::kInterfaceDescription};
};

// Fills in null for everything that may be left out.
json::value with_nulls(const Description& description, const DescribedType& type,
                       const json::value& value) {
  using Kind = DescribedType::Kind;
  if (value.is_null()) return value;
  if (type.kind == Kind::named) {
    return with_nulls(description, description.types().at(type.name), value);
  }
  if (type.kind == Kind::maybe) return with_nulls(description, type.element.front(), value);
  if (type.kind == Kind::array) {
    json::array list;
    for (const json::value& one : value.as_array()) {
      list.push_back(with_nulls(description, type.element.front(), one));
    }
    return list;
  }
  if (type.kind != Kind::record) return value;
  json::object all;
  for (const auto& [name, field] : type.fields) {
    const json::value* found = value.as_object().if_contains(name);
    if (found || field.kind == Kind::maybe) {
      all[name] = found ? with_nulls(description, field, *found) : nullptr;
    }
  }
  return all;
}

TEST_F(ForeignClients, EveryMethodIsAsDescribedAndTakesNullForWhatIsAbsent) {
  std::set<std::string> called;
  std::set<std::string> fields;
  std::vector<ForeignAnswer> answers;
  for (const ForeignCall& call : calls()) {
    called.insert(call.method);
    if (call.method == "Register") {
      for (const auto& field : call.parameters.at("work").as_object()) fields.insert(field.key());
    }
    const json::value parameters =
        with_nulls(description_, description_.methods().at(call.method).in, call.parameters);
    if (call.error.empty()) {
      EXPECT_EQ(description_.check_call(call.method, parameters.as_object()), "");
    }
    RawConnection connection(daemon_.socket());
    connection.send(json::serialize(json::object{{"method", kPrefix + call.method},
                                                 {"parameters", parameters},
                                                 {"more", call.more},
                                                 {"oneway", nullptr}}) +
                    '\0');
    json::object answer{{"replies", json::array()}};
    for (bool more = true; more;) {
      const json::object message = json::parse(connection.receive().value()).as_object();
      more = message.contains("continues");
      if (message.contains("error")) {
        answer = message;
      } else {
        answer["replies"].as_array().push_back(message.at("parameters"));
      }
    }
    answers.push_back(answer_of(answer));
  }
  check(calls(), answers);
  for (const auto& [name, method] : description_.methods())
    EXPECT_TRUE(called.contains(name)) << name;
  for (const auto& [name, type] : description_.types().at("Request").fields) {
    EXPECT_TRUE(fields.contains(name)) << name;
  }
}

// varlinkctl is in Debian 13's package systemd.
TEST_F(ForeignClients, Varlinkctl) {
  if (!is_installed("varlinkctl")) GTEST_SKIP() << "varlinkctl is not installed: systemd 255";
  const auto varlinkctl = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"varlinkctl", "--no-pager", "--json=short"});
    return run_program(words);
  };
  const Output valid =
      varlinkctl({"validate-idl", WM_SOURCE_DIR "/daemon/wire/io.wm.Scheduler.varlink"});
  EXPECT_EQ(valid.status, 0) << valid.err;
  for (const char* what : {"info", "list-interfaces", "list-methods", "introspect"}) {
    const Output output = run_program({"varlinkctl", "--no-pager", what, daemon_.socket()});
    EXPECT_EQ(output.status, 0) << what << output.err;
    EXPECT_NE(output.out.find("io.wm.Scheduler"), std::string::npos) << what << output.out;
  }
  std::vector<ForeignAnswer> answers;
  for (const ForeignCall& call : calls()) {
    std::vector<std::string> words{"call", daemon_.socket(), kPrefix + call.method,
                                   json::serialize(call.parameters)};
    if (call.more) words.insert(words.begin(), "--collect");
    const Output output = varlinkctl(words);
    ForeignAnswer answer;
    if (output.status != 0) {
      answer.parameters = json::parse(output.out).as_object();
      answer.error = output.err.substr(output.err.rfind('.') + 1);
      answer.error.pop_back();
    } else if (call.more) {
      const json::value printed = json::parse(output.out);
      for (const json::value& reply : printed.as_array()) {
        answer.replies.push_back(reply.as_object());
      }
    } else {
      answer.replies.push_back(json::parse(output.out).as_object());
    }
    answers.push_back(std::move(answer));
  }
  check(calls(), answers);
  const json::object work{{"uniqueName", "silent"}, {"command", {"/bin/true"}}};
  const Output silent =
      varlinkctl({"--oneway", "call", daemon_.socket(), "io.wm.Scheduler.Register",
                  json::serialize(json::object{{"work", work}})});
  EXPECT_EQ(silent.status, 0) << silent.err;
  EXPECT_EQ(silent.out, "");
}

json::array as_json(const std::vector<ForeignCall>& calls) {
  json::array list;
  for (const ForeignCall& call : calls) {
    list.push_back({{"method", call.method}, {"parameters", call.parameters}, {"more", call.more}});
  }
  return list;
}

// The reference library is in Debian 13's package python3-varlink.
TEST_F(ForeignClients, Python) {
  if (run_program({"/usr/bin/python3", "-c", "import varlink"}).status != 0) {
    GTEST_SKIP() << "the library is not installed: python3-varlink";
  }
  check_program({"/usr/bin/python3", WM_SOURCE_DIR "/tests/system/foreign_clients/client.py",
                 daemon_.socket()},
                json::serialize(as_json(calls())));
}

// Arguments and replies become lists in the description's order, because they have no names there.
json::array arguments_of(const DescribedType& type, const json::object& parameters) {
  json::array list;
  for (const auto& [name, field] : type.fields) {
    const json::value* found = parameters.if_contains(name);
    list.push_back(found ? *found : nullptr);
  }
  return list;
}

json::object named(const DescribedType& type, const json::array& values) {
  json::object reply;
  for (std::size_t i = 0; i < values.size(); ++i) reply[type.fields[i].name] = values[i];
  return reply;
}

// The generator takes the description by its name without capitals (Debian's varlink-go; its
// library is golang-github-varlink-go-dev). Its result is compiled if there is a compiler.
TEST_F(ForeignClients, Go) {
  if (!is_installed("varlink-go-interface-generator")) {
    GTEST_SKIP() << "the generator is not installed: varlink-go";
  }
  const auto source = daemon_.path() / "go" / "src";
  const auto package = source / "iowmscheduler";
  const auto client = source / "client";
  std::filesystem::create_directories(package);
  std::filesystem::create_directories(client);
  const json::object described =
      RawConnection(daemon_.socket())
          .call("org.varlink.service.GetInterfaceDescription", {{"interface", "io.wm.scheduler"}});
  std::ofstream(package / "wm.varlink")
      << std::string_view(described.at("parameters").at("description").as_string());
  const Output generated =
      run_program({"varlink-go-interface-generator", (package / "wm.varlink").string()});
  ASSERT_EQ(generated.status, 0) << generated.err << generated.out;
  ASSERT_TRUE(std::filesystem::exists(package / "iowmscheduler.go"));

  if (!is_installed("go") || !std::filesystem::exists("/usr/share/gocode/src/github.com/varlink")) {
    GTEST_SKIP() << "it generates; to run it: golang-go golang-github-varlink-go-dev";
  }
  std::ofstream table(client / "methods.go");
  table << "package main\n\nimport wm \"iowmscheduler\"\n\nvar methods = map[string]interface{}{\n";
  for (const auto& [name, method] : description_.methods()) {
    table << "\t\"" << name << "\": wm." << name << "(),\n";
  }
  table << "}\n";
  table.close();
  std::filesystem::copy_file(WM_SOURCE_DIR "/tests/system/foreign_clients/client.go",
                             client / "client.go");
  const std::string program = (client / "client").string();
  const Output built =
      run_program({"go", "build", "-o", program, "client"},
                  {{"GO111MODULE", "off"},
                   {"GOPATH", (daemon_.path() / "go").string() + ":/usr/share/gocode"},
                   {"GOCACHE", (daemon_.path() / "go" / "cache").string()},
                   {"GOFLAGS", ""},
                   {"GOTOOLCHAIN", "local"}});
  ASSERT_EQ(built.status, 0) << built.err << built.out;

  json::array list;
  for (const ForeignCall& call : calls()) {
    const DescribedType& in = description_.methods().at(call.method).in;
    list.push_back({{"method", call.method},
                    {"arguments", arguments_of(in, call.parameters)},
                    {"more", call.more}});
  }
  const Output output = run_program({program, daemon_.socket()}, {}, json::serialize(list));
  ASSERT_EQ(output.status, 0) << output.err << output.out;
  std::vector<ForeignAnswer> answers;
  const json::value printed = json::parse(output.out);
  for (const json::value& value : printed.as_array()) {
    json::object answer = value.as_object();
    if (json::value* replies = answer.if_contains("replies")) {
      const DescribedType& out = description_.methods().at(calls()[answers.size()].method).out;
      for (json::value& reply : replies->as_array()) reply = named(out, reply.as_array());
    }
    answers.push_back(answer_of(answer));
  }
  check(calls(), answers);
}

}  // namespace
}  // namespace wm
