// wmd in a container: a user without an entry anywhere, a read-only root, no bus, no journal, no
// control groups, and wmd as the first process.
#include <csignal>
#include <fstream>

#include "daemon/runs/processes.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

constexpr const char* kUnshare =
    "unshare --user --map-user=54321 --map-group=54321 --keep-caps --mount --pid --fork "
    "--kill-child";

constexpr const char* kEntry = "exec \"$@\"\n";

class Container : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(daemon_.path() / "root");
    const Output tried =
        run_program({"/bin/sh", "-c",
                     std::string(kUnshare) +
                         " /bin/sh -c 'mount -t tmpfs root \"$0\" && cd \"$0\" && mkdir proc" +
                         " && mount -t proc proc proc' " + (daemon_.path() / "root").string()});
    if (tried.status != 0) GTEST_SKIP() << "no container can be made here: " << tried.err;
  }
  ~Container() override {
    if (daemon_.pid() > 0) {
      ::kill(first_process(), SIGKILL);
      daemon_.reap();
    }
  }

  // Writes a script that runs its arguments in the container, with only these variables (NAME=VALUE
  // …) in the environment. `entry` is the image's entry point, another script.
  std::string container(const std::string& variables, const std::string& entry = kEntry,
                        const std::string& more = ":") const {
    const std::string here = daemon_.path().string();
    const std::string build = std::filesystem::path(WMD_PROGRAM).parent_path().string();
    std::ofstream(file("entry.sh")) << entry;
    const std::string program = file("container.sh");
    std::ofstream(program) << "#!/bin/sh\nexec " << kUnshare << " /bin/sh -ec '\numask 022\n"
                           << "mount -t tmpfs -o mode=755 root " << here << "/root\n"
                           << "cd " << here << R"(/root
mkdir proc dev etc usr
mount --rbind /usr usr
)" << more << R"(
for part in bin sbin lib lib64; do
  if [ -h /$part ]; then cp -P /$part $part
  elif [ -d /$part ]; then mkdir $part; mount --rbind /$part $part; fi
done
mount -t proc -o hidepid=2 proc proc
touch dev/null
mount --bind /dev/null dev/null
for part in )" << here << ' '
                           << build << R"(; do mkdir -p .$part; mount --bind $part .$part; done
