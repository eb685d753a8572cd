// Registrations that the configuration permits or refuses.
#include <csignal>
#include <fstream>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

#include "tests/system/other_users.h"

namespace wm {
namespace {

constexpr const char* kTasks = R"([tasks.mine]
command = ["/bin/true"]
[tasks.other]
command = ["/bin/true"]
)";

class PermittedTasks : public Commands {
 protected:
  PermittedTasks() : Commands(std::string("[policy]\npermitted_tasks = [\"mine\"]\n") + kTasks) {}
};

TEST_F(PermittedTasks, NothingElseIsRegistered) {
  ok({"register-oneoff", "a", "mine", "--initial-delay", "1h"});
  fails(6, "'other'", {"register-oneoff", "b", "other"});
  fails(6, "policy.allow_commands", {"register-oneoff", "c", "--", "/bin/true"});
  fails(6, "policy.allow_commands", {"update", "a", "--", "/bin/true"});
  EXPECT_EQ(json({"list", "--all"}).as_array().size(), 1U);
}

class NoCommands : public Commands {
 protected:
  NoCommands() : Commands(std::string("[policy]\nallow_commands = false\n") + kTasks) {}
};

TEST_F(PermittedTasks, WhatIsNoLongerPermittedIsNotRetried) {
  daemon_.configure(kTasks);
  daemon_.signal(SIGHUP);
  ok({"register-oneoff", "a", "other", "--initial-delay", "1h"});
  ok({"cancel", "a"});
  daemon_.configure(std::string("[policy]\npermitted_tasks = [\"mine\"]\n") + kTasks);
  daemon_.signal(SIGHUP);
  fails(6, "'other'", {"retry", "a"});
}

TEST_F(NoCommands, DeclaredTasksOnly) {
  ok({"register-oneoff", "a", "mine"});
  fails(6, "policy.allow_commands", {"register-oneoff", "b", "--", "/bin/true"});
}

class FewWorks : public OtherUsers {
 protected:
  FewWorks() : OtherUsers("[limits]\nmax_work_per_owner = 2\n") {}
};

TEST_F(FewWorks, EachOwnerHasRoomOfHisOwn) {
  const auto add = [](const std::string& name) {
    return std::vector<std::string>{"register-oneoff", name, "--initial-delay", "1h", "--",
                                    "/bin/true"};
  };
  const auto nobody = [&](const std::string& name) {
    auto arguments = add(name);
    arguments.insert(arguments.begin() + 2, {"--cwd", "/"});
    return as_nobody(arguments);
  };
  EXPECT_EQ(nobody("a").status, 0);
  EXPECT_EQ(nobody("b").status, 0);
  const Output refused = nobody("c");
  EXPECT_EQ(refused.status, 6);
  EXPECT_NE(refused.err.find("limits.max_work_per_owner"), std::string::npos) << refused.err;
  EXPECT_EQ(nobody("b").status, 0) << "what is kept needs no room";
  EXPECT_EQ(as_nobody({"register-oneoff", "b", "--existing", "replace", "--initial-delay", "1h",
                       "--cwd", "/", "--", "/bin/true"})
                .status,
            0);
  EXPECT_EQ(daemon_.wm(add("roots")).status, 0);
  EXPECT_EQ(as_nobody({"cancel", "a"}).status, 0);
  EXPECT_EQ(nobody("c").status, 0);
  EXPECT_EQ(as_nobody({"retry", "a"}).status, 6);
}

class LittleLogSpace : public Commands {
 protected:
  LittleLogSpace() : Commands("[limits]\nmax_log_space = 250000\n") {}

  std::uintmax_t bytes_of_logs() const {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(daemon_.path() / "state/logs")) {
      bytes += file.file_size();
    }
    return bytes;
  }
};

