// Who may register what.
#include "daemon/turn/admission.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

constexpr uid_t kSomebody = 1;  // Every system has this user.

WorkRequest runs_as(const std::string& user) {
  WorkRequest request;
  request.unique_name = "backup";
  request.command = {"/bin/true"};
  request.terms.as = user;
  return request;
}

TEST(Admission, OnlyRootGivesJobsToOthers) {
  const Settings settings;
  const auto refused = check_request(runs_as("root"), settings, kSomebody);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_permitted);
  EXPECT_EQ(refused.error().message, "only root may register jobs that run as 'root'");
  EXPECT_FALSE(command_of(runs_as("root"), settings, kSomebody));

  EXPECT_TRUE(check_request(runs_as("daemon"), settings, 0));
  EXPECT_EQ(command_of(runs_as("daemon"), settings, 0).value().user, kSomebody);
  EXPECT_TRUE(check_request(runs_as(""), settings, kSomebody));
}

TEST(Admission, TheUserMustExist) {
  const auto refused = check_request(runs_as("nobody-of-that-name"), Settings(), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace wm
