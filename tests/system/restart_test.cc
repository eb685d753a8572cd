// The daemon goes away and another one comes: clients that wait or watch go on, and miss nothing
// that is on record.
#include <csignal>
#include <fstream>

#include "tests/system/commands.h"

namespace wm {
namespace {

using Program = std::unique_ptr<RunningProgram>;
using Lines = std::vector<std::string>;

class Restart : public Commands {
 protected:
  Restart() {
    std::filesystem::create_directory(here_);
    for (const char* pipe : {"ready", "go"}) make_pipe(here_ / pipe);
  }

  Program start(std::vector<std::string> arguments,
                const std::map<std::string, std::string>& variables = {}) {
    return daemon_.start_wm(std::move(arguments), variables);
  }
  // Waits until the daemon has taken the clients' questions, which it does not answer at once.
  void await_asked(const std::vector<const RunningProgram*>& clients) {
    while (json({"status"}).at("connections").as_int64() < std::ssize(clients) + 1) {
    }
    for (const RunningProgram* client : clients) {
      while (!client->sleeps()) {
      }
    }
    ok({"status"});  // It is asked after them, and answered after them.
  }
  Program waiting(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "wait");
    Program program = start(std::move(arguments));
    await_asked({program.get()});
    return program;
  }
  void script(const std::string& name, const std::string& text, Lines options = {}) {
    options.insert(options.end(), {"--cwd", here_.string()});
    shell(name, text, std::move(options));
  }
  void go() const { std::ofstream(here_ / "go") << "x\n"; }
  void await_ready() const { read_line(here_ / "ready"); }
  // Restarts the daemon while `clients` cannot notice it.
  void restart_unnoticed(const std::vector<const RunningProgram*>& clients) {
    for (const RunningProgram* client : clients) client->signal(SIGSTOP);
    daemon_.kill();
    daemon_.start();
  }

  static constexpr const char* kGoneAway =
      "wm: the daemon went away: waiting up to 1m for one to come back";

