#include "daemon/turn/program_checks.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/text.h"

namespace wm {
namespace {

// Each look has its own line among the helper threads' lines: one that hangs holds up no other.
constexpr std::int64_t kLooks = std::int64_t{1} << 40;
constexpr int kMostHanging = 4;  // Each is a thread.

Error no_answer(const UsersCommand& command) {
  return {ErrorCode::failed, "cannot run '" + printable(command.words.front()) +
                                 "': its file system does not answer; try again once it does"};
}

// Many jobs of a file run the same program.
bool is_same_program(const UsersCommand& one, const UsersCommand& other) {
  return one.user == other.user && one.words.front() == other.words.front();
}

}  // namespace

// The thread's part, which may outlive the loop.
struct ProgramChecks::Answers {
  explicit Answers(std::vector<UsersCommand> list)
      : commands(std::move(list)), results(commands.size()) {}

  const std::vector<UsersCommand> commands;
  std::vector<Result<>> results;  // The thread's, except for the first `answered`.
  std::atomic<std::size_t> answered{0};
};

// The loop's part.
struct ProgramChecks::Look {
  Look(boost::asio::io_context& loop, std::vector<UsersCommand> list, Done handler)
      : patience(loop),
        answers(std::make_shared<Answers>(std::move(list))),
        done(std::move(handler)) {}

  boost::asio::steady_timer patience;
  std::shared_ptr<Answers> answers;
  Done done;  // None: it was called.
};

void ProgramChecks::look(uid_t asker, std::vector<UsersCommand> commands, Done done) {
  const auto look = std::make_shared<Look>(loop_, std::move(commands), std::move(done));
  if (look->answers->commands.empty()) return std::exchange(look->done, {})({});
  if (const auto hanging = hanging_.find(asker);
      hanging != hanging_.end() && hanging->second >= kMostHanging) {
    return boost::asio::post(loop_, [this, look] { give_up(*look); });
  }
  look->patience.expires_after(patience_);
  look->patience.async_wait([this, look, asker](const boost::system::error_code& cancelled) {
    if (cancelled || !look->done) return;
    ++hanging_[asker];
    give_up(*look);
  });
  helpers_.run(
      kLooks + looks_++,
      [answers = look->answers, check = check_] {
        const std::vector<UsersCommand>& list = answers->commands;
        for (std::size_t i = 0; i < list.size(); ++i) {
          const bool same = i > 0 && is_same_program(list[i - 1], list[i]);
          answers->results[i] = same ? answers->results[i - 1] : check(list[i]);
          answers->answered.store(i + 1, std::memory_order_release);
        }
        return true;
      },
      [this, look, asker](bool) {
        look->patience.cancel();
        if (look->done) return std::exchange(look->done, {})(look->answers->results);
        if (--hanging_[asker] == 0) hanging_.erase(asker);
      });
}

void ProgramChecks::give_up(Look& look) {
  const Answers& answers = *look.answers;
  const std::size_t answered = answers.answered.load(std::memory_order_acquire);
  std::vector<Result<>> results(answers.results.begin(),
                                answers.results.begin() + static_cast<std::ptrdiff_t>(answered));
  if (answered < answers.commands.size()) {
    results.emplace_back(std::unexpected(no_answer(answers.commands[answered])));
  }
  std::exchange(look.done, {})(results);
}

}  // namespace wm
