// A daemon that serves all users, and a second user.
#pragma once

#include "tests/system/commands.h"

namespace wm {

class OtherUsers : public testing::Test {
 protected:
  static constexpr const char* kNobody = "65534";

  explicit OtherUsers(const std::string& configuration = TestDaemon::kConfiguration)
      : daemon_(configuration) {}

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
    std::filesystem::permissions(daemon_.path(), std::filesystem::perms(0011),
                                 std::filesystem::perm_options::add);
    daemon_.start({"--system"});
  }

  Output as_nobody(std::vector<std::string> arguments) {
    // A build directory may be closed to others: the client is copied out of it.
    const auto client = daemon_.path() / "wm";
    if (!std::filesystem::exists(client)) std::filesystem::copy_file(WM_PROGRAM, client);
    arguments.insert(arguments.begin(),
                     {"setpriv", "--reuid", kNobody, "--regid", kNobody, "--clear-groups",
                      client.string(), "--socket", daemon_.socket()});
    return run_program(arguments);
  }

  TestDaemon daemon_;
};

}  // namespace wm