  std::filesystem::path here_ = daemon_.path() / "here";
};

TEST_F(Restart, WhoeverWaitsGoesOnWaiting) {
  script("task", "echo >ready; read x <go");
  const Program client = waiting({"task"});
  await_ready();
  daemon_.kill();
  EXPECT_EQ(client->error_line(), kGoneAway);
  daemon_.start();
  await_ready();
  await_asked({client.get()});
  EXPECT_EQ(daemon_.stop(), 0);
  EXPECT_EQ(client->error_line(), kGoneAway);
  daemon_.start();
  await_ready();
  go();
  const Output output = client->finish();
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_EQ(output.out, "'task' succeeded\n");
  EXPECT_EQ(output.err, "");
}

TEST_F(Restart, GivesUpWhereNoneComesInTimeAndTheTimeoutCountsOn) {
  ok({"register-oneoff", "task", "--initial-delay", "1h", "--", "/bin/true"});
  const Program patient = start({"wait", "task"}, {{"WM_RECONNECT", "100ms"}});
  const Program hurried = start({"wait", "task", "--timeout", "700ms"});
  const Program proud = start({"watch"}, {{"WM_RECONNECT", "0s"}});
  await_asked({patient.get(), hurried.get(), proud.get()});
  daemon_.kill();
  Output output = patient->finish();
  EXPECT_EQ(output.status, 4);
  EXPECT_NE(output.err.find("no daemon came back within 100ms"), std::string::npos) << output.err;
  output = hurried->finish();
  EXPECT_EQ(output.status, 124);
  EXPECT_NE(output.err.find("'task' has not ended after 700ms"), std::string::npos) << output.err;
  output = proud->finish();
  EXPECT_EQ(output.status, 4);
  EXPECT_EQ(output.err.find("waiting"), std::string::npos) << output.err;
}

TEST_F(Restart, WhatEndedMeanwhileIsToldFromTheRecord) {
  const Lines later{"--initial-delay", "1h"};
  script("replaced", ":", later);
  script("brief", ":", {"--initial-delay", "1h", "--keep-results", "0s"});
  script("good", ":", later);
  script("bad", "exit 70", later);
  // The next run fails, and later runs do not.
  ok({"register-periodic", "often", "--every", "1h", "--initial-delay", "1h", "--cwd",
      here_.string(), "--", "/bin/sh", "-c", "[ -e once ] || { touch once; exit 70; }"});
  const Lines names{"replaced", "brief", "good", "bad", "often"};
  std::vector<Program> clients;
  std::vector<const RunningProgram*> list;
  for (const std::string& name : names) {
    clients.push_back(start({"wait", name}));
    list.push_back(clients.back().get());
  }
  await_asked(list);
  restart_unnoticed(list);
  for (const char* name : {"brief", "good", "bad", "often"}) ok({"run", name});
  ok({"wait", "good"});
  wm({"wait", "bad"});
  while (json({"history", "often"}).as_array().empty()) {
  }
  wm({"run", "often"});
  while (json({"history", "often"}).as_array().size() < 2) {
  }
  while (wm({"show", "brief"}).status == 0) {
  }
  script("replaced", ":", {"--initial-delay", "1h", "--existing", "replace"});
  for (const RunningProgram* client : list) client->signal(SIGCONT);
  const auto ends = [&](std::size_t index, int status, const std::string& says) {
    const Output output = clients[index]->finish();
    EXPECT_EQ(output.status, status) << names[index] << output.err;
    EXPECT_NE((output.out + output.err).find(says), std::string::npos) << output.out << output.err;
  };
  ends(0, 1, "'replaced' was cancelled");
  ends(1, 3, "'brief' ended or was removed");
  ends(2, 0, "'good' succeeded");
  ends(3, 1, "'bad' failed (exit 70)");
  ends(4, 1, "'often' ran: failed (exit 70)");
}

TEST_F(Restart, AnInterruptionIsNotTheEndOfAPeriodicRun) {
  ok({"register-periodic", "often", "--every", "1h", "--cwd", here_.string(), "--", "/bin/sh", "-c",
      "echo >ready; read x <go"});
  await_ready();
  const Program client = waiting({"often"});
  daemon_.stop();  // The run is told to stop, and is interrupted.
  daemon_.start();
  await_ready();
  go();
  const Output output = client->finish();
  EXPECT_EQ(output.out, "'often' ran: succeeded\n") << output.err;
}

TEST_F(Restart, FiftyWaitForWorksThroughARestartAndAReexec) {
  constexpr int kClients = 50;
  std::vector<Program> clients;
  std::vector<const RunningProgram*> list;
  for (int i = 0; i < kClients; ++i) {
    const std::string name = "task-" + std::to_string(i);
    script(name, i % 2 == 0 ? ":" : "exit 70", {"--initial-delay", "1h"});
    clients.push_back(start({"wait", name}));
    list.push_back(clients.back().get());
  }
  await_asked(list);
  ok({"daemon", "reexec"});
  daemon_.kill();
  daemon_.start();
  ok({"daemon", "reexec"});
  for (int i = 0; i < kClients; ++i) ok({"run", "task-" + std::to_string(i)});
  for (int i = 0; i < kClients; ++i) {
    const Output output = clients[static_cast<std::size_t>(i)]->finish();
    EXPECT_EQ(output.status, i % 2) << output.err;
  }
}

TEST_F(Restart, WatchSaysWhatIsPaused) {
  const Program client = start({"watch"});
  await_asked({client.get()});
  EXPECT_EQ(wm({"pause", "--group", "g"}).status, 0);
  ok({"resume", "--group", "g"});
  EXPECT_TRUE(client->line().ends_with("  paused       group g"));
  EXPECT_TRUE(client->line().ends_with("  resumed      group g"));
}

TEST_F(Restart, WatchTellsOnceAndInOrderWhatIsOnRecord) {
  const Program client = start({"--json", "watch"});
  await_asked({client.get()});
  Lines told;
  const auto hear = [&](std::size_t count) {
    while (told.size() < count) {
      const json::value event = json::parse(client->line());
      const json::value* run = event.as_object().if_contains("run");
      if (text(event, "event") == "scheduled") run = nullptr;  // The job starts at once.
      told.push_back(text(event, "event") + ' ' + text(event, "uniqueName") +
                     (run ? ' ' + json::serialize(*run) : ""));
    }
  };
  script("a", "echo >ready; read x <go");
  await_ready();
  hear(2);
  restart_unnoticed({client.get()});
  await_ready();
  go();
  ok({"wait", "a"});
  script("b", "exit 75", {"--max-attempts", "2", "--backoff-delay", "1ms"});
  wm({"wait", "b"});
  script("c", ":", {"--initial-delay", "1h"});
  ok({"cancel", "c"});
  client->signal(SIGCONT);
  hear(11);
  script("d", ":");
  hear(14);
  EXPECT_EQ(told,
            (Lines{"scheduled a", "started a 1", "rescheduled a 1", "started a 2", "completed a 2",
                   "scheduled b", "started b 1", "rescheduled b 1", "retrying b 2", "failed b 2",
                   "scheduled c", "cancelled c", "scheduled d", "started d 1"}));
}

TEST_F(Restart, LogsAreFollowedFromWhereTheyWere) {
  script("task",
         "echo one; echo >ready; read x <go; echo two; echo >ready; read x <go; echo three");
  await_ready();
  const Program client = start({"logs", "task", "--follow"});
  EXPECT_EQ(client->line(), "one");
  client->signal(SIGSTOP);
  go();
  await_ready();
  while (ok({"logs", "task"}) != "one\ntwo\n") {
  }
  daemon_.kill();
  daemon_.start();  // It runs again.
  for (int i = 0; i < 2; ++i) {
    await_ready();
    go();
  }
  ok({"wait", "task"});
  client->signal(SIGCONT);
  const Output output = client->finish();
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "two\none\ntwo\nthree\n");
  EXPECT_TRUE(output.err.starts_with("wm: task, run 2: ")) << output.err;
}

