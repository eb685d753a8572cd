// The files of a run: whatever it puts in their place leads nowhere else.
#include "daemon/runs/run_files.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

class RunFilesTest : public testing::Test {
 protected:
  RunFilesTest() {
    for (const char* part : {"outputs", "work"}) fs::create_directory(directory_.path() / part);
    self_.uid = ::geteuid();
    self_.gid = ::getegid();
  }
  void leave(const std::string& text) const { std::ofstream(files_.output_path("run")) << text; }
  static std::string contents(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory directory_;
  RunFiles files_{directory_.path() / "outputs", directory_.path() / "work"};
  User self_;
};

TEST_F(RunFilesTest, ARunOfAnotherUserGetsItsOutputFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  User other;
  other.uid = 12'345;
  other.gid = 12'346;

  ASSERT_TRUE(files_.prepare("run", other));

  struct stat status{};
  ASSERT_EQ(::stat(files_.output_path("run").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, other.uid);
  EXPECT_EQ(status.st_gid, other.gid);

  fs::remove_all(directory_.path() / "outputs");
  EXPECT_FALSE(files_.prepare("run", other));
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(RunFilesTest, AnOutputIsTakenOnce) {
  leave(R"({"a":1})");

  EXPECT_EQ(files_.take_output("run"), R"({"a":1})");

  EXPECT_EQ(files_.take_output("run"), "");
  EXPECT_FALSE(fs::exists(files_.output_path("run")));
}

TEST_F(RunFilesTest, AnOutputIsReadUpToItsBound) {
  leave(std::string(std::size_t{1} << 20, 'x'));

  const std::string output = files_.take_output("run");

  EXPECT_EQ(output.size(), (std::size_t{256} << 10) + 1) << "more than any may have, and no more";
}

TEST_F(RunFilesTest, NothingButAPlainFileIsRead) {
  const fs::path output = files_.output_path("run");
  std::ofstream(directory_.path() / "secret") << "secret";

  fs::create_symlink(directory_.path() / "secret", output);
  EXPECT_EQ(files_.take_output("run"), "");
  fs::remove(output);

  ASSERT_EQ(::mkfifo(output.c_str(), 0600), 0);
  EXPECT_EQ(files_.take_output("run"), "") << "nor does anybody wait for a writer";
}

TEST_F(RunFilesTest, AStopReasonIsForTheRunToRead) {
  files_.tell_stop_reason("run", StopReason::timeout);

  EXPECT_EQ(contents(files_.stop_reason_path("run")), "timeout\n");
  struct stat status{};
  ASSERT_EQ(::stat(files_.stop_reason_path("run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U) << "whoever it runs as";
}

TEST_F(RunFilesTest, AreGoneOnceTheyAreRemoved) {
  leave("x");
  files_.tell_stop_reason("run", StopReason::timeout);
  std::ofstream(files_.output_path("another")) << "y";

  files_.remove("run");
  EXPECT_FALSE(fs::exists(files_.output_path("run")));
  EXPECT_FALSE(fs::exists(files_.stop_reason_path("run")));

  EXPECT_EQ(files_.remove_all(), 1);
  EXPECT_TRUE(fs::is_empty(directory_.path() / "outputs"));
}

}  // namespace
}  // namespace wm
