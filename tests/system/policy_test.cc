// What the configuration lets users register.
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
  // SO_PEERCRED says who somebody was when the connection was made.
  RawConnection connect_as_nobody() {
    EXPECT_EQ(::seteuid(65534), 0);
    RawConnection connection(daemon_.socket());
    EXPECT_EQ(::seteuid(0), 0);
    return connection;
  }

  // So many connections of another user, with a call each that waits.
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

// Kibibytes of memory that the daemon has.
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
  const long before = resident_kb(daemon_.pid());
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
#ifndef __SANITIZE_ADDRESS__
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
