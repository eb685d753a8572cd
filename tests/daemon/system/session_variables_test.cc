// The session that runs find: the owner of each variable, and the values of systemd.
#include "daemon/system/session_variables.h"

#include <array>
#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/system/unique_fd.h"
#include "tests/support/private_bus.h"
#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

class RuntimeVariables : public testing::Test {
 protected:
  static void make_socket(const fs::path& path) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  Variables variables() const { return runtime_variables(uid_, all_.path()); }

  TemporaryDirectory all_;
  uid_t uid_ = ::geteuid();
  fs::path own_ = all_.path() / std::to_string(uid_);
};

TEST_F(RuntimeVariables, AreThoseOfTheUsersOwnDirectory) {
  EXPECT_EQ(variables(), Variables());

  fs::create_directory(own_);
  EXPECT_EQ(variables(), (Variables{{"XDG_RUNTIME_DIR", own_.string()}}));

  make_socket(own_ / "bus");
  EXPECT_EQ(variables(),
            (Variables{{"XDG_RUNTIME_DIR", own_.string()},
                       {"DBUS_SESSION_BUS_ADDRESS", "unix:path=" + (own_ / "bus").string()}}));
}

TEST_F(RuntimeVariables, AreNeverAnotherUsers) {
  const fs::path others = all_.path() / std::to_string(uid_ + 1);
  fs::create_directory(others);
  make_socket(others / "bus");
  EXPECT_EQ(runtime_variables(uid_ + 1, all_.path()), Variables());
}

TEST_F(RuntimeVariables, DoNotFollowLinks) {
  fs::create_directory(all_.path() / "elsewhere");
  fs::create_directory_symlink("elsewhere", own_);
  EXPECT_EQ(variables(), Variables());

  fs::remove(own_);
  fs::create_directory(own_);
  make_socket(all_.path() / "bus");
  fs::create_symlink(all_.path() / "bus", own_ / "bus");
  EXPECT_FALSE(variables().contains("DBUS_SESSION_BUS_ADDRESS"));
}

class Session : public testing::Test {
 protected:
  Session() {
    for (const char* name : kNames) ::unsetenv(name);
  }
  ~Session() override {
    for (const char* name : kNames) ::unsetenv(name);
  }

  // Returns the value once it is known.
  std::string value(const std::string& name, bool answers = true) {
    bool known = false;
    session_->ask([&] { known = true; });
    const std::vector<FakeService*> services{&systemd_};
    EXPECT_TRUE(
        run_until(loop_, answers ? services : std::vector<FakeService*>(), [&] { return known; }));
    const Variables variables = session_->variables();
    const auto found = variables.find(name);
    return found == variables.end() ? "none" : found->second;
  }
  void begin() { session_.emplace(loop_); }

  static constexpr std::array kNames{"DISPLAY", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "LC_TIME"};
  PrivateBus bus_;
  FakeService systemd_{bus_, "org.freedesktop.systemd1"};
  boost::asio::io_context loop_;
  std::optional<SessionVariables> session_;
};

TEST_F(Session, IsWhatTheUsersSystemdSaysAtEachStart) {
  ::setenv("DISPLAY", ":1", 1);
  begin();
  systemd_.set_environment({"DISPLAY=:7", "SECRET=1", "LC_TIME=C", "XAUTHORITY="});
  EXPECT_EQ(value("DISPLAY"), ":7");
  EXPECT_EQ(value("LC_TIME"), "C");
  EXPECT_EQ(value("SECRET"), "none") << "only what is a session's";
  EXPECT_EQ(value("XAUTHORITY"), "none");

  systemd_.set_environment({"DISPLAY=:8"});  // systemd signals nothing.
  EXPECT_EQ(value("DISPLAY"), ":8");
}

TEST_F(Session, IsTheDaemonsOwnWhereSystemdKnowsNone) {
  ::setenv("SSH_AUTH_SOCK", "/agent", 1);
  begin();
  systemd_.set_environment({"DISPLAY=:7"});
  EXPECT_EQ(value("SSH_AUTH_SOCK"), "/agent");
  EXPECT_EQ(value("DBUS_SESSION_BUS_ADDRESS"), bus_.address());
}

TEST_F(Session, OfAQuestionThatIsOnItsWayIsNotTheAnswer) {
  begin();
  systemd_.set_environment({"DISPLAY=:7"});
  std::string first;
  std::string second;
  session_->ask([&] { first = session_->variables().at("DISPLAY"); });
  loop_.poll();  // The question is sent.
  systemd_.pump();
  session_->ask([&] { second = session_->variables().at("DISPLAY"); });
  systemd_.set_environment({"DISPLAY=:8"});
  EXPECT_TRUE(run_until(loop_, {&systemd_}, [&] { return !second.empty(); }));
  EXPECT_EQ(second, ":8");
}

TEST_F(Session, IsNotWaitedForTwiceWhereNobodyAnswers) {
  ::setenv("DISPLAY", ":1", 1);
  begin();
  EXPECT_EQ(value("DISPLAY", false), ":1");
  bool known = false;
  session_->ask([&] { known = true; });
  EXPECT_TRUE(known) << "at once";
}

TEST_F(Session, OfAnotherUserIsNotOnes) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  const TemporaryDirectory theirs;
  ASSERT_EQ(::chown(theirs.path().c_str(), 65'534, 65'534), 0);
  ::setenv("XDG_RUNTIME_DIR", theirs.path().c_str(), 1);
  ::setenv("DISPLAY", ":1", 1);
  begin();
  systemd_.set_environment({"DISPLAY=:7"});
  EXPECT_EQ(value("DISPLAY"), "none");
  EXPECT_NE(value("XDG_RUNTIME_DIR"), theirs.path().string());
}

}  // namespace
}  // namespace wm
