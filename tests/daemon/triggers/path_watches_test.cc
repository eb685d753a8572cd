// Triggers on real files: scans notice every change, and none is missed.
#include "daemon/triggers/path_watches.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

class Paths : public testing::Test {
 protected:
  std::string in(const std::string& name) const { return (directory_.path() / name).string(); }
  void write(const std::string& name, const std::string& text = "x") {
    std::ofstream(in(name), std::ios::app) << text;
  }

  TemporaryDirectory directory_;
};

class ScanPaths : public Paths {
 protected:
  std::int64_t scan(const std::string& glob) {
    const PathScan found = scan_paths(-1, {in(glob)});
    EXPECT_EQ(found.problem, "");
    return found.fingerprint;
  }

  // Returns whether the scan notices the change that `body` makes.
  template <class Body>
  bool sees(const std::string& glob, Body body) {
    const std::int64_t before = scan(glob);
    EXPECT_EQ(scan(glob), before);
    body();
    return scan(glob) != before;
  }
};

TEST_F(ScanPaths, FilesThatComeGrowAndGo) {
  EXPECT_TRUE(sees("*.txt", [&] { write("a.txt"); }));
  EXPECT_TRUE(sees("*.txt", [&] { write("a.txt"); }));
  EXPECT_TRUE(sees("*.txt", [&] { fs::rename(in("a.txt"), in("b.txt")); }));
  EXPECT_TRUE(sees("*.txt", [&] { fs::last_write_time(in("b.txt"), fs::file_time_type{}); }));
  EXPECT_TRUE(sees("*.txt", [&] { fs::remove(in("b.txt")); }));
}

TEST_F(ScanPaths, NothingElse) {
  write("a.txt");
  EXPECT_FALSE(sees("*.txt", [&] { write("b.jpg"); }));
  EXPECT_FALSE(sees("*", [&] { write(".hidden"); }));
  EXPECT_FALSE(sees("a.txt", [&] { fs::permissions(in("a.txt"), fs::perms::owner_all); }));
  fs::create_directory(in("deep"));
  EXPECT_FALSE(sees("*", [&] { write("deep/a.txt"); })) << "a pattern does not stand for contents";
}

TEST_F(ScanPaths, ADirectoryStandsForWhatIsInIt) {
  fs::create_directories(in("in/deeper"));
  EXPECT_TRUE(sees("in", [&] { write("in/.hidden"); }));
  EXPECT_FALSE(sees("in", [&] { write("in/deeper/a"); }));
  EXPECT_TRUE(sees("in/", [&] { fs::remove_all(in("in")); }));
}

TEST_F(ScanPaths, PatternsAnywhereInThePath) {
  EXPECT_TRUE(sees("*/in/[ab]?", [&] {
    fs::create_directories(in("x/in"));
    write("x/in/a1");
  }));
  EXPECT_FALSE(sees("*/in/[ab]?", [&] { write("x/in/c1"); }));
}

TEST_F(ScanPaths, SaysWhatItCannotLookAt) {
  constexpr uid_t kNobody = 65'534;
  fs::create_directory(in("closed"));
  ::chmod(in("closed").c_str(), 0);
  ::chmod(directory_.path().c_str(), 0755);
  std::thread([&] {
    if (::geteuid() == 0) ::setfsuid(kNobody);  // For this thread only.
    EXPECT_EQ(scan_paths(-1, {in("closed/*")}).problem,
              "cannot watch " + in("closed/") + ": Permission denied");
    EXPECT_EQ(scan_paths(-1, {in("*/*")}).problem, "") << "it is not meant";
  }).join();
  ::chmod(in("closed").c_str(), 0700);
}

class PathWatchesTest : public Paths {
 protected:
  static constexpr WorkId kWork = 1;
  static constexpr WorkId kSentinel = 2;

  // Looks at the paths as a registration does.
  std::int64_t look(const PathWatches::Globs& globs) {
    std::optional<std::int64_t> found;
    watches_.look(::geteuid(), {globs}, [&](const Result<std::vector<std::int64_t>>& seen) {
      found = seen.value().front();
    });
    while (!found) loop_.run_one();
    return *found;
  }

  void watch(const std::string& glob) {
    watches_.watch(kWork, ::geteuid(), {in(glob)}, look({in(glob)}));
    watches_.watch(kSentinel, ::geteuid(), {in("sentinel")}, look({in("sentinel")}));
    catch_up();
  }

  // Waits until a change that was made is reported and handled completely.
  void expect_change() {
    wait_for(kWork);
    catch_up();
  }

  void wait_for(WorkId id) {
    while (!std::exchange(changed_[id], false)) loop_.run_one();
  }

  // Waits for earlier events: they come in order, and one user's scans are taken in turn.
  void catch_up() {
    for (int i = 0; i < 2; ++i) {
      changed_[kSentinel] = false;
      write("sentinel");
      wait_for(kSentinel);
      look({in("sentinel")});
    }
    changed_[kWork] = false;
  }

