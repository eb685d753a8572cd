// Whether messages go to the journal, or to standard error.
#include "daemon/runs/journal.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wm {
namespace {

TEST(WritesToJournal, OnlyWhereStandardErrorIsItsStream) {
  struct stat status{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const auto named = [](dev_t device, ino_t inode) {
    ::setenv("JOURNAL_STREAM", (std::to_string(device) + ':' + std::to_string(inode)).c_str(), 1);
    return writes_to_journal();
  };
  EXPECT_TRUE(named(status.st_dev, status.st_ino));
  EXPECT_FALSE(named(status.st_dev, status.st_ino + 1)) << "inherited, and sent elsewhere since";
  EXPECT_FALSE(named(status.st_dev + 1, status.st_ino));
  ::setenv("JOURNAL_STREAM", "nonsense", 1);
  EXPECT_FALSE(writes_to_journal());
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(writes_to_journal());
}

}  // namespace
}  // namespace wm
