#include "daemon/wire/varlink.h"

#include <fstream>
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "daemon/wire/interface.h"
#include "tests/support/description.h"

namespace wm::varlink {
namespace {

namespace json = boost::json;

json::object document(std::string message) {
  EXPECT_EQ(message.back(), '\0');
  message.pop_back();
  return json::parse(message).as_object();
}

TEST(Varlink, ReadsCalls) {
  const auto call = parse_call(R"({"method":"a.B","parameters":{"x":1},"more":true})");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->method, "a.B");
  EXPECT_EQ(call->parameters.at("x"), 1);
  EXPECT_TRUE(call->more);
  EXPECT_FALSE(call->oneway);
}

TEST(Varlink, AReplySaysIfAnotherFollows) {
  EXPECT_EQ(reply({{"n", 1}}, true),
            std::string(R"({"parameters":{"n":1},"continues":true})") + '\0');
  EXPECT_EQ(reply({}, false), std::string(R"({"parameters":{}})") + '\0');
}

TEST(Varlink, RefusesWhatIsNoCall) {
  for (const char* text : {"", "x", "[]", "{}", R"({"method":1})", R"({"method":""})",
                           R"({"method":"a.B","parameters":[]})", R"({"method":"a.B","x":1})"}) {
    EXPECT_FALSE(parse_call(text)) << text;
  }
}

TEST(Varlink, DescribesItself) {
  const auto info = document(answer_introspection({"org.varlink.service.GetInfo", {}}).value());
  EXPECT_EQ(info.at("parameters").at("interfaces").as_array().size(), 2U);
  const auto described =
      document(answer_introspection({"org.varlink.service.GetInterfaceDescription",
                                     {{"interface", "io.wm.Scheduler"}}})
                   .value());
  EXPECT_EQ(described.at("parameters").at("description").as_string(), kInterfaceDescription);
  const auto unknown = document(
      answer_introspection({"org.varlink.service.GetInterfaceDescription", {{"interface", "x.y"}}})
          .value());
  EXPECT_EQ(unknown.at("error"), "org.varlink.service.InterfaceNotFound");
  const auto missing =
      document(answer_introspection({"org.varlink.service.GetInterfaceDescription", {}}).value());
  EXPECT_EQ(missing.at("error"), "org.varlink.service.InvalidParameter");
  EXPECT_FALSE(answer_introspection({"io.wm.Scheduler.List", {}}));
}

std::string described_as(const std::string& interface) {
  const auto answer = document(answer_introspection({"org.varlink.service.GetInterfaceDescription",
                                                     {{"interface", interface}}})
                                   .value());
  return std::string(answer.at("parameters").at("description").as_string());
}

// The rules of systemd, of Go's and Rust's generators, and of Python's and C's libraries: see
// DescriptionReader.
// DescriptionReader.
TEST(Varlink, EveryReaderTakesItsDescriptions) {
  const Description service(described_as("org.varlink.service"));
  EXPECT_EQ(service.interface(), "org.varlink.service");
  const Description scheduler{described_as("io.wm.Scheduler")};
  EXPECT_EQ(scheduler.interface(), "io.wm.Scheduler");
  const Description small{described_as("io.wm.scheduler")};
  EXPECT_EQ(small.interface(), "io.wm.scheduler");
  EXPECT_EQ(small.methods().size(), scheduler.methods().size());
}

TEST(Varlink, ADescriptionThatSomeReaderRefusesIsFound) {
  const std::string good = "interface a.b\ntype T (x: ?[]int)\nmethod M(t: T) -> ()\n";
  EXPECT_NO_THROW(Description{good});
  for (const char* more :
       {"type M (x: int)\nmethod N(m: M) -> ()\n", "error T (x: int)\n", "method M() -> ()\n",
        "method N() -> (t: (t: T))\n", "method N() -> (l: [](x: int))\n", "method N(u: U) -> ()\n",
        "type U (x: int)\n", "type Result (x: int)\nmethod N() -> (r: Result)\n",
        "method N(_x: int) -> ()\n", "method N(X: int) -> ()\n", "method n() -> ()\n",
        "method N(x: ??int) -> ()\n", "method N() -> () method O() -> ()\n", "type E ()"}) {
    EXPECT_THROW(Description{good + more}, std::runtime_error) << more;
  }
}

TEST(Varlink, EveryMethodIsInTheDescription) {
  std::ifstream file(WM_SOURCE_DIR "/daemon/methods/methods.cc");
  const std::string source{std::istreambuf_iterator<char>(file), {}};
  const std::regex handler(R"re(\{"(\w+)", (?:to\(|\[this\]))re");
  std::set<std::string> taken;
  for (std::sregex_iterator it(source.begin(), source.end(), handler), end; it != end; ++it) {
    taken.insert((*it)[1]);
  }
  std::set<std::string> described;
  const Description description(kInterfaceDescription);
  for (const auto& [name, method] : description.methods()) described.insert(name);
  EXPECT_EQ(taken, described);
}

TEST(Varlink, ANameWithoutCapitalsIsTheSameInterface) {
  const auto call = parse_call(R"({"method":"io.wm.scheduler.Show"})");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->method, "io.wm.Scheduler.Show");
  EXPECT_EQ(document(error(*call, Error{ErrorCode::refused, "why"})).at("error"),
            "io.wm.scheduler.Refused");
  EXPECT_EQ(document(error(*call, "io.wm.Scheduler.NoSuchWork", {})).at("error"),
            "io.wm.scheduler.NoSuchWork");
  EXPECT_EQ(document(error(*call, "org.varlink.service.MethodNotFound", {})).at("error"),
            "org.varlink.service.MethodNotFound");
  const auto other = parse_call(R"({"method":"io.wm.schedule.Show"})");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->method, "io.wm.schedule.Show");
}

TEST(Varlink, EveryErrorIsInTheDescription) {
  const Description description(kInterfaceDescription);
  for (const auto code : {ErrorCode::invalid, ErrorCode::not_found, ErrorCode::refused,
                          ErrorCode::not_permitted, ErrorCode::unreachable, ErrorCode::failed}) {
    const auto message = document(error(Error{code, "why"}));
    const std::string name(message.at("error").as_string());
    EXPECT_EQ(description.check_error(name.substr(name.rfind('.') + 1),
                                      message.at("parameters").as_object()),
              "");
    EXPECT_EQ(message.at("parameters").at("message"), "why");
  }
}

}  // namespace
}  // namespace wm::varlink
