// The logs that go first, and the share of a file system that logs may have.
#include "daemon/turn/log_space.h"

#include <gtest/gtest.h>

#include "tests/support/insert_job.h"
#include "tests/support/memory_store.h"
#include "tests/support/now.h"
#include "tests/support/world.h"

namespace wm {
namespace {

constexpr std::int64_t kMega = std::int64_t{1} << 20;
constexpr std::int64_t kGiga = std::int64_t{1} << 30;

TEST(LogSpaceTest, ATenthOfTheFileSystemAndItsReserve) {
  const KeepLimits limits;
  EXPECT_EQ(most_log_bytes(limits, {20 * kGiga, 10 * kGiga}, 0), 2 * kGiga);
  EXPECT_EQ(most_log_bytes(limits, {400 * kGiga, 100 * kGiga}, 0), 4 * kGiga);
  EXPECT_EQ(most_log_bytes(limits, {20 * kGiga, 2 * kGiga}, 1500 * kMega), 476 * kMega)
      << "a gibibyte is missing in the reserve of three";
  EXPECT_EQ(most_log_bytes(limits, {20 * kGiga, 0}, kGiga), 16 * kMega) << "in any case";
  EXPECT_GT(most_log_bytes(limits, {}, kGiga), 1000 * kGiga) << "it does not tell its size";
}

TEST(LogSpaceTest, TheSettingsSayOtherwise) {
  KeepLimits limits{.max_log_space_total = 10 * kGiga, .keep_free = 0};
  EXPECT_EQ(most_log_bytes(limits, {20 * kGiga, kGiga}, 2 * kGiga), 3 * kGiga);
  limits.max_log_space_total = kMega;
  EXPECT_EQ(most_log_bytes(limits, {20 * kGiga, 9 * kGiga}, 0), kMega);
}

class LogsOfUsers : public testing::Test {
 protected:
  // Adds runs of that user that have each printed that much, one after the other.
  void add_runs(uid_t owner, int count, std::int64_t bytes) {
    WorkInfo info;
    info.work.owner = owner;
    info.request = oneoff("a");
    store_.begin();
    const WorkId id = insert_job(store_, info);
    for (int number = 1; number <= count; ++number) {
      RunInfo run;
      run.work = id;
      run.run = number;
      store_.start_run(run);
      run.finished_at = kNow;
      run.result = RunResult{};
      store_.end_run(run);
      store_.save_log_size(id, number, bytes);
    }
    store_.commit();
  }
  std::vector<std::int64_t> left() {
    std::vector<std::int64_t> bytes;
    for (const OwnerUse& use : store_.uses()) bytes.push_back(use.log_bytes);
    return bytes;
  }

  MemoryStore store_;
};

TEST_F(LogsOfUsers, OfEachWhoHasTooManyTheOldestGo) {
  add_runs(1, 5, 100);
  add_runs(2, 2, 100);
  const RemovedLogs removed = make_room_for_logs(store_, {.max_log_space = 250}, {});
  EXPECT_TRUE(removed.all);
  EXPECT_EQ(removed.runs, (std::vector<ForgottenRun>{{1, 1}, {1, 2}, {1, 3}}));
  EXPECT_EQ(left(), (std::vector<std::int64_t>{200, 200}));
}

TEST_F(LogsOfUsers, WhoHasMostMakesRoomForAll) {
  add_runs(1, 10, 100);
  add_runs(2, 3, 100);
  add_runs(3, 5, 100);
  EXPECT_TRUE(make_room_for_logs(store_, {.max_log_space_total = 1'000}, {}).all);
  EXPECT_EQ(left()[1], 300) << "who has few keeps them";
  EXPECT_LE(left()[0] + left()[2], 700);
  EXPECT_GE(left()[0] + left()[2], 600);
}

TEST_F(LogsOfUsers, ManyGoInSeveralTurns) {
  add_runs(1, 2'500, 1);
  const KeepLimits limits{.max_log_space = 0};
  EXPECT_FALSE(make_room_for_logs(store_, limits, {}).all);
  EXPECT_FALSE(make_room_for_logs(store_, limits, {}).all);
  EXPECT_TRUE(make_room_for_logs(store_, limits, {}).all);
  EXPECT_EQ(left(), std::vector<std::int64_t>{0});
}

}  // namespace
}  // namespace wm
