// The log of a run, also on a disk that is full for a while.
#include "daemon/runs/log_file.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

constexpr TimePoint kPrinted{1'000'000'000s};

// A file with a size limit stands for a full disk: it may also take only a part of a write.
class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &usual_);
  }
  ~LogFileTest() override {
    make_room();
    ::signal(SIGXFSZ, before_);
  }

  void leave_room_for(rlim_t bytes) const {
    const rlimit little{bytes, usual_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &little);
  }
  void make_room() const { ::setrlimit(RLIMIT_FSIZE, &usual_); }

  bool print(const std::string& text, LogStream stream = LogStream::output) {
    return log_.append(stream, kPrinted, text);
  }

  // Shows it as `text`, `[missing N]` and `[dropped N]`.
  std::string contents(std::int64_t after = 0) const {
    LogReader reader(path_);
    reader.skip_to(after);
    std::string text;
    while (const auto part = reader.next()) {
      if (part->dropped > 0) text += "[dropped " + std::to_string(part->dropped) + "]";
      if (part->missing > 0) text += "[missing " + std::to_string(part->missing) + "]";
      text += part->bytes;
    }
    return text;
  }

  static constexpr std::int64_t kMost = 2000;

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "log";
  LogFile log_{path_, kMost};
  rlimit usual_{};
  sighandler_t before_ = SIG_DFL;
};

TEST_F(LogFileTest, GoesOnAfterADiskThatWasFullAtItsBeginning) {
  for (const rlim_t room : {0, 7}) {
    leave_room_for(room);
    EXPECT_FALSE(print("lost\n"));
  }
  make_room();
  EXPECT_TRUE(print("kept\n"));
  EXPECT_EQ(contents(), "[missing 10]kept\n");
}

TEST_F(LogFileTest, GoesOnAfterADiskThatWasFullInBetween) {
  print("one\n");
  leave_room_for(60);
  EXPECT_FALSE(print("lost\n"));
  EXPECT_FALSE(print("lost, too\n", LogStream::errors));
  make_room();
  print("two\n");
  print("three\n");
  EXPECT_EQ(contents(), "one\n[missing 5][missing 10]two\nthree\n");
  EXPECT_EQ(contents(4 + 5 + 10), "two\nthree\n") << "what is missing counts as printed";
}

TEST_F(LogFileTest, SaysWhatIsMissingAtItsEnd) {
  print("one\n");
  leave_room_for(60);
  print("lost\n");
  make_room();
  log_.finish(kPrinted);
  EXPECT_EQ(contents(), "one\n[missing 5]");
}

TEST_F(LogFileTest, KeepsTheSegmentBeforeOneThatCannotBeBegun) {
  const std::string line(700, 'x');
  print(line);
  leave_room_for(0);
  EXPECT_FALSE(print(std::string(800, 'y')));
  EXPECT_EQ(contents(), line);
  LogFile next(path_, kMost);
  next.resume();
  make_room();
  next.append(LogStream::output, kPrinted, "end\n");
  EXPECT_EQ(contents(), line + "end\n");
  EXPECT_TRUE(print("end\n"));
}

TEST_F(LogFileTest, DropsTheOldestAndCountsIt) {
  for (const char letter : {'a', 'b', 'c', 'd'}) print(std::string(600, letter));
  EXPECT_EQ(contents(), "[dropped 1200]" + std::string(600, 'c') + std::string(600, 'd'));
  EXPECT_EQ(contents(1800), std::string(600, 'd'));
  EXPECT_EQ(contents(600), "[dropped 600]" + std::string(600, 'c') + std::string(600, 'd'));
}

TEST_F(LogFileTest, WhatWasPutBackIsStillToCome) {
  print("one\n");
  print("two\n");
  LogReader reader(path_);
  auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(reader.position(), 4);
  reader.put_back(std::move(*first));
  EXPECT_EQ(reader.position(), 0);
  EXPECT_EQ(reader.next()->bytes, "one\n");
  EXPECT_EQ(reader.next()->bytes, "two\n");
}

}  // namespace
}  // namespace wm