mount -o remount,bind,ro .
exec chroot . setpriv --ambient-caps=-all --inh-caps=-all env -i )"
                           << "NOTIFY_SOCKET=$NOTIFY_SOCKET " << variables << " /bin/sh " << here
                           << "/entry.sh \"$@\"\n' sh \"$@\"\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return program;
  }

  void start(const std::string& variables = "TZ=Asia/Tokyo", const std::string& entry = kEntry,
             const std::string& more = ":") {
    const auto program = daemon_.path() / "wmd.sh";
    std::ofstream(program) << "#!/bin/sh\nexec " << container(variables, entry, more) << ' '
                           << WMD_PROGRAM << " \"$@\"\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    daemon_.set_program(program.string());
    daemon_.start();
  }
  // Stops it as the engine does.
  int stop() {
    ::kill(first_process(), SIGTERM);
    return daemon_.reap();
  }

  // Finds its pid as others see it.
  pid_t first_process() const {
    const std::string pid = std::to_string(daemon_.pid());
    pid_t first = -1;
    std::ifstream("/proc/" + pid + "/task/" + pid + "/children") >> first;
    return first;
  }
  // Runs a script as `docker exec` does.
  Output inside(const std::string& script) const {
    return run_program({"nsenter", "--target", std::to_string(first_process()), "--user", "--mount",
                        "--pid", "--root", "--preserve-credentials", "/bin/sh", "-c", script});
  }

  // Runs a script as a job, and returns what it prints.
  std::string run(const std::string& name, const std::string& script) {
    const Output registered = daemon_.wm({"register-oneoff", name, "--cwd", "/", "--max-attempts",
                                          "1", "--", "/bin/sh", "-c", script});
    EXPECT_EQ(registered.status, 0) << registered.err;
    EXPECT_EQ(daemon_.wm({"wait", name, "--timeout", "20s"}).status, 0)
        << daemon_.wm({"show", name}).out;
    return daemon_.wm({"logs", name}).out;
  }
  std::string log() const {
    std::ifstream file(daemon_.path() / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string file(const std::string& name) const { return (daemon_.path() / name).string(); }

  TestDaemon daemon_;
};

TEST_F(Container, RunsWorkOfAUserWhomNobodyKnows) {
  start();
  EXPECT_EQ(run("who", "echo $HOME $USER $LOGNAME $SHELL $(id -u)"),
            file("state") + " 54321 54321 /bin/sh 54321\n");
  EXPECT_EQ(text(daemon_.json({"status"}), "timeZone"), "Asia/Tokyo");
  EXPECT_EQ(log().find("warning"), std::string::npos) << log();
}

TEST_F(Container, AHomeThatIsGivenIsTheirs) {
  start("HOME=/ USER=app");
  EXPECT_EQ(run("who", "echo $HOME $USER"), "/ app\n");
}

TEST_F(Container, SaysWhatItNeeds) {
  const auto fails = [&](const std::string& variables, const std::vector<std::string>& named) {
    const Output output = run_program({container(variables), WMD_PROGRAM});
    EXPECT_NE(output.status, 0);
    for (const std::string& what : named) {
      EXPECT_NE(output.err.find(what), std::string::npos) << what << ": " << output.err;
    }
    EXPECT_EQ(output.err.find('\n'), output.err.size() - 1) << output.err;
  };
  fails("", {"HOME", "XDG_STATE_HOME", "--state-dir"});
  fails("HOME=/", {"/.local/state", "Read-only file system", "--state-dir"});
  fails("HOME=" + file("home"), {"/tmp", "Read-only file system", "--socket"});
  fails("HOME=" + file("home") + " XDG_RUNTIME_DIR=/run/user/54321",
        {"/run/user", "Read-only file system", "--socket"});
}

TEST_F(Container, AZoneWithoutItsDatabaseIsTold) {
  const std::string none = "mount -t tmpfs none usr/share/zoneinfo";
  start("TZ=Asia/Tokyo", kEntry, none);
  EXPECT_NE(log().find("TZ=Asia/Tokyo means nothing without a time zone database"),
            std::string::npos)
      << log();
  EXPECT_EQ(text(daemon_.json({"status"}), "timeZone"), "UTC");
  EXPECT_EQ(stop(), 0);
  std::filesystem::remove(file("log"));

  start("TZ=UTC", kEntry, none);
  EXPECT_EQ(log().find("warning"), std::string::npos) << log();
}

TEST_F(Container, OrphansAreTakenIn) {
  start();
  ASSERT_EQ(inside("(true) & sleep 1000 >/dev/null 2>&1 & echo $! >" + file("other")).status, 0);
  run("slips", "(setsid env -i /bin/sh -c 'echo $$ >" + file("slipped") +
                   "; sleep 1000' &) &\nuntil [ -s " + file("slipped") + " ]; do sleep 0.01; done");
  EXPECT_EQ(inside("kill -0 $(cat " + file("other") + ")").status, 0) << "it is nobody's run";
  EXPECT_NE(inside("kill -0 $(cat " + file("slipped") + ")").status, 0) << "it outlived its run";
  // Waits until no ended process is left.
  run("zombies",
      "until ! grep -q '^State:.Z' /proc/[0-9]*/status 2>/dev/null; do sleep 0.01; done");
}

TEST_F(Container, UnderASmallInitWhatElseRunsIsLeftAlone) {
  start("TZ=UTC", "sleep 1000 & echo $! >" + file("other") + "\n(sleep 1000 & echo $! >" +
                      file("beside") + "; exec \"$@\") &\nwait\n");
  run("slips", "(setsid env -i /bin/sh -c 'echo $$ >" + file("slipped") +
                   "; exec sleep 1000' &) &\nuntil [ -s " + file("slipped") +
                   " ]; do sleep 0.01; done");
  for (const char* name : {"other", "beside"}) {
    EXPECT_EQ(inside("kill -0 $(cat " + file(name) + ")").status, 0) << name;
  }
}

TEST_F(Container, EndsWhenItIsToldToAndGoesOnWithTheNext) {
  start();
  ASSERT_EQ(
      daemon_
          .wm({"register-oneoff", "long", "--cwd", "/", "--stop-grace", "20s", "--", "/bin/sh",
               "-c", "trap 'echo told; exit 0' TERM; echo began; while :; do sleep 0.01; done"})
          .status,
      0);
  ASSERT_EQ(daemon_.wm({"wait", "long", "--for", "running", "--timeout", "20s"}).status, 0);
  while (daemon_.wm({"logs", "long"}).out != "began\n") {
  }
  EXPECT_EQ(stop(), 0);

  start();
  EXPECT_EQ(daemon_.wm({"logs", "long", "--run", "1"}).out, "began\ntold\n");
  EXPECT_EQ(daemon_.wm({"wait", "long", "--for", "running", "--timeout", "20s"}).status, 0);

  ::kill(first_process(), SIGKILL);
  daemon_.reap();
  start();
  EXPECT_EQ(daemon_.wm({"wait", "long", "--for", "running", "--timeout", "20s"}).status, 0);
  EXPECT_EQ(run("next", "echo next"), "next\n");
}

TEST_F(Container, AnswersNotOfItsOwnPassOnTheStatus) {
  const Output output = run_program({container("HOME=/"), WMD_PROGRAM, "--version"});
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_TRUE(output.out.starts_with("wmd ")) << output.out;
}

}  // namespace
}  // namespace wm