TEST_F(LittleLogSpace, TheOldestLogsMakeRoomAndThatIsSaid) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    ok({"register-oneoff", name, "--", "/bin/sh", "-c", "head -c 100000 /dev/zero"});
    ok({"wait", name});
  }
  ok({"status"});  // Comes after the turn that removes the files.
  EXPECT_LE(bytes_of_logs(), 250'000U);

  const Output removed = wm({"logs", "a"});
  EXPECT_EQ(removed.status, 0);
  EXPECT_EQ(removed.out, "");
  EXPECT_NE(removed.err.find("removed to make room"), std::string::npos) << removed.err;
  EXPECT_NE(removed.err.find("limits.max_log_space"), std::string::npos) << removed.err;
  EXPECT_TRUE(json({"logs", "a"}).as_object().contains("removed"));
  EXPECT_EQ(ok({"logs", "e"}).size(), 100'000U) << "the newest is there";
  EXPECT_NE(ok({"history", "a"}).find("log removed to make room"), std::string::npos);
  EXPECT_EQ(ok({"history", "e"}).find("removed"), std::string::npos);
  const json::object run = json({"history", "e"}).as_array().at(0).as_object();
  EXPECT_GT(run.at("logBytes").as_int64(), 100'000);
  EXPECT_NE(ok({"doctor"}).find("at most 250000"), std::string::npos) << ok({"doctor"});
}

TEST_F(LittleLogSpace, ALowerBoundHoldsAtOnce) {
  ok({"register-oneoff", "a", "--", "/bin/sh", "-c", "head -c 100000 /dev/zero"});
  ok({"wait", "a"});
  daemon_.configure("[limits]\nmax_log_space = 0\n");
  daemon_.signal(SIGHUP);
  while (!json({"logs", "a"}).as_object().contains("removed")) std::this_thread::yield();
  ok({"status"});
  EXPECT_EQ(bytes_of_logs(), 0U);
}

class LittleWorkSpace : public Commands {
 protected:
  LittleWorkSpace() : Commands("[limits]\nmax_work_space = 65536\n") {}
};

TEST_F(LittleWorkSpace, IsGivenBackByPruning) {
  const auto add = [&](const std::string& name) {
    return wm({"register-oneoff", name, "--initial-delay", "1h", "--input",
               "data=" + std::string(9'000, 'x'), "--", "/bin/true"});
  };
  for (int i = 0; i < 8; ++i) ASSERT_EQ(add("w" + std::to_string(i)).status, 0);
  const Output refused = add("one-more");
  EXPECT_EQ(refused.status, 6);
  EXPECT_NE(refused.err.find("limits.max_work_space"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("65536"), std::string::npos) << refused.err;
  EXPECT_EQ(add("w0").status, 0) << "what is kept needs no space";
  fails(6, "limits.max_work_space", {"update", "w0", "--input", "data=more"});

  ok({"cancel", "--all"});
  EXPECT_EQ(add("one-more").status, 6) << "they are remembered";
  ok({"prune"});
  EXPECT_EQ(add("one-more").status, 0);
}

class AllowedUsers : public OtherUsers {
 protected:
  using OtherUsers::OtherUsers;
  int registers() {
    return as_nobody({"register-oneoff", "a", "--cwd", "/", "--", "/bin/true"}).status;
  }
};

class OnlyDaemon : public AllowedUsers {
 protected:
  OnlyDaemon() : AllowedUsers("[policy]\nallow_users = [\"daemon\"]\n") {}
};

TEST_F(OnlyDaemon, AnybodyElseMayNot) {
  EXPECT_EQ(registers(), 5);
  EXPECT_EQ(as_nobody({"list"}).status, 0);
  EXPECT_EQ(daemon_.wm({"register-oneoff", "roots", "--", "/bin/true"}).status, 0);
}

class OnlyNobody : public AllowedUsers {
 protected:
  OnlyNobody() : AllowedUsers("[policy]\nallow_users = [\"nobody\"]\n") {}
};

TEST_F(OnlyNobody, May) { EXPECT_EQ(registers(), 0); }

class OnlyAGroup : public AllowedUsers {
 protected:
  OnlyAGroup() : AllowedUsers("[policy]\nallow_groups = [\"no-such\", \"nogroup\"]\n") {}
};

TEST_F(OnlyAGroup, ItsMembersMay) { EXPECT_EQ(registers(), 0); }

class Crowd : public OtherUsers {
 protected:
  // SO_PEERCRED reports the user at the time of the connection.
  RawConnection connect_as_nobody() {
    EXPECT_EQ(::seteuid(65534), 0);
    RawConnection connection(daemon_.socket());
    EXPECT_EQ(::seteuid(0), 0);
    return connection;
  }

  // Connects that many times as another user, each with a call that waits.
  std::vector<RawConnection> crowd(int size) {
    EXPECT_EQ(as_nobody({"register-oneoff", "late", "--initial-delay", "1h", "--cwd", "/", "--",
                         "/bin/true"})
                  .status,
              0);
    std::vector<RawConnection> connections;
    for (int i = 0; i < size; ++i) {
      connections.push_back(connect_as_nobody());
      connections.back().call_for_more("io.wm.Scheduler.Wait", {{"uniqueName", "late"}});
    }
    return connections;
  }
};

// The daemon's resident memory, in KiB.
long resident_kb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return -1;
}

TEST_F(Crowd, WhatNobodyReadsTakesLittleMemory) {
  const std::string input = "@" + (daemon_.path() / "input.json").string();
  std::ofstream(daemon_.path() / "input.json")
      << R"({"data":")" << std::string(9'000, 'x') << "\"}";
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(daemon_
                  .wm({"--owner", "nobody", "register-oneoff", "w" + std::to_string(i),
                       "--initial-delay", "1h", "--input-json", input, "--", "/bin/true"})
                  .status,
              0);
  }
  [[maybe_unused]] const long before = resident_kb(daemon_.pid());
  const std::string call = std::string(R"({"method":"io.wm.Scheduler.List"})") + '\0';
  std::string calls;
  for (int i = 0; i < 2'000; ++i) calls += call;

  std::vector<RawConnection> deaf;
  for (int i = 0; i < 300; ++i) {
    deaf.push_back(connect_as_nobody());
    ASSERT_TRUE(deaf.back().send(calls));
  }
  const auto unread = [&] {
    const std::string metrics = daemon_.wm({"metrics"}).out;
    const std::string name = "\nwm_unread_answer_bytes ";
    return std::stod(metrics.substr(metrics.find(name) + name.size()));
  };
  while (unread() < (16 << 20)) std::this_thread::yield();

  EXPECT_EQ(daemon_.wm({"list"}).status, 0) << "others are answered";
  EXPECT_NE(daemon_.wm({"doctor"}).out.find("nobody has 300 of at most 384 connections"),
            std::string::npos)
      << daemon_.wm({"doctor"}).out;
  EXPECT_LT(unread(), 17 << 20);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // Their memory is their own.
  EXPECT_LT(resident_kb(daemon_.pid()) - before, 64 << 10);
#endif
  const std::size_t all = deaf[0].receive().value_or("").size();
  EXPECT_GT(all, 400'000U);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = round == 0 ? 1 : 0; i < deaf.size(); ++i) {
      ASSERT_EQ(deaf[i].receive().value_or("").size(), all) << "connection " << i;
    }
  }
}

TEST_F(Crowd, NobodyIsKeptOutByTheConnectionsOfAnother) {
  RawConnection quiet(daemon_.socket());
  EXPECT_TRUE(quiet.call("io.wm.Scheduler.Status").contains("parameters"));
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &files);

  const auto others = crowd(1000);

  EXPECT_EQ(daemon_.wm({"status"}).status, 0);
  EXPECT_TRUE(quiet.call("io.wm.Scheduler.Status").contains("parameters"))
      << "who has few connections keeps them, however quiet";
}

}  // namespace
}  // namespace wm
