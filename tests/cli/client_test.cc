// A client and its daemon: what each answer becomes, and what silence does.
#include "cli/client.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"

namespace wm::cli {
namespace {

using boost::json::object;

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* place = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(listening_, place, sizeof address), 0);
    EXPECT_EQ(::listen(listening_, 1), 0);
    client_ = Client::connect(socket_);
    peer_ = ::accept(listening_, nullptr, nullptr);
  }
  ~ClientTest() override {
    ::close(peer_);
    ::close(listening_);
  }

  // The daemon's answers are in the socket before anybody asks.
  void answer(const object& message) {
    const std::string text = boost::json::serialize(message) + '\0';
    EXPECT_EQ(::write(peer_, text.data(), text.size()), std::ssize(text));
  }
  Error error_for(std::string_view name, object parameters = {}) {
    answer({{"error", name}, {"parameters", std::move(parameters)}});
    const auto reply = client_->call("List", {});
    return reply ? Error{} : reply.error();
  }
  object asked() const {
    char buffer[4096];
    const ssize_t length = ::read(peer_, buffer, sizeof buffer);
    return boost::json::parse(std::string_view(buffer, static_cast<std::size_t>(length - 1)))
        .as_object();
  }

  TemporaryDirectory directory_;
  std::string socket_ = (directory_.path() / "s").string();
  int listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int peer_ = -1;
  Result<Client> client_ = fail(ErrorCode::failed, "not yet");
};

TEST_F(ClientTest, AsksByNameAndReturnsTheParameters) {
  answer({{"parameters", object{{"x", 1}}}});
  EXPECT_EQ(client_->call("List", {{"all", true}}), (object{{"x", 1}}));
  EXPECT_EQ(asked(),
            (object{{"method", "io.wm.Scheduler.List"}, {"parameters", object{{"all", true}}}}));
  EXPECT_TRUE(client_->heard());
}

TEST_F(ClientTest, TellsOfEachPeriodWithoutAnAnswer) {
  int silent = 0;
  client_->set_on_silence(std::chrono::milliseconds(1), [&] {
    if (++silent == 2) answer({});
  });
  EXPECT_TRUE(client_->call("List", {}));
  EXPECT_EQ(silent, 2);

  client_->set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(3));
  EXPECT_FALSE(client_->call("List", {})) << "a deadline still counts";
  EXPECT_TRUE(client_->timed_out());
}

TEST_F(ClientTest, SpeaksForAnotherUserOnceItIsTold) {
  client_->act_for(1000);
  answer({});
  EXPECT_TRUE(client_->call("List", {}));
  EXPECT_EQ(asked().at("parameters"), (object{{"owner", 1000}}));
}

TEST_F(ClientTest, ErrorsSayWhatWasWrongAndTheWayOut) {
  const auto named = [](const char* name) { return std::string("io.wm.Scheduler.") + name; };
  EXPECT_EQ(error_for(named("NoSuchWork"), {{"uniqueName", "a"}}),
            (Error{ErrorCode::not_found, "no such job: 'a': see wm list --all"}));
  EXPECT_EQ(error_for(named("NoSuchWork"), {{"message", "gone"}}).message, "gone");
  EXPECT_EQ(error_for(named("NoSuchRun"), {{"uniqueName", "a"}, {"run", 0}}).message,
            "'a' has not run yet: wm why a");
  EXPECT_EQ(error_for(named("NoSuchRun"), {{"uniqueName", "a"}, {"run", 7}}).message,
            "'a' has no such run: wm history a");
  for (const auto& [name, code] : {std::pair{"InvalidRequest", ErrorCode::invalid},
                                   {"Refused", ErrorCode::refused},
                                   {"NotPermitted", ErrorCode::not_permitted},
                                   {"Failed", ErrorCode::failed}}) {
    EXPECT_EQ(error_for(named(name), {{"message", "why"}}), (Error{code, "why"})) << name;
  }
  const Error other = error_for("org.varlink.service.MethodNotFound");
  EXPECT_EQ(other.code, ErrorCode::failed);
  EXPECT_NE(other.message.find("is its version different from wm's?"), std::string::npos);
}

TEST_F(ClientTest, AStreamEndsWithTheAnswerThatDoesNotGoOn) {
  for (const int part : {1, 2, 3}) {
    answer({{"continues", part < 3}, {"parameters", object{{"part", part}}}});
  }
  std::vector<object> parts;
  EXPECT_TRUE(client_->stream("Watch", {}, [&](const object& one) { parts.push_back(one); }));
  EXPECT_EQ(parts, (std::vector<object>{{{"part", 1}}, {{"part", 2}}, {{"part", 3}}}));
  EXPECT_EQ(asked().at("more"), true);
}

TEST_F(ClientTest, ADaemonThatHangsUpIsUnreachable) {
  ::shutdown(peer_, SHUT_WR);
  const auto reply = client_->call("List", {});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::unreachable);
  EXPECT_FALSE(client_->heard());
}

TEST_F(ClientTest, SilenceEndsWithTheDeadline) {
  client_->set_deadline(std::chrono::steady_clock::now());
  EXPECT_FALSE(client_->call("List", {}));
  EXPECT_TRUE(client_->timed_out());
}

TEST_F(ClientTest, WhatIsNoJsonIsAnErrorAndNoCrash) {
  EXPECT_EQ(::write(peer_, "{\0", 2), 2);
  EXPECT_EQ(client_->call("List", {}).error().code, ErrorCode::failed);
}

TEST_F(ClientTest, AMessageThatNoDaemonTakesIsNotSent) {
  const auto reply = client_->call("Register", {{"text", std::string(1 << 20, 'x')}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::invalid);
  EXPECT_NE(reply.error().message.find("a message may have at most 1M"), std::string::npos);
  char byte = 0;
  EXPECT_EQ(::recv(peer_, &byte, 1, MSG_DONTWAIT), -1);
}

TEST(ClientConnect, SaysWhereNobodyListens) {
  const auto client = Client::connect("/absent/wm.sock");
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::unreachable);
  EXPECT_NE(client.error().message.find("/absent/wm.sock"), std::string::npos);
}

}  // namespace
}  // namespace wm::cli
