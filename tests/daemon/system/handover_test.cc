// The handover from one program to the next in the same process. Here the next one is a shell,
// which prints what it was given.
#include "daemon/system/handover.h"

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/system/memory_file.h"
#include "daemon/system/unique_fd.h"

namespace wm {
namespace {

namespace json = boost::json;

bool is_closed_at_exec(int descriptor) { return (::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0; }

// Takes the handover over as the next program would.
std::optional<Handover> take(const json::object& document) {
  const UniqueFd file = memory_file(json::serialize(document));
  ::setenv("WM_HANDOVER", std::to_string(::dup(file.get())).c_str(), 1);
  return Handover::take();
}

TEST(HandoverTest, TheNextProgramGetsTheFileAndWhatIsKept) {
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  const UniqueFd reads(pipe[0]);
  UniqueFd kept(pipe[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    Handover handover;
    handover.parts["sensors"] = "all";
    handover.keep(kept.get());
    const std::string script = "cat /proc/self/fd/$WM_HANDOVER >&" + std::to_string(kept.get());
    (void)handover.exec("/bin/sh", {"-c", script});
    ::_exit(1);
  }
  kept.reset();
  int status = 0;
  ::waitpid(child, &status, 0);
  std::array<char, 4096> text{};
  const ssize_t length = ::read(reads.get(), text.data(), text.size());

  EXPECT_EQ(status, 0);
  const auto said = json::parse({text.data(), static_cast<std::size_t>(length)}).as_object();
  EXPECT_EQ(said.at("pid"), child);
  EXPECT_EQ(said.at("parts"), (json::object{{"sensors", "all"}}));
}

TEST(HandoverTest, AProgramThatCannotBeRunLeavesAllAsItWas) {
  const UniqueFd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Handover handover;
  handover.keep(kept.get());

  const Error problem = handover.exec("/nonexistent/wmd", {});

  EXPECT_EQ(problem.message, "cannot run /nonexistent/wmd: No such file or directory");
  EXPECT_TRUE(is_closed_at_exec(kept.get())) << "runs do not inherit it";
  EXPECT_FALSE(std::getenv("WM_HANDOVER"));
}

TEST(HandoverTest, IsTakenOnceByTheSameProcess) {
  const auto taken = take({{"format", 1}, {"pid", ::getpid()}, {"parts", {{"runs", 3}}}});

  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->parts, (json::object{{"runs", 3}}));
  EXPECT_FALSE(Handover::take());
}

TEST(HandoverTest, OfAnotherFormatOrProcessIsNotTaken) {
  EXPECT_FALSE(take({{"format", 2}, {"pid", ::getpid()}, {"parts", json::object()}}));
  EXPECT_FALSE(take({{"format", 1}, {"pid", ::getppid()}, {"parts", json::object()}}));
}

TEST(HandoverTest, AVariableThatNamesNoHandoverClosesNothing) {
  for (const char* value : {"no number", "", "-1", "0"}) {
    ::setenv("WM_HANDOVER", value, 1);
    EXPECT_FALSE(Handover::take()) << value;
    EXPECT_NE(::fcntl(STDIN_FILENO, F_GETFD), -1) << value;
  }
}

TEST(HandoverTest, AKeptDescriptorIsClosedToChildrenAgain) {
  const UniqueFd kept(::open("/dev/null", O_RDONLY));

  EXPECT_EQ(kept_descriptor({{"output", kept.get()}}, "output"), kept.get());

  EXPECT_TRUE(is_closed_at_exec(kept.get()));
  EXPECT_EQ(kept_descriptor({{"output", -1}}, "output"), -1);
}

}  // namespace
}  // namespace wm
