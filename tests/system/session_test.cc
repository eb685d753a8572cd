// A user's runs find that user's session.
#include <fstream>

#include <sys/stat.h>

#include "tests/support/private_bus.h"
#include "tests/system/other_users.h"

namespace wm {
namespace {

class InASession : public testing::Test {
 protected:
  InASession() {
    ::setenv("SSH_AUTH_SOCK", "/the/agent", 1);
    ::setenv("DISPLAY", ":1", 1);
    daemon_.start();
  }
  ~InASession() override {
    for (const char* name : {"SSH_AUTH_SOCK", "DISPLAY"}) ::unsetenv(name);
  }

  // Returns the value of that variable in a run.
  std::string value(const std::string& name, std::vector<std::string> options = {}) {
    const std::string work = "print-" + std::to_string(++works_);
    const auto file = daemon_.path() / work;
    options.insert(options.begin(), {"register-oneoff", work});
    options.insert(options.end(), {"--", "/bin/sh", "-c",
                                   "echo \"$" + name + "\" >" + file.string() + ".part; mv " +
                                       file.string() + ".part " + file.string()});
    EXPECT_EQ(daemon_.wm(options).status, 0);
    boost::asio::io_context loop;
    EXPECT_TRUE(run_until(loop, {&systemd_}, [&] { return std::filesystem::exists(file); }));
    std::ifstream text(file);
    std::string line;
    std::getline(text, line);
    return line;
  }

  PrivateBus bus_;
  FakeService systemd_{bus_, "org.freedesktop.systemd1"};
  TestDaemon daemon_;
  int works_ = 0;
};

TEST_F(InASession, ARunFindsIt) {
  EXPECT_EQ(value("SSH_AUTH_SOCK"), "/the/agent");
  EXPECT_EQ(value("DBUS_SESSION_BUS_ADDRESS"), bus_.address());
  EXPECT_EQ(value("DISPLAY"), ":1");
}

TEST_F(InASession, ARunFindsWhatSystemdWasToldSince) {
  systemd_.set_environment({"DISPLAY=:7"});
  EXPECT_EQ(value("DISPLAY"), ":7");
  systemd_.set_environment({"DISPLAY=:8"});
  EXPECT_EQ(value("DISPLAY"), ":8");
  EXPECT_EQ(value("DISPLAY", {"--env", "DISPLAY=:9"}), ":9") << "what the work says wins";
}

TEST_F(InASession, ARunThatIsStoppedMeanwhileDoesNotBegin) {
  const auto file = daemon_.path() / "began";
  EXPECT_EQ(daemon_.wm({"register-oneoff", "work", "--", "/bin/touch", file.string()}).status, 0);
  EXPECT_EQ(daemon_.wm({"wait", "work", "--for", "running"}).status, 0);
  EXPECT_EQ(daemon_.wm({"cancel", "work"}).status, 0);
  EXPECT_EQ(daemon_.wm({"wait", "work", "--timeout", "10s"}).status, 1);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(InASession, ASystemdThatHangsHoldsUpNobody) {
  const auto file = daemon_.path() / "began";
  EXPECT_EQ(daemon_.wm({"register-oneoff", "work", "--", "/bin/touch", file.string()}).status, 0);
  EXPECT_EQ(daemon_.wm({"list"}).status, 0);
  EXPECT_EQ(daemon_.wm({"wait", "work", "--timeout", "10s"}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(OtherUsers, FindNoSessionOfTheDaemons) {
  daemon_.stop();
  ::setenv("DISPLAY", ":1", 1);
  ::setenv("SSH_AUTH_SOCK", "/the/agent", 1);
  daemon_.start({"--system"});
  for (const char* name : {"DISPLAY", "SSH_AUTH_SOCK"}) ::unsetenv(name);
  const Output registered =
      as_nobody({"register-oneoff", "work", "--cwd", "/", "--", "/usr/bin/env"});
  ASSERT_EQ(registered.status, 0) << registered.err;
  EXPECT_EQ(as_nobody({"wait", "work"}).status, 0);
  const std::string printed = as_nobody({"logs", "work"}).out;
  EXPECT_NE(printed.find("HOME="), std::string::npos) << printed;
  for (const char* name : {"DISPLAY=", "SSH_AUTH_SOCK=", "/run/user/0"}) {
    EXPECT_EQ(printed.find(name), std::string::npos) << printed;
  }
}

}  // namespace
}  // namespace wm
