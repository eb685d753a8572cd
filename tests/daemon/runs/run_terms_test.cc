// The bounds of a run where no control group enforces them.
#include "daemon/runs/run_terms.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace wm {
namespace {

// True if the bound of a run in a process with a lower limit is not above that.
bool is_bound_by_the_lower_limit() {
  constexpr rlim_t kOwn = 1'000'000;
  constexpr uid_t kSomebody = 1;
  rlimit own{};
  ::getrlimit(RLIMIT_NPROC, &own);
  own.rlim_cur = own.rlim_max = std::min(kOwn, own.rlim_max);
  ChildPlan plan;
  const bool lowered = ::setrlimit(RLIMIT_NPROC, &own) == 0;
  set_limits({.tasks_max = 4'000'000}, {"tasks-max"}, kSomebody, plan);
  return lowered && plan.bounds.size() == 1 && plan.bounds[0].most <= kOwn;
}

// In a child, because a lowered limit cannot be raised again.
TEST(RunLimits, AreNeverAboveTheDaemonsOwn) {
  EXPECT_EXIT(std::_Exit(is_bound_by_the_lower_limit() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace wm
