// The server's bounds, with short times.
#include "daemon/wire/server.h"

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

  // Serves `Echo`, which answers with its parameters; `Flood`, an endless answer; `Page`, a large
  // answer; and `Three`, three large answers.
  void serve(const ServerLimits& limits) {
    const auto listener = listen_at(socket_, 0600);
    ASSERT_TRUE(listener) << listener.error().message;
    server_ = std::make_unique<Server>(
        loop_, *listener, limits,
        [](const Server::Calls& calls) {
          const auto& exchange = calls.front();
          const std::string& method = exchange->call().method;
          if (method == "x.Page") return exchange->reply({{"data", std::string(kPageSize, 'x')}});
          if (method == "x.Three") {
            return exchange->stream([left = 3]() mutable {
              return Exchange::Page{{{"data", std::string(kPageSize, 'x')}}, --left > 0};
            });
          }
          if (method != "x.Flood") return exchange->reply(exchange->call().parameters);
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
  template <class Look>
  auto look(Look look) {
    std::promise<decltype(look(*server_))> seen;
    boost::asio::post(loop_, [&] { seen.set_value(look(*server_)); });
    return seen.get_future().get();
  }
  std::size_t connection_count() {
    return look([](const Server& server) { return server.connection_count(); });
  }
  ClientUse use() {
    return look([](const Server& server) { return server.bounds().sum(); });
  }

  // Connects as another user: root is bound only by the totals.
  std::vector<RawConnection> connect_others(int count) {
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0711));
    ::chmod(socket_.c_str(), 0666);
    std::vector<RawConnection> connections;
    const bool root = ::geteuid() == 0;
    if (root && ::seteuid(65534) != 0) std::abort();
    for (int i = 0; i < count; ++i) connections.emplace_back(socket_);
    if (root && ::seteuid(0) != 0) std::abort();
    return connections;
  }

  // Waits until so much is unread that nothing more is answered.
  void wait_until_unread(std::size_t bytes) {
    while (use().unread < bytes) std::this_thread::yield();
  }

  static constexpr std::size_t kPageSize = 500'000;
  static std::string call_text(const std::string& method, bool more = false) {
    return R"({"method":")" + method + R"(","more":)" + (more ? "true" : "false") + '}' + '\0';
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
        R"({"method":"org.varlink.service.GetInfo","oneway":true})",
        R"({"method":"x.Echo","parameters":{"n":3}})"}) {
    connection.send(std::string(call) + '\0');
  }
  EXPECT_EQ(connection.receive(), R"({"parameters":{"n":2}})");
  EXPECT_EQ(connection.receive(), R"({"parameters":{"n":3}})") << "a oneway call gets no answer";
}

// The method must notice that nobody listens any more.
TEST_F(ServerTest, AnAnswerThatGoesOnEndsWhereNobodyTakesIt) {
  const auto listener = listen_at(socket_, 0600);
  ASSERT_TRUE(listener);
  std::vector<std::shared_ptr<Exchange>> taken;
  server_ = std::make_unique<Server>(
      loop_, *listener, ServerLimits{},
      [&](const Server::Calls& calls) {
        taken.push_back(calls.front());
        calls.front()->stream([first = true]() mutable {
          return std::exchange(first, false) ? std::optional(Exchange::Page{{}, true})
                                             : std::nullopt;
        });
      },
      [] {});
  RawConnection connection(socket_);
  for (const char* oneway : {"true", "false"}) {
    connection.send(std::string(R"({"method":"x.Watch","more":true,"oneway":)") + oneway + '}' +
                    '\0');
  }
  for (int i = 0; i < 4; ++i) {  // Two calls have two pages, and each page takes a turn.
    loop_.poll();
    server_->take_calls();
  }
  loop_.poll();

  ASSERT_EQ(taken.size(), 2U);
  EXPECT_TRUE(taken[0]->abandoned());
  EXPECT_FALSE(taken[1]->abandoned());
}