  boost::asio::io_context loop_{1};
  std::map<WorkId, bool> changed_;
  HelperThreads helpers_{loop_};
  Limits limits_;
  PathWatches watches_{loop_, helpers_, limits_, [this](WorkId id) { changed_[id] = true; }};
};

TEST_F(PathWatchesTest, TellOfEveryKindOfChange) {
  watch("*.txt");
  write("a.txt");
  expect_change();
  write("a.txt");
  expect_change();
  fs::rename(in("a.txt"), in("b.txt"));
  expect_change();
  fs::remove(in("b.txt"));
  expect_change();
}

TEST_F(PathWatchesTest, AChangeBetweenTheLookAndTheWatchCounts) {
  const std::int64_t seen = look({in("*")});
  write("a");
  watches_.watch(kWork, ::geteuid(), {in("*")}, seen);
  wait_for(kWork);
}

TEST_F(PathWatchesTest, FollowAPathThatAppearsLaterAndComesBack) {
  watch("deep/*/in/*.txt");
  for (int i = 0; i < 3; ++i) {
    fs::create_directories(in("deep/a/in"));
    write("deep/a/in/x.txt");
    expect_change();
    fs::remove_all(in("deep"));
    expect_change();
  }
}

TEST_F(PathWatchesTest, ADirectoryMovedAwayIsAChangeAndItsSuccessorIsWatched) {
  fs::create_directories(in("in"));
  write("in/a");
  watch("in/*");
  fs::rename(in("in"), in("out"));
  expect_change();
  fs::create_directory(in("in"));
  write("in/b");
  expect_change();
}

TEST_F(PathWatchesTest, ALinkThatIsTurnedIsAChange) {
  fs::create_directories(in("one"));
  fs::create_directories(in("two"));
  write("two/a");
  fs::create_directory_symlink("one", in("current"));
  watch("current/*");
  fs::create_directory_symlink("two", in("new"));
  fs::rename(in("new"), in("current"));
  expect_change();
  write("two/b");
  expect_change();
}

TEST_F(PathWatchesTest, ALostEventIsFoundByLookingAgain) {
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int most = 0;
  limit >> most;
  if (most > 100'000) GTEST_SKIP() << "the kernel queues " << most << " events";
  fs::create_directories(in("in"));
  fs::create_directories(in("noise"));
  watch("in/*");
  watches_.watch(3, ::geteuid(), {in("noise/never")}, look({in("noise/never")}));
  look({});  // It is watched by now.
  for (int i = 0; i <= most / 2; ++i) {
    write("noise/a");
    fs::remove(in("noise/a"));
  }
  write("in/x");
  wait_for(kWork);
}

TEST_F(PathWatchesTest, WhatIsMountedIsAChange) {
  fs::create_directory(in("in"));
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    GTEST_SKIP() << "it takes the right to mount";
  }
  watch("in/*");
  ASSERT_EQ(::mount("none", in("in").c_str(), "tmpfs", 0, nullptr), 0);
  write("in/a");
  expect_change();
  write("in/b");
  expect_change();
  ::umount2(in("in").c_str(), MNT_DETACH);
}

TEST_F(PathWatchesTest, AnOwnerMayWatchSoManyDirectories) {
  for (const char* name : {"a", "b", "c"}) fs::create_directories(in(std::string("in/") + name));
  limits_.max_watches = 4;
  std::string refused;
  watches_.look(::geteuid(), {{in("in/*/x")}},
                [&](const auto& seen) { refused = seen ? "" : seen.error().message; });
  while (refused.empty()) loop_.run_one();
  EXPECT_NE(refused.find("may watch at most 4 (limits.max_watches)"), std::string::npos) << refused;

  limits_.max_watches = 100;
  const std::int64_t seen = look({in("in/*/x")});
  limits_.max_watches = 6;  // Other users came first.
  watches_.watch(kWork, ::geteuid(), {in("in/*/x")}, seen);
  watches_.watch(kSentinel, ::geteuid(), {in("sentinel")}, look({in("sentinel")}));
  catch_up();
  EXPECT_NE(watches_.problem(kWork), "");
  EXPECT_EQ(watches_.use().unwatched, watches_.problem(kWork));
  EXPECT_LE(watches_.use().most, 6U);
  write("in/a/x");
  watches_.try_again();
  expect_change();
  limits_.max_watches = 100;
  watches_.try_again();
  catch_up();
  EXPECT_EQ(watches_.problem(kWork), "");
  write("in/b/x");
  expect_change();
}

TEST_F(PathWatchesTest, NothingIsHeldOnceNothingIsWatched) {
  const auto descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = descriptors();
  watch("in/*");
  EXPECT_GT(descriptors(), before);
  watches_.forget(kWork);
  watches_.forget(kSentinel);
  EXPECT_EQ(descriptors(), before);
}

}  // namespace
}  // namespace wm
