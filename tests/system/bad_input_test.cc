// Messages that no honest client would send: each gets its error, or is cut off alone, and
// everybody else goes on.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/programs.h"

namespace wm {
namespace {

namespace json = boost::json;

class BadInput : public testing::Test {
 protected:
  BadInput() { daemon_.start(); }
  ~BadInput() override {
    const Output others = daemon_.wm({"register-oneoff", "others", "--", "true"});
    EXPECT_EQ(others.status, 0) << "everybody else goes on: " << others.err;
    EXPECT_EQ(daemon_.wm({"wait", "others"}).status, 0);
  }

  std::string error_for(const std::string& message) {
    RawConnection connection(daemon_.socket());
    connection.send(message + '\0');
    const auto answer = connection.receive();
    if (!answer) return "hung up";
    const json::value document = json::parse(*answer);
    const json::value* error = document.as_object().if_contains("error");
    return error ? std::string(error->as_string()) : *answer;
  }

  std::string register_error(const std::string& work) {
    return error_for(R"({"method":"io.wm.Scheduler.Register","parameters":{"work":)" + work + "}}");
  }

  TestDaemon daemon_;
};

const char* const kInvalid = "io.wm.Scheduler.InvalidRequest";

TEST_F(BadInput, MessagesThatAreNone) {
  for (const char* text :
       {"", "x", "[]", "{}", "null", "\"a\"", R"({"method":1})",
        R"({"method":"a.B","parameters":[]})", R"({"method":"a.B"}{})", "{\"method\":\"\xff\"}"}) {
    EXPECT_EQ(error_for(text), kInvalid) << text;
  }
}

TEST_F(BadInput, UnknownMethods) {
  EXPECT_EQ(error_for(R"({"method":"io.wm.Scheduler.Explode"})"),
            "org.varlink.service.MethodNotFound");
  EXPECT_EQ(error_for(R"({"method":"org.example.Explode"})"),
            "org.varlink.service.InterfaceNotFound");
  EXPECT_EQ(error_for(R"({"method":"Explode"})"), "org.varlink.service.InterfaceNotFound");
  EXPECT_EQ(error_for(R"({"method":"org.varlink.service.Explode"})"),
            "org.varlink.service.MethodNotFound");
}

TEST_F(BadInput, NestingAndSize) {
  EXPECT_EQ(error_for(std::string(10'000, '[')), kInvalid);
  EXPECT_EQ(register_error(R"({"uniqueName":"a","input":)" + std::string(10'000, '[') +
                           std::string(10'000, ']') + "}"),
            kInvalid);
  RawConnection connection(daemon_.socket());
  connection.send(std::string((1 << 20) + 1, ' '));
  const auto answer = connection.receive();
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("over the maximum of 1048576 bytes"), std::string::npos);
  EXPECT_FALSE(connection.receive()) << "it is cut off";
}

TEST_F(BadInput, AMessageOfTheLargestSizeIsRead) {
  std::string message = R"({"method":"io.wm.Scheduler.Status")";
  message.resize((1 << 20) - 1, ' ');
  RawConnection connection(daemon_.socket());
  connection.send(message + "}" + '\0');
  EXPECT_NE(connection.receive().value().find("\"version\""), std::string::npos);
}

TEST_F(BadInput, AnEmptyNameDoesNotMeanAll) {
  ASSERT_EQ(daemon_.wm({"once", "a", "--initial-delay", "1h", "--", "true"}).status, 0);
  RawConnection connection(daemon_.socket());
  for (const char* const method : {"Pause", "Resume"}) {
    EXPECT_EQ(connection.call(std::string("io.wm.Scheduler.") + method, {{"group", ""}})["error"],
              kInvalid)
        << method;
  }
  EXPECT_EQ(
      connection.call("io.wm.Scheduler.Cancel", {{"uniqueNames", json::array{"", "a"}}})["error"],
      kInvalid);
  EXPECT_EQ(daemon_.json({"show", "a"}).at("state"), "enqueued");
}

// The question is kept while the answer goes on.
TEST_F(BadInput, AQuestionIsNotThatLarge) {
  RawConnection connection(daemon_.socket());
  const json::array names(20'000, "a");
  const json::object refused = connection.call("io.wm.Scheduler.Watch", {{"uniqueNames", names}});
  EXPECT_EQ(refused.at("error"), "io.wm.Scheduler.InvalidRequest");
  EXPECT_TRUE(connection.call("io.wm.Scheduler.Cancel", {{"uniqueNames", names}}).contains("error"))
      << "a change may be";
}

TEST_F(BadInput, Registrations) {
  const std::string good = R"("command":["/bin/true"])";
  for (const std::string& work : {
           std::string(R"([])"),
           std::string(R"({})"),
           R"({"uniqueName":"",)" + good + "}",
           R"({"uniqueName":"a\u0000b",)" + good + "}",
           R"({"uniqueName":"a\u001b",)" + good + "}",
           R"({"uniqueName":"\ud800",)" + good + "}",
           R"({"uniqueName":")" + std::string(256, 'x') + "\"," + good + "}",
           std::string(R"({"uniqueName":"a","command":["true"]})"),
           std::string(R"({"uniqueName":"a","command":["/absent"]})"),
           std::string(R"({"uniqueName":"a","command":["/etc/passwd"]})"),
           std::string(R"({"uniqueName":"a","command":["/tmp"]})"),
           std::string(R"({"uniqueName":"a","command":[]})"),
           std::string(R"({"uniqueName":"a","taskName":"unknown"})"),
           R"({"uniqueName":"a","initialDelayMs":-1,)" + good + "}",
           R"({"uniqueName":"a","initialDelayMs":9223372036854775807,)" + good + "}",
           R"({"uniqueName":"a","initialDelayMs":1e30,)" + good + "}",
           R"({"uniqueName":"a","kind":"periodic",)" + good + "}",
           R"({"uniqueName":"a","kind":"hourly",)" + good + "}",
           R"({"uniqueName":"a","everyMs":3600000,)" + good + "}",
           R"({"uniqueName":"a","maxAttempts":-1,)" + good + "}",
           R"({"uniqueName":"a","backoff":{"delayMs":0},)" + good + "}",
           R"({"uniqueName":"a","input":[1],)" + good + "}",
           R"({"uniqueName":"a","input":{"x":")" + std::string(10'300, 'x') + "\"}," + good + "}",
           R"({"uniqueName":"a","env":{"A=B":"x"},)" + good + "}",
           R"({"uniqueName":"a","env":{"WM_INPUT":"x"},)" + good + "}",
           R"({"uniqueName":"a","cwd":"tmp",)" + good + "}",
           R"({"uniqueName":"a","tags":["\u0007"],)" + good + "}",
           R"({"uniqueName":"a","surprise":1,)" + good + "}",
           R"({"uniqueName":"a","priority":11,)" + good + "}",
           R"({"uniqueName":"a","group":"","prerequisites":["a"],)" + good + "}",
           R"({"uniqueName":"a","deadlineMs":5,"initialDelayMs":6,)" + good + "}",
           R"({"uniqueName":"a","prefer":[{"constraints":{"charging":true}}],)" + good + "}",
           R"({"uniqueName":"a","prefer":["charging"],)" + good + "}",
           R"({"uniqueName":"a","constraints":{"custom":["vpn"]},)" + good + "}",
           R"({"uniqueName":"a","expedited":true,"constraints":{"charging":true},)" + good + "}",
           R"({"uniqueName":"a","kind":"periodic","calendar":"61 * * * *",)" + good + "}",
           R"({"uniqueName":"a","kind":"periodic","calendar":"0 0 30 2 *",)" + good + "}",
           R"({"uniqueName":"a","kind":"periodic","everyMs":3600000,"prerequisites":["b"],)" +
               good + "}",
           R"({"uniqueName":"a","description":")" + std::string(200'000, 'x') + "\"," + good + "}",
       }) {
    EXPECT_EQ(register_error(work), kInvalid) << work.substr(0, 80);
  }
  EXPECT_EQ(daemon_.json({"list", "--all"}).as_array().size(), 0U) << "refused before it is stored";
}

TEST_F(BadInput, ADisconnectInTheMiddle) {
  for (int i = 0; i < 20; ++i) {
    RawConnection connection(daemon_.socket());
    connection.send(R"({"method":"io.wm.Sched)");
  }
  for (int i = 0; i < 20; ++i) {
    RawConnection connection(daemon_.socket());
    connection.send(std::string(R"({"method":"io.wm.Scheduler.List","more":true})") + '\0');
  }
}

TEST_F(BadInput, HalfAMessageAndThenSilenceHoldsNobodyUp) {
  std::vector<RawConnection> silent;
  for (int i = 0; i < 100; ++i) {
    silent.emplace_back(daemon_.socket());
    silent.back().send(R"({"method":"io.wm.Scheduler.St)");
  }
  EXPECT_EQ(daemon_.wm({"status"}).status, 0);
}

TEST_F(BadInput, AThousandIdleConnections) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &files);

  std::vector<RawConnection> idle;
  for (int i = 0; i < 1000; ++i) idle.emplace_back(daemon_.socket());

  const json::value status = daemon_.json({"status"});
  EXPECT_LE(status.at("connections").as_int64(), 512);
  EXPECT_TRUE(idle.back().call("io.wm.Scheduler.Status").contains("parameters"));
}

TEST_F(BadInput, AClientThatNeverReads) {
  for (int i = 0; i < 40; ++i) {
    daemon_.wm({"register-oneoff", "work-" + std::to_string(i), "--initial-delay", "1h",
                "--description", std::string(50'000, 'd'), "--", "true"});
  }
  std::vector<RawConnection> deaf;
  for (int i = 0; i < 20; ++i) {
    deaf.emplace_back(daemon_.socket());
    deaf.back().send(std::string(R"({"method":"io.wm.Scheduler.List","more":true})") + '\0');
  }
  EXPECT_EQ(daemon_.json({"list"}).as_array().size(), 40U);
}

TEST_F(BadInput, AnyVarlinkClientCanIntrospectAndCall) {
  RawConnection connection(daemon_.socket());
  const json::object info = connection.call("org.varlink.service.GetInfo");
  EXPECT_EQ(info.at("parameters").at("product"), "wmd");
  const json::object described = connection.call("org.varlink.service.GetInterfaceDescription",
                                                 {{"interface", "io.wm.Scheduler"}});
  EXPECT_NE(described.at("parameters").at("description").as_string().find("method Register("),
            json::string::npos);
  const json::object listed = connection.call("io.wm.Scheduler.List");
  EXPECT_TRUE(listed.at("parameters").at("works").as_array().empty());
}

}  // namespace
}  // namespace wm