// Every user has separate connections; ours is one of them, and asks last.
TEST_F(ServerTest, NobodyWaitsBehindAllThatAnotherAsks) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  const auto listener = listen_at(socket_, 0666);
  ASSERT_TRUE(listener);
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  std::vector<uid_t> taken;
  server_ = std::make_unique<Server>(
      loop_, *listener, ServerLimits{.calls_per_turn = 2},
      [&](const Server::Calls& calls) {
        taken.push_back(calls.front()->peer().uid);
        calls.front()->reply({});
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
  EXPECT_FALSE(server_->take_calls()) << "who is alone is served all of it";
  EXPECT_EQ(taken.size(), 6U);
}

// Calls that turns take: whose, and how many at once. Calls of `x.Many` may be taken together.
class PipelinedCalls : public ServerTest {
 protected:
  void listen(const ServerLimits& limits) {
    const auto listener = listen_at(socket_, 0600);
    ASSERT_TRUE(listener);
    server_ = std::make_unique<Server>(
        loop_, *listener, limits,
        [this](const Server::Calls& calls) {
          taken_.push_back(calls.size());
          for (const auto& exchange : calls) {
            if (exchange->call().parameters.contains("keep")) {
              exchange->kept() = std::make_shared<Thousand>();
            }
            waiting_.push_back(exchange);
          }
        },
        [] {}, [](const varlink::Call& call) { return call.method == "x.Many"; });
  }

  // Runs one turn: reads, takes and answers what is there.
  void turn() {
    loop_.restart();
    loop_.poll();
    server_->take_calls();
    for (const auto& exchange : waiting_) exchange->reply(exchange->call().parameters);
    waiting_.clear();
    loop_.restart();
    loop_.poll();
  }

  static std::string numbered(const std::string& method, int number) {
    return R"({"method":"x.)" + method + R"(","parameters":{"n":)" + std::to_string(number) + "}}" +
           '\0';
  }
  static std::string many(int count) {
    std::string calls;
    for (int i = 0; i < count; ++i) calls += numbered("Many", i);
    return calls;
  }
  static std::string answer_to(int number) {
    return R"({"parameters":{"n":)" + std::to_string(number) + "}}";
  }

  struct Thousand : Kept {
    std::size_t bytes() const override { return 1000; }
  };
  std::vector<std::size_t> taken_;
  std::vector<std::shared_ptr<Exchange>> waiting_;
};

TEST_F(PipelinedCalls, OneWhoIsAloneIsServedManyInATurn) {
  listen({});
  RawConnection connection(socket_);
  connection.send(many(50));
  turn();
  EXPECT_EQ(taken_, std::vector<std::size_t>{50});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(connection.receive(), answer_to(i)) << "in their order";
}

TEST_F(PipelinedCalls, ATurnHasABoundOfCallsAndOfBytes) {
  listen({.calls_alone = 40});
  RawConnection connection(socket_);
  connection.send(many(100));
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(taken_, (std::vector<std::size_t>{40, 40, 20}));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(connection.receive(), answer_to(i));

  server_.reset();
  taken_.clear();
  listen({.bytes_per_turn = 350});  // A call has 40 bytes, or 41.
  RawConnection other(socket_);
  other.send(many(15));
  for (int i = 0; i < 2; ++i) turn();
  EXPECT_EQ(taken_, (std::vector<std::size_t>{9, 6}));
}

TEST_F(PipelinedCalls, ConnectionsOfOneUserShareATurn) {
  listen({.calls_alone = 40});
  RawConnection first(socket_);
  RawConnection second(socket_);
  first.send(many(100));
  second.send(numbered("Many", 7));
  turn();
  EXPECT_EQ(second.receive(), answer_to(7)) << "it does not wait behind the other's";
  EXPECT_EQ(taken_.size(), 2U);
  EXPECT_LE(taken_[0] + taken_[1], 40U);
}

TEST_F(PipelinedCalls, WhatMayNotBeTogetherStandsAlone) {
  listen({});
  RawConnection connection(socket_);
  connection.send(many(2) + numbered("One", 2) + numbered("One", 3) + numbered("Many", 4));
  for (int i = 0; i < 4; ++i) turn();
  EXPECT_EQ(taken_, (std::vector<std::size_t>{2, 1, 1, 1}));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(connection.receive(), answer_to(i));
  for (int i = 2; i < 5; ++i) EXPECT_EQ(connection.receive(), answer_to(i));
}

TEST_F(PipelinedCalls, WhatCannotBeReadEndsThemAfterTheAnswersBefore) {
  listen({});
  RawConnection connection(socket_);
  connection.send(many(3) + "x" + '\0' + many(1));
  for (int i = 0; i < 3; ++i) turn();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(connection.receive(), answer_to(i));
  EXPECT_NE(connection.receive().value_or("").find("InvalidRequest"), std::string::npos);
  EXPECT_FALSE(connection.receive()) << "closed";
  EXPECT_EQ(taken_, std::vector<std::size_t>{3});
}

// Each call has a quarter of what a connection may send before it must reserve room.
TEST_F(PipelinedCalls, WhatIsReadAheadIsBoundToo) {
  listen(
      {.message_bytes = 100'000, .clients = {.max_unread = 100'000, .max_unread_total = 100'000}});
  const std::string large =
      R"({"method":"x.Many","parameters":{"data":")" + std::string(4000, 'x') + "\"}}" + '\0';
  std::string calls;
  for (int i = 0; i < 40; ++i) calls += large;
  std::vector<RawConnection> connections;
  for (int i = 0; i < 3; ++i) connections.emplace_back(socket_).send(calls);
  loop_.poll();
  EXPECT_EQ(server_->bounds().sum().incoming, 100'000U) << "one of them, and the others wait";
}

TEST_F(PipelinedCalls, WhatCallsKeepGoesWithTheConnection) {
  listen({.message_time = 20ms});
  {
    RawConnection connection(socket_);
    connection.send(std::string(R"({"method":"x.One","parameters":{"keep":true}})") + '\0');
    turn();
    EXPECT_EQ(server_->bounds().sum().kept, 1000U);
    EXPECT_EQ(server_->bounds().room_to_keep(::geteuid(), 1500), 500U);
    EXPECT_EQ(server_->bounds().room_to_keep(::geteuid() + 1, 1500), 1500U) << "who keeps nothing";
  }
  turn();
  EXPECT_EQ(server_->bounds().sum().kept, 0U);

  RawConnection idle(socket_);
  idle.send(std::string(R"({"method":"x.One","parameters":{"keep":true}})") + '\0');
  turn();
  while (server_->connection_count() > 0) loop_.run_one();
  EXPECT_EQ(server_->bounds().sum().kept, 0U) << "nor does it wait for the next call for ever";
}

// Other users have a turn between two pages.
TEST_F(ServerTest, PagesAreMadeOneATurn) {
  const auto listener = listen_at(socket_, 0600);
  ASSERT_TRUE(listener);
  int pages = 0;
  server_ = std::make_unique<Server>(
      loop_, *listener, ServerLimits{},
      [&](const Server::Calls& calls) {
        calls.front()->stream([&] { return Exchange::Page{{{"n", ++pages}}, true}; });
      },
      [] {});
  RawConnection connection(socket_);
  connection.send(call_text("x.Flood", true));
  loop_.poll();
  for (int turns = 1; turns < 10; ++turns) {
    server_->take_calls();
    loop_.restart();
    loop_.poll();
    EXPECT_LE(pages, turns + 1) << "the second may follow the first at once";
  }
  EXPECT_GT(pages, 5);
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
  serve({.clients = {.max_connections_total = 2}});
  RawConnection quiet(socket_);
  RawConnection lively(socket_);
  EXPECT_TRUE(quiet.call("x.Echo").contains("parameters"));
  EXPECT_TRUE(lively.call("x.Echo").contains("parameters"));
  RawConnection third(socket_);
  EXPECT_TRUE(third.call("x.Echo").contains("parameters"));
  EXPECT_TRUE(lively.call("x.Echo").contains("parameters"));
  EXPECT_FALSE(quiet.receive());
}

// Unread answers are made up to a bound, and all of them once they are read.
TEST_F(ServerTest, WhoDoesNotReadIsNotAnsweredFurther) {
  constexpr std::size_t kBound = 2'000'000;
  serve({.clients = {.max_unread = kBound}});
  auto deaf = connect_others(20);
  for (RawConnection& one : deaf) one.send(call_text("x.Page") + call_text("x.Page"));
  wait_until_unread(kBound);
  if (::geteuid() == 0) {
    EXPECT_TRUE(RawConnection(socket_).call("x.Echo").contains("parameters"))
        << "others are unhurt";
  }
  EXPECT_LT(use().unread, kBound + 2 * kPageSize);

  for (int answer = 0; answer < 2; ++answer) {
    for (RawConnection& one : deaf) EXPECT_GT(one.receive().value_or("").size(), kPageSize);
  }
  while (use().unread > 0) std::this_thread::yield();
}

TEST_F(ServerTest, TheNextPagesOfWhoDoesNotReadWait) {
  constexpr std::size_t kBound = 2'000'000;
  serve({.clients = {.max_unread = kBound}});
  auto deaf = connect_others(20);
  for (RawConnection& one : deaf) one.send(call_text("x.Three", true));
  wait_until_unread(kBound);
  EXPECT_LT(use().unread, kBound + 2 * kPageSize);

  std::vector<std::jthread> readers;
  std::atomic<int> read = 0;
  for (RawConnection& one : deaf) {
    readers.emplace_back([&] {
      for (int page = 0; page < 3; ++page) read += one.receive() ? 1 : 0;
    });
  }
  readers.clear();
  EXPECT_EQ(read, 60);
}

TEST_F(ServerTest, AllTogetherAreBoundAndWhoReadsIsServed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  serve({.clients = {.max_unread_total = 1'000'000}});
  auto deaf = connect_others(20);
  for (RawConnection& one : deaf) one.send(call_text("x.Page"));
  wait_until_unread(1'000'000);
  EXPECT_LT(use().unread, 1'000'000 + 16 * kPageSize) << "what one turn answers";
  EXPECT_TRUE(RawConnection(socket_).call("x.Echo").contains("parameters"));
}

TEST_F(ServerTest, OneConnectionTooManyIsToldSo) {
  serve({.clients = {.max_connections = 2}});
  auto others = connect_others(2);
  for (RawConnection& one : others) one.send(call_text("x.Flood", true));
  wait_until_unread(1);
  while (look([](const Server& server) { return server.bounds().sum().unread; }) < 200'000) {
    std::this_thread::yield();
  }

  auto third = connect_others(1);
  const auto refusal = third[0].receive();
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->find("io.wm.Scheduler.Refused"), std::string::npos) << *refusal;
  EXPECT_NE(refusal->find("limits.max_connections"), std::string::npos) << *refusal;
  EXPECT_FALSE(third[0].receive()) << "closed";
  EXPECT_EQ(look([](const Server& server) { return server.refused(); }), 1U);
}

TEST_F(ServerTest, AnIdleConnectionOfOnesOwnGivesWay) {
  serve({.clients = {.max_connections = 1}});
  auto first = connect_others(1);
  EXPECT_TRUE(first[0].call("x.Echo").contains("parameters"));
  auto second = connect_others(1);
  EXPECT_TRUE(second[0].call("x.Echo").contains("parameters"));
  EXPECT_FALSE(first[0].receive());
}

// Many connections send half of a large call: few are read, and the others wait in their sockets.
TEST_F(ServerTest, LargeCallsAreTakenInFewAtATime) {
  serve({.message_bytes = 1'000'000, .clients = {.max_unread = 2'000'000}});
  auto others = connect_others(10);
  const std::string half =
      R"({"method":"x.Echo","parameters":{"data":")" + std::string(100'000, 'x');
  for (RawConnection& one : others) one.send(half);
  while (use().incoming < 2'000'000) std::this_thread::yield();
  EXPECT_EQ(use().incoming, 2'000'000U);

  for (RawConnection& one : others) one.send(std::string("\"}}") + '\0');
  for (RawConnection& one : others) EXPECT_GT(one.receive().value_or("").size(), 100'000U);
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