TEST_F(Restart, ARunThatSaysNothingAtFirstIsNamedOnceItDoes) {
  script("task", "echo >ready; read x <go; echo text; exit 1",
         {"--max-attempts", "2", "--backoff-delay", "1ms"});
  await_ready();
  const Program client = start({"logs", "task", "--follow"});
  await_asked({client.get()});
  go();
  EXPECT_EQ(client->line(), "text");
  await_ready();
  await_asked({client.get()});
  go();
  EXPECT_EQ(client->line(), "text");
  const Output output = client->finish();
  EXPECT_TRUE(output.err.starts_with("wm: task, run 2: running since ")) << output.err;
}

TEST_F(Restart, ConditionsAreWatchedOn) {
  ok({"conditions", "override", "charging=no"});
  const Program client = start({"--json", "conditions", "--watch"});
  const auto charging = [&] {
    const json::value conditions = json::parse(client->line());
    for (const json::value& condition : conditions.as_array()) {
      if (text(condition, "name") == "charging") return text(condition, "source");
    }
    return std::string("none");
  };
  EXPECT_EQ(charging(), "override");
  daemon_.kill();
  EXPECT_EQ(client->error_line(), kGoneAway);
  daemon_.start();
  EXPECT_NE(charging(), "override") << "that ends with the daemon";
  ok({"conditions", "override", "charging=no"});
  EXPECT_EQ(charging(), "override");
}

class WaitForSeveral : public Restart {};

TEST_F(WaitForSeveral, TellsOfEachAsItEnds) {
  for (const char* name : {"a", "b", "c"}) script(name, ":", {"--initial-delay", "1h"});
  const Program client = waiting({"a", "b", "c", "a"});
  ok({"run", "c"});
  EXPECT_EQ(client->line(), "'c' succeeded");
  ok({"cancel", "b"});
  EXPECT_EQ(client->line(), "'b' was cancelled");
  ok({"daemon", "reexec"});
  daemon_.kill();
  daemon_.start();
  ok({"run", "a"});
  const Output output = client->finish();
  EXPECT_EQ(output.out, "'a' succeeded\n");
  EXPECT_EQ(output.status, 1) << "one was cancelled";
  fails(3, "'nothing'", {"wait", "a", "nothing"});
  EXPECT_EQ(wm({"wait", "a", "c"}).out, "'a' succeeded\n'c' succeeded\n");
  script("d", ":", {"--initial-delay", "1h"});
  const Output late = wm({"wait", "a", "d", "--timeout", "10ms"});
  EXPECT_EQ(late.status, 124);
  EXPECT_NE(late.err.find("'d' has not ended after 10ms"), std::string::npos) << late.err;
}

TEST_F(WaitForSeveral, TheFirstDecidesWithAny) {
  for (const char* name : {"a", "b"}) script(name, ":", {"--initial-delay", "1h"});
  const Program client = waiting({"a", "b", "--any"});
  ok({"run", "b"});
  const Output output = client->finish();
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "'b' succeeded\n");
  EXPECT_EQ(wm({"--json", "wait", "a", "b", "--any"}).status, 0);
}

TEST_F(WaitForSeveral, HundredsAreOneCall) {
  json::array works;
  Lines names{"wait"};
  for (int i = 0; i < 500; ++i) {
    names.push_back("a-name-of-some-length-that-many-have-" + std::to_string(i));
    works.push_back(
        json::object{{"work", {{"uniqueName", names.back()}, {"command", {"/bin/true"}}}}});
  }
  RawConnection(daemon_.socket()).call("io.wm.Scheduler.Apply", {{"works", std::move(works)}});
  const Output output = wm(names);
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_EQ(std::ranges::count(output.out, '\n'), 500);
}

}  // namespace
}  // namespace wm
