// Files, lists and answers that are larger than a message.
#include <csignal>
#include <fstream>
#include <thread>

#include <poll.h>
#include <sys/socket.h>

#include "daemon/wire/server.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

// About three messages of jobs.
constexpr int kCount = 8'000;

class LargeLists : public Commands {
 protected:
  using Commands::Commands;

  static std::string name(int i) { return "job-" + std::to_string(i); }
  static std::string entry(int i) {
    return "[[work]]\nname = \"" + name(i) + "\"\ncommand = [\"true\", \"" + std::to_string(i) +
           "\"]\ninitial-delay = \"2h\"\ntags = [\"many\"]\ndescription = \"" +
           std::string(150, 'd') + "\"\n";
  }
  std::string write(const std::string& text, const std::string& file = "works.toml") const {
    std::ofstream(daemon_.path() / file) << text;
    return (daemon_.path() / file).string();
  }
  std::string many(int count, const std::string& more = "") const {
    std::string text;
    for (int i = 0; i < count; ++i) text += entry(i);
    return write(text + more);
  }
  std::size_t count() { return json({"list"}).as_array().size(); }

  static json::object work(int i) {
    return {{"work",
             {{"uniqueName", name(i)},
              {"command", json::array{"/bin/true"}},
              {"initialDelayMs", 3'600'000}}},
            {"where", "f:" + std::to_string(i)}};
  }
  // A part with the jobs from `first` on.
  static json::object part(int first, int works, bool last = false) {
    json::array list;
    for (int i = first; i < first + works; ++i) list.push_back(work(i));
    return {{"works", std::move(list)}, {"part", !last}, {"before", first}};
  }
  static json::object apply(RawConnection& connection, json::object parameters) {
    return connection.call("io.wm.Scheduler.Apply", std::move(parameters));
  }
  static std::string message_of(const json::object& answer) {
    return answer.contains("error") ? text(answer.at("parameters"), "message") : "";
  }
};

TEST_F(LargeLists, AFileIsAppliedWholeAndAgain) {
  const std::string file = many(kCount);
  const json::value results = json({"apply", file});
  EXPECT_EQ(results.as_array().size(), std::size_t{kCount});
  EXPECT_EQ(text(results.at(kCount - 1), "uniqueName"), name(kCount - 1)) << "in its order";
  EXPECT_EQ(count(), std::size_t{kCount});
  EXPECT_EQ(ok({"apply", file}), std::to_string(kCount) + " unchanged\n");
  EXPECT_EQ(ok({"apply", many(kCount - 1), "--prune"}),
            "cancelled '" + name(kCount - 1) + "'\n" + std::to_string(kCount - 1) + " unchanged\n");
}

