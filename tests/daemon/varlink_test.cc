#include "daemon/varlink.h"

#include <set>

#include <gtest/gtest.h>

#include "daemon/interface.h"

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

TEST(Varlink, EveryErrorIsInTheDescription) {
  for (const auto code : {ErrorCode::invalid, ErrorCode::refused, ErrorCode::not_permitted,
                          ErrorCode::unreachable, ErrorCode::failed}) {
    const auto message = document(error(Error{code, "why"}));
    const std::string name(message.at("error").as_string());
    EXPECT_NE(kInterfaceDescription.find("error " + name.substr(name.rfind('.') + 1) + " "),
              std::string_view::npos)
        << name;
    EXPECT_EQ(message.at("parameters").at("message"), "why");
  }
}

}  // namespace
}  // namespace wm::varlink
