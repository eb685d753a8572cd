// The server's bounds, with short times.
#include "daemon/server.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/programs.h"

namespace wm {
namespace {

using namespace std::chrono_literals;

class ServerTest : public testing::Test {
 protected:
  ~ServerTest() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  // Serves `Echo`, which answers with its parameters, and `Flood`, whose answer has no end.
  void serve(const ServerLimits& limits) {
    const auto listener = listen_at(socket_, 0600);
    ASSERT_TRUE(listener) << listener.error().message;
    server_ = std::make_unique<Server>(
        loop_, *listener, limits,
        [](const std::shared_ptr<Exchange>& exchange) {
          if (exchange->call().method != "x.Flood") {
            return exchange->reply(exchange->call().parameters);
          }
          exchange->stream(
              [] { return Exchange::Page{{{"data", std::string(100'000, 'x')}}, true}; });
        },
        [] {});
    thread_ = std::jthread([this] {
      while (loop_.run_one() > 0) {
        if (server_->take_calls()) boost::asio::post(loop_, [] {});
      }
    });
  }

  // The server lives on its loop's thread.
  std::size_t connection_count() {
    std::promise<std::size_t> count;
    boost::asio::post(loop_, [&] { count.set_value(server_->connection_count()); });
    return count.get_future().get();
  }

  TemporaryDirectory directory_;
  std::string socket_ = (directory_.path() / "socket").string();
  boost::asio::io_context loop_;
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

TEST_F(ServerTest, AnswersCallAfterCall) {
  serve({});
  RawConnection connection(socket_);
  EXPECT_EQ(connection.call("x.Echo", {{"n", 1}}).at("parameters").at("n"), 1);
  for (const char* call :
       {R"({"method":"x.Echo","parameters":{"n":2}})", R"({"method":"x.Echo","oneway":true})",
        R"({"method":"x.Echo","parameters":{"n":3}})"}) {
    connection.send(std::string(call) + '\0');
  }
  EXPECT_EQ(connection.receive(), R"({"parameters":{"n":2}})");
  EXPECT_EQ(connection.receive(), R"({"parameters":{"n":3}})") << "a oneway call gets no answer";
}

// Every user asks from connections of its own; ours is one of them, and asks last.
TEST_F(ServerTest, NobodyWaitsBehindAllThatAnotherAsks) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  const auto listener = listen_at(socket_, 0666);
  ASSERT_TRUE(listener);
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  std::vector<uid_t> taken;
  server_ = std::make_unique<Server>(
      loop_, *listener, ServerLimits{.calls_per_turn = 2},
      [&](const std::shared_ptr<Exchange>& exchange) {
        taken.push_back(exchange->peer().uid);
        exchange->reply({});
      },
      [] {});
  std::vector<RawConnection> connections;
  const auto ask = [&] {
    connections.emplace_back(socket_);
    connections.back().send(std::string(R"({"method":"x.Echo"})") + '\0');
  };
  ASSERT_EQ(::seteuid(65534), 0);
  for (int i = 0; i < 5; ++i) ask();
  ASSERT_EQ(::seteuid(0), 0);
  ask();
  loop_.poll();

  EXPECT_TRUE(server_->take_calls());
  EXPECT_EQ(taken, (std::vector<uid_t>{0, 65534, 65534}));
  EXPECT_TRUE(server_->take_calls());
  EXPECT_FALSE(server_->take_calls());
  EXPECT_EQ(taken.size(), 6U);
}

TEST_F(ServerTest, AnswersEveryoneWhileOthersComeAndGo) {
  serve({});
  std::atomic<int> unanswered = 0;
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < 4; ++client) {
      clients.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          if (!RawConnection(socket_).call("x.Echo").contains("parameters")) ++unanswered;
        }
      });
    }
  }
  EXPECT_EQ(unanswered, 0);
}

TEST_F(ServerTest, HalfAMessageIsCutOffAfterItsTime) {
  serve({.message_time = 20ms});
  RawConnection half(socket_);
  RawConnection idle(socket_);
  half.send("{");
  EXPECT_FALSE(half.receive()) << "closed";
  EXPECT_TRUE(idle.call("x.Echo").contains("parameters")) << "silence between messages is no fault";
}

TEST_F(ServerTest, AClientThatDoesNotReadIsCutOffAfterItsTime) {
  serve({.write_time = 20ms});
  RawConnection deaf(socket_);
  deaf.send(std::string(R"({"method":"x.Flood","more":true})") + '\0');
  RawConnection other(socket_);
  EXPECT_TRUE(other.call("x.Echo").contains("parameters"));
  while (connection_count() > 1) std::this_thread::yield();
  std::size_t messages = 0;
  while (deaf.receive()) ++messages;
  EXPECT_LT(messages, 100U) << "no more than its buffers hold";
}

TEST_F(ServerTest, TheQuietestConnectionGivesWay) {
  serve({.connections = 2});
  RawConnection quiet(socket_);
  RawConnection lively(socket_);
  EXPECT_TRUE(quiet.call("x.Echo").contains("parameters"));
  EXPECT_TRUE(lively.call("x.Echo").contains("parameters"));
  RawConnection third(socket_);
  EXPECT_TRUE(third.call("x.Echo").contains("parameters"));
  EXPECT_TRUE(lively.call("x.Echo").contains("parameters"));
  EXPECT_FALSE(quiet.receive());
}

TEST_F(ServerTest, AFileIsNotReplacedByASocket) {
  const std::string file = (directory_.path() / "file").string();
  ASSERT_EQ(run_program({"touch", file}).status, 0);
  EXPECT_FALSE(listen_at(file, 0600));
  EXPECT_FALSE(listen_at("/" + std::string(200, 'x'), 0600));
}

TEST_F(ServerTest, ASocketThatNobodyAnswersIsReplaced) {
  ::close(listen_at(socket_, 0600).value());
  serve({});
  EXPECT_TRUE(RawConnection(socket_).call("x.Echo").contains("parameters"));
  EXPECT_FALSE(listen_at(socket_, 0600)) << "one that is answered is not";
}

}  // namespace
}  // namespace wm
