// A machine that runs out of processes, threads or descriptors: jobs wait, and nothing ends.
#include <csignal>
#include <memory>

#include <spawn.h>
#include <sys/wait.h>

#include "tests/system/commands.h"

namespace wm {
namespace {

class Resources : public Commands {
 protected:
  // Checks that the same daemon still answers and works.
  void expect_all_is_well(pid_t pid) {
    EXPECT_EQ(json({"status"}).at("pid"), pid);
    shell("after", ":");
    ok({"wait", "after"});
  }
};

TEST_F(Resources, WithoutDescriptorsWorkWaits) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself needs descriptors";
#endif
  restart_under("exec prlimit --nofile=64");
  const pid_t pid = daemon_.pid();
  std::vector<std::unique_ptr<RawConnection>> others;
  for (int i = 0; i < 100; ++i) {
    others.push_back(std::make_unique<RawConnection>(daemon_.socket()));
  }
  for (const char* name : {"a", "b"}) {
    ok({"register-oneoff", name, "--backoff-delay", "1ms", "--", "/bin/true"});
  }
  EXPECT_EQ(json({"status"}).at("pid"), pid);
  others.clear();
  ok({"wait", "a"});
  ok({"wait", "b"});
  expect_all_is_well(pid);
}

// Processes of a user who has no others, and may have only a few.
class Crowded : public Resources {
 protected:
  static constexpr const char* kUser = "games";

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
  }
  void TearDown() override { make_room(); }

  Output as_user(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"setpriv", "--reuid", kUser, "--clear-groups",
                                         program("wm"), "--socket", daemon_.socket()});
    return run_program(arguments);
  }
  static void succeeds(const Output& output) {
    EXPECT_EQ(output.status, 0) << output.out << output.err;
  }
  // A build directory may be closed to others: programs are copied out of it.
  std::string program(const std::string& name) const {
    return (daemon_.path() / ("a-" + name)).string();
  }

  void fill() {
    const std::vector<std::string> command{"setpriv",        "--reuid", kUser,
                                           "--clear-groups", "sleep",   "1000"};
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    for (int i = 0; i < 40; ++i) {
      pid_t pid = -1;
      ASSERT_EQ(::posix_spawnp(&pid, words[0], nullptr, nullptr, words.data(), environ), 0);
      others_.push_back(pid);
    }
    // Each belongs to that user once it sleeps.
    for (const pid_t pid : others_) {
      const std::string file = "/proc/" + std::to_string(pid) + "/comm";
      for (std::string name; name != "sleep";) std::getline(std::ifstream(file), name);
    }
  }
  void make_room() {
    for (const pid_t pid : others_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    others_.clear();
  }

 private:
  std::vector<pid_t> others_;
};

TEST_F(Crowded, WithoutThreadsAndProcessesWorkWaits) {
  const std::string path = daemon_.path().string();
  std::filesystem::copy_file(WM_PROGRAM, program("wm"));
  std::filesystem::copy_file(WMD_PROGRAM, program("wmd"));
  restart_under("chmod 0777 \"$NOTIFY_SOCKET\"; rm -r " + path + "/state; chown -R " + kUser + " " +
                    path + "; exec setpriv --reuid " + kUser + " --clear-groups prlimit --nproc=30",
                program("wmd"));
  const pid_t pid = daemon_.pid();
  const auto add = [&](const std::string& name, const std::vector<std::string>& options) {
    std::vector<std::string> words{"register-oneoff", name, "--cwd", "/", "--backoff-delay", "1ms"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "/bin/true"});
    return as_user(words);
  };
  succeeds(add("before", {}));
  succeeds(as_user({"wait", "before"}));
  fill();
  const bool triggered = add("triggered", {"--on-path", path + "/x"}).status == 0;
  const bool waits = add("waits", {}).status == 0;
  EXPECT_EQ(json({"status"}).at("pid"), pid);
  make_room();
  if (waits) {
    succeeds(as_user({"wait", "waits"}));
  }
  if (triggered) {
    succeeds(as_user({"run", "triggered"}));
    succeeds(as_user({"wait", "triggered"}));
  }
  succeeds(add("after", {}));
  succeeds(as_user({"wait", "after"}));
  EXPECT_EQ(json({"status"}).at("pid"), pid);
}

}  // namespace
}  // namespace wm