// Its file is as long as the log has been at most.
TEST_F(LargeLists, TheDatabasesLogDoesNotGrowWithTheDatabase) {
  RawConnection connection(daemon_.socket());
  constexpr int kJobs = 400;
  for (int i = 0; i < kJobs; ++i) {
    json::object job = work(i).at("work").as_object();
    job["description"] = std::string(100'000, 'd');
    connection.call("io.wm.Scheduler.Register", {{"work", std::move(job)}});
  }
  EXPECT_EQ(count(), std::size_t{kJobs});
  const auto state = daemon_.path() / "state";
  EXPECT_LE(std::filesystem::file_size(state / "wm.db-wal"), std::uintmax_t{20} << 20);
  EXPECT_GE(std::filesystem::file_size(state / "wm.db"), std::uintmax_t{20} << 20);
}

// They fill several pages.
TEST_F(LargeLists, AJobThatIsNamedAgainIsAnsweredAgain) {
  constexpr std::size_t kTimes = 12;
  std::vector<std::string> command{"cancel"};
  for (const std::string name : {"large", "small"}) {
    ok({"register-oneoff", name, "--initial-delay", "1h", "--description",
        std::string(name == "large" ? 100'000 : 1, 'd'), "--", "true"});
    command.insert(command.end(), kTimes, name);
  }
  const json::array cancelled = json(command).as_array();
  ASSERT_EQ(cancelled.size(), 2 * kTimes);
  EXPECT_EQ(text(cancelled[kTimes - 1], "uniqueName"), "large");
  EXPECT_EQ(text(cancelled[kTimes], "uniqueName"), "small");
}

TEST_F(LargeLists, OneBadEntryAndNothingOfALargeFileIsRegistered) {
  const std::string file = many(
      kCount, "[[work]]\nname = 'last'\ncommand = ['true']\nafter = ['" + name(0) + "', 'nobody']");
  fails(3, "works.toml: line 48001: no job 'nobody'", {"apply", file});
  EXPECT_EQ(count(), 0U);
  fails(2, "is declared twice", {"apply", many(kCount, entry(0))});
  EXPECT_EQ(count(), 0U);
}

TEST_F(LargeLists, WhatIsExportedSaysTheSameElsewhere) {
  ok({"apply", many(kCount)});
  const std::string exported = ok({"export"});
  TestDaemon other;
  other.start();
  EXPECT_EQ(other.wm({"apply", write(exported)}).status, 0);
  EXPECT_EQ(other.wm({"export"}).out, exported);
}

TEST_F(LargeLists, NamesOfMoreThanAMessageAreCancelledOrNone) {
  std::string works;
  std::vector<std::string> command{"cancel"};
  for (int i = 0; i < 6'000; ++i) {
    command.push_back(std::string(190, 'n') + std::to_string(i));
    works +=
        "[[work]]\nname = '" + command.back() + "'\ncommand = ['true']\ninitial-delay = '2h'\n";
  }
  ok({"apply", write(works)});
  command.emplace_back("nobody");
  fails(3, "no such job: 'nobody'", command);
  EXPECT_EQ(count(), 6'000U);
  command.pop_back();
  const std::string cancelled = ok(command);
  EXPECT_EQ(std::ranges::count(cancelled, '\n'), 6'000);
  EXPECT_EQ(count(), 0U);
}

TEST_F(LargeLists, PartsAreTakenTogetherOnceTheLastIsThere) {
  RawConnection connection(daemon_.socket());
  EXPECT_EQ(message_of(apply(connection, part(0, 2))), "");
  EXPECT_EQ(message_of(apply(connection, part(2, 1))), "");
  EXPECT_EQ(count(), 0U);
  const json::object whole = apply(connection, part(3, 1, true));
  EXPECT_EQ(whole.at("parameters").at("results").as_array().size(), 4U);
  EXPECT_EQ(count(), 4U);
}

// Later parts change nothing, as from a client that does not wait for answers.
TEST_F(LargeLists, APartThatIsRefusedTakesTheOthersWithIt) {
  RawConnection connection(daemon_.socket());
  json::object bad = part(2, 2);
  bad["works"].as_array()[1].as_object()["work"].as_object()["surprise"] = 1;
  EXPECT_EQ(message_of(apply(connection, part(0, 2))), "");
  EXPECT_TRUE(message_of(apply(connection, bad)).starts_with("f:3: ")) << "its place";
  EXPECT_NE(message_of(apply(connection, part(4, 1))).find("send all of them again"),
            std::string::npos);
  EXPECT_NE(message_of(apply(connection, part(5, 1, true))).find("the 5 that came before"),
            std::string::npos);
  EXPECT_EQ(count(), 0U);
  EXPECT_EQ(message_of(apply(connection, part(0, 2))), "") << "and so it can be";
  EXPECT_EQ(message_of(apply(connection, part(2, 1, true))), "");
  EXPECT_EQ(count(), 3U);
}

TEST_F(LargeLists, AnotherProgramInBetweenAppliesNoHalf) {
  RawConnection connection(daemon_.socket());
  EXPECT_EQ(message_of(apply(connection, part(0, 2))), "");
  EXPECT_EQ(wm({"daemon", "reexec"}).status, 0);
  const std::string refusal = message_of(apply(connection, part(2, 1, true)));
  EXPECT_NE(refusal.find("send all of them again"), std::string::npos) << refusal;
  EXPECT_EQ(count(), 0U);
  EXPECT_EQ(message_of(apply(connection, part(0, 3, true))), "");
  EXPECT_EQ(count(), 3U);
}

class FewWorksEach : public LargeLists {
 protected:
  FewWorksEach() : LargeLists("[limits]\nmax_work_per_owner = 5\nmax_work_space = 100000\n") {}
};

TEST_F(FewWorksEach, PartsHaveTheSameBoundAsWorks) {
  fails(6, "works.toml: line 31: this job is one too many: there may be at most 5",
        {"apply", many(6)});
  EXPECT_EQ(count(), 0U);
  ok({"apply", many(5)});
  ok({"apply", many(5)});

  RawConnection connection(daemon_.socket());
  EXPECT_EQ(message_of(apply(connection, part(0, 3))), "");
  const std::string refusal = message_of(apply(connection, part(3, 3)));
  EXPECT_TRUE(refusal.starts_with("f:5: this job is one too many")) << refusal;
}

TEST_F(FewWorksEach, WhatPartsTakeIsBoundAndFreeOnceTheyAreGone) {
  json::object large = part(0, 1);
  large["works"].as_array()[0].as_object()["work"].as_object()["description"] =
      std::string(90'000, 'd');
  {
    RawConnection first(daemon_.socket());
    EXPECT_EQ(message_of(apply(first, large)), "");
    const std::string refusal = message_of(apply(first, part(1, 4)));
    EXPECT_NE(refusal.find("limits.max_work_space"), std::string::npos) << refusal;
    EXPECT_EQ(message_of(apply(first, large)), "") << "what was refused is not kept";
    RawConnection second(daemon_.socket());
    EXPECT_NE(message_of(apply(second, large)), "") << "it is one user's";
  }
  RawConnection third(daemon_.socket());
  EXPECT_EQ(message_of(apply(third, large)), "");
}

// Registrations that do not wait for each other's answers.
class Pipelined : public Commands {
 protected:
  static std::string call(const std::string& method, json::object parameters) {
    return json::serialize(json::object{{"method", "io.wm.Scheduler." + method},
                                        {"parameters", std::move(parameters)}}) +
           '\0';
  }
  static std::string registration(const std::string& name, json::object more = {}) {
    more["uniqueName"] = name;
    more["initialDelayMs"] = 3'600'000;
    if (!more.contains("command")) more["command"] = json::array{"/bin/true"};
    return call("Register", {{"work", std::move(more)}});
  }
};

TEST_F(Pipelined, RegistrationsAreDecidedInTheirOrder) {
  std::string calls = call("Show", {{"uniqueName", "a"}}) + registration("a") +
                      call("Show", {{"uniqueName", "a"}}) +
                      registration("b", {{"prerequisites", json::array{"a"}}}) +
                      registration("c", {{"command", json::array{"/absent"}}}) +
                      registration("d", {{"surprise", 1}}) +
                      registration("e", {{"onPath", json::array{"/tmp/*"}}}) +
                      registration("f", {{"prerequisites", json::array{"e", "b"}}}) +
                      call("Cancel", {{"uniqueNames", json::array{"f"}}}) + registration("g");
  RawConnection connection(daemon_.socket());
  connection.send(calls);
  std::string outcomes;
  for (int i = 0; i < 10; ++i) {
    const json::value answer = json::parse(connection.receive().value_or("{}"));
    outcomes += answer.as_object().contains("error") ? '-' : '+';
  }
  EXPECT_EQ(outcomes, "-+++--++++");
}

// A daemon's answer, as slow as the test wants it.
class SlowAnswer : public testing::Test {
 protected:
  SlowAnswer() : listener_(listen_at(socket_, 0600).value()) {}

  UniqueFd accept() const {
    pollfd asked{listener_.get(), POLLIN, 0};
    ::poll(&asked, 1, -1);
    return UniqueFd(::accept(listener_.get(), nullptr, nullptr));
  }
  static std::string page(const std::string& name, bool more) {
    return R"({"parameters":{"works":[{"uniqueName":")" + name +
           R"(","state":"enqueued","owner":0,"kind":"oneoff"}]})" +
           (more ? R"(,"continues":true})" : "}") + '\0';
  }

  TemporaryDirectory directory_;
  std::string socket_ = (directory_.path() / "socket").string();
  UniqueFd listener_;
};

TEST_F(SlowAnswer, TheFirstPageIsPrintedBeforeTheNextIsThere) {
  for (const std::string form : {"", " --json"}) {
    const std::string pipe = (directory_.path() / ("out" + std::to_string(form.size()))).string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::jthread client([&] {
      run_program({"/bin/sh", "-c",
                   "LC_ALL=C " WM_PROGRAM " --socket " + socket_ + " list" + form + " >" + pipe});
    });
    std::ifstream out(pipe);
    const UniqueFd connection = accept();
    const std::string first = page("first", true);
    ASSERT_EQ(::send(connection.get(), first.data(), first.size(), 0), std::ssize(first));
    std::string seen;
    for (char c = 0; seen.find("first") == std::string::npos && out.get(c);) seen += c;
    EXPECT_NE(seen.find("first"), std::string::npos);
    const std::string last = page("last", false);
    ASSERT_EQ(::send(connection.get(), last.data(), last.size(), 0), std::ssize(last));
    seen.append(std::istreambuf_iterator<char>(out), {});
    if (form.empty()) {
      EXPECT_EQ(seen,
                "NAME   NEXT  WAITS FOR  LAST RUN  TASK\n"
                "first  now              -\nlast   now              -\n");
    } else {
      EXPECT_EQ(json::parse(seen).as_array().size(), 2U) << "one document";
    }
  }
}

// This holds even if its parent has told it to ignore the signal.
TEST_F(SlowAnswer, WhoHasSeenEnoughEndsItQuietly) {
  const std::string err = (directory_.path() / "err").string();
  std::jthread client([&] {
    run_program({"/bin/sh", "-c",
                 "trap '' PIPE; { " + std::string(WM_PROGRAM) + " --socket " + socket_ +
                     " list 2>" + err + "; } | head -n 1"});
  });
  {
    const UniqueFd connection = accept();
    const std::string next = page("work", true);
    for (int i = 0; i < 10'000; ++i) {
      if (::send(connection.get(), next.data(), next.size(), MSG_NOSIGNAL) < 0) break;
    }
  }
  client.join();
  EXPECT_EQ(std::filesystem::file_size(err), 0U);
}

}  // namespace
}  // namespace wm
