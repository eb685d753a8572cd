// Checks the values written into control groups, on plain directories that look like groups.
#include "daemon/runs/cgroups.h"

#include <fstream>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

class CgroupBounds : public testing::Test {
 protected:
  void make(const std::string& name) const { std::ofstream(directory_.path() / name) << "none\n"; }
  std::string contents(const std::string& name) const {
    std::ifstream file(directory_.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool set(bool unified, const Bounds& bounds) const {
    return set_bounds(directory_.path(), {unified, true, true, true}, bounds);
  }

  TemporaryDirectory directory_;
};

TEST_F(CgroupBounds, OfAnotherRunAreNotInherited) {
  for (const char* name : {"memory.max", "memory.swap.max", "cpu.weight", "pids.max"}) make(name);
  ASSERT_TRUE(set(true, {.memory_max = 33554432, .cpu_weight = 7, .tasks_max = 9}));
  EXPECT_EQ(contents("memory.max") + ' ' + contents("memory.swap.max"), "33554432 0");
  EXPECT_EQ(contents("cpu.weight") + ' ' + contents("pids.max"), "7 9");

  ASSERT_TRUE(set(true, {}));
  EXPECT_EQ(contents("memory.max") + ' ' + contents("memory.swap.max"), "max max");
  EXPECT_EQ(contents("cpu.weight") + ' ' + contents("pids.max"), "100 max");
}

TEST_F(CgroupBounds, OfVersion1AreNotInheritedEither) {
  for (const char* name : {"memory.limit_in_bytes", "cpu.shares", "pids.max"}) make(name);
  ASSERT_TRUE(set(false, {.memory_max = 33554432, .cpu_weight = 200, .tasks_max = 9}));
  EXPECT_EQ(contents("memory.limit_in_bytes"), "33554432") << "without a file for swap";
  EXPECT_EQ(contents("cpu.shares") + ' ' + contents("pids.max"), "2048 9");

  ASSERT_TRUE(set(false, {}));
  EXPECT_EQ(contents("memory.limit_in_bytes"), "-1");
  EXPECT_EQ(contents("cpu.shares") + ' ' + contents("pids.max"), "1024 max");
}

TEST_F(CgroupBounds, ThatCannotBeSetAreToldOf) {
  for (const char* name : {"memory.max", "cpu.weight"}) make(name);
  EXPECT_FALSE(set(true, {.memory_max = 33554432}));
  EXPECT_EQ(errno, ENOENT);
}

// The group stands for one that contains another group that nobody may remove.
TEST(CgroupsTest, AGroupThatCannotBeRemovedHoldsUpNoStart) {
  const TemporaryDirectory directory;
  struct stat status{};
  ASSERT_EQ(::stat(directory.path().c_str(), &status), 0);
  const auto base = directory.path() / fmt::format("wm-{:x}-{:x}", status.st_dev, status.st_ino);
  std::filesystem::create_directories(base / "0" / "inner");
  std::ofstream(base / "0" / "inner" / "stays") << "x";
  std::ofstream(directory.path() / "cgroup") << base.string() << '\n';

  Cgroups cgroups(directory.path());
  cgroups.end_all();

  EXPECT_TRUE(std::filesystem::exists(base / "0" / "inner"));
  cgroups.leave();
}

}  // namespace
}  // namespace wm
