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

WorkRequest with_terms(const RunTerms& terms) {
  WorkRequest request = runs_as("");
  request.terms = terms;
  return request;
}

// A running daemon is root, or somebody's own: this one is of whoever runs the tests.
TEST(Admission, OnlyRootTakesProcessorTimeFromOthers) {
  const Settings settings;
  const auto error = [&](const RunTerms& terms) {
    const auto refused = check_request(with_terms(terms), settings, kSomebody);
    if (refused) return std::string();
    EXPECT_EQ(refused.error().code, ErrorCode::not_permitted);
    return refused.error().message;
  };
  EXPECT_EQ(error({.nice = -1}), "nice -1 is only for root: give 0 to 19");
  EXPECT_EQ(error({.bounds = {.cpu_weight = 101}}),
            "cpu-weight 101 in a daemon for all users is only for root: give 1 to 100");
  EXPECT_EQ(error({.nice = 0, .io_class = IoClass::best_effort, .bounds = {.cpu_weight = 100}}),
            "");
  for (const RunTerms& terms : {RunTerms{.nice = -20}, {.bounds = {.cpu_weight = 10'000}}}) {
    EXPECT_TRUE(check_request(with_terms(terms), settings, 0));
    EXPECT_FALSE(check_permitted(with_terms(terms), settings.permissions, kSomebody))
        << "which a retry asks for, too";
  }
}

TEST(Admission, TheUserMustExist) {
  const auto refused = check_request(runs_as("nobody-of-that-name"), Settings(), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace wm
