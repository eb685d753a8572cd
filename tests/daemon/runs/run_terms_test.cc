// The bounds of a run where no control group enforces them.
#include "daemon/runs/run_terms.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace wm {
namespace {

class RunLimits : public testing::Test {
 protected:
  static constexpr rlim_t kOwn = 1'000'000;
  static constexpr uid_t kSomebody = 1;

  RunLimits() {
    ::getrlimit(RLIMIT_NPROC, &usual_);
    const rlimit own{std::min(kOwn, usual_.rlim_cur), std::min(kOwn, usual_.rlim_max)};
    if (::geteuid() == 0) ::setrlimit(RLIMIT_NPROC, &own);
  }
  ~RunLimits() override { ::setrlimit(RLIMIT_NPROC, &usual_); }
  RunLimits(const RunLimits&) = delete;
  RunLimits& operator=(const RunLimits&) = delete;

  rlimit usual_{};
};

TEST_F(RunLimits, AreNeverAboveTheDaemonsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "a lowered limit could not be raised again";
  ChildPlan plan;

  set_limits({.tasks_max = 4'000'000}, {"tasks-max"}, kSomebody, plan);

  ASSERT_EQ(plan.bounds.size(), 1U);
  EXPECT_LE(plan.bounds[0].most, kOwn);
}

}  // namespace
}  // namespace wm
