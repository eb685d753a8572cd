// Messages go to the journal, or to standard error.
#include "daemon/runs/journal.h"

#include <cstdlib>
#include <functional>
#include <vector>

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

class JournalLinesTest : public testing::Test {
 protected:
  void print(const std::string& text) { lines_.add(now_, text); }
  void print_lines(int count) {
    for (int i = 0; i < count; ++i) print("usual\n");
  }
  // Returns the messages that were sent, without the usual lines.
  std::vector<std::string> sent() {
    std::erase(sent_, "usual");
    return std::exchange(sent_, {});
  }

  static constexpr int kMostLines = 500;  // Within 30 s.

  TimePoint now_{1'000'000'000s};
  std::vector<std::string> sent_;
  JournalLines lines_{[this](const Journal::Entry& entry) { sent_.push_back(entry.message); },
                      "name", 1, 6};
};

using Sent = std::vector<std::string>;

TEST_F(JournalLinesTest, ALineComesWhenItEnds) {
  print("one\ntw");
  print("o\nhalf");
  EXPECT_EQ(sent(), (Sent{"one", "two"}));
  lines_.finish();
  EXPECT_EQ(sent(), Sent{"half"});
}

TEST_F(JournalLinesTest, AfterAFloodNoLineIsMadeOfTwoHalves) {
  print_lines(kMostLines - 1);
  print("last\nhalf ");
  print("of one that is left out");
  print(", still\nanother\nthe beginning ");
  now_ += 31s;
  print("and the end\nwhole\n");
  lines_.finish();
  EXPECT_EQ(sent(), (Sent{"last", "3 more lines were left out here: see wm logs name", "whole"}));
}

TEST_F(JournalLinesTest, ALineThatHadBegunBeforeTheFloodIsLeftOutAsAWhole) {
  print("half ");
  lines_.add(now_, "of a line\n");
  print_lines(kMostLines - 1);
  print("left ");
  print("out\n");
  now_ += 31s;
  print("whole\n");
  EXPECT_EQ(sent(),
            (Sent{"half of a line", "1 more lines were left out here: see wm logs name", "whole"}));
}

}  // namespace
}  // namespace wm
