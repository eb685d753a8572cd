// Programs on file systems that do not answer.
#include "daemon/turn/program_checks.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace wm {
namespace {

using namespace std::chrono_literals;

class ProgramChecksTest : public testing::Test {
 protected:
  // The hanging threads leave before the file system does.
  ~ProgramChecksTest() override {
    answers_.set_value();
    while (left_ < hanging_) std::this_thread::yield();
  }

  Result<> look_at(const UsersCommand& command) {
    if (command.words.front() == "/hung") {
      ++hanging_;
      await_.wait();
      ++left_;
      return {};
    }
    if (command.words.front() == "/bad") return fail(ErrorCode::invalid, "bad");
    return {};
  }

  std::vector<std::string> look(const std::vector<std::string>& programs, uid_t asker = 1000) {
    std::vector<UsersCommand> commands;
    for (const std::string& program : programs) commands.push_back({{program}, asker});
    std::optional<std::vector<std::string>> told;
    checks_.look(asker, std::move(commands), [&](const std::vector<Result<>>& results) {
      told.emplace();
      for (const Result<>& one : results) told->push_back(one ? "ok" : one.error().message);
    });
    while (!told) loop_.run_one();
    return *told;
  }

  static constexpr const char* kHung =
      "cannot run '/hung': its file system does not answer; try again once it does";

  std::atomic<int> hanging_ = 0;
  std::atomic<int> left_ = 0;
  std::promise<void> answers_;
  std::shared_future<void> await_ = answers_.get_future().share();
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> works_{
      loop_.get_executor()};
  HelperThreads helpers_{loop_};
  ProgramChecks checks_{loop_, helpers_, 50ms,
                        [this](const UsersCommand& command) { return look_at(command); }};
};

using Told = std::vector<std::string>;

TEST_F(ProgramChecksTest, EveryCommandHasItsAnswer) {
  EXPECT_EQ(look({"/a", "/bad", "/b"}), (Told{"ok", "bad", "ok"}));
  EXPECT_EQ(look({}), Told{});
}

TEST_F(ProgramChecksTest, OneThatDoesNotAnswerIsAnError) {
  EXPECT_EQ(look({"/bad", "/hung", "/b"}), (Told{"bad", kHung}));
  EXPECT_EQ(look({"/a"}), Told{"ok"}) << "others are looked at meanwhile";
}

TEST_F(ProgramChecksTest, NobodyHasMoreThanAFewThreadsHang) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(look({"/hung"}), Told{kHung});
  EXPECT_EQ(look({"/hung"}), Told{kHung});
  EXPECT_EQ(hanging_, 4);
  EXPECT_EQ(look({"/a"}, 1001), Told{"ok"});
}

}  // namespace
}  // namespace wm
