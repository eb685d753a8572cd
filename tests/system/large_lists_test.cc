// Files, lists and answers that no single message holds.
#include <csignal>
#include <fstream>
#include <thread>

#include <poll.h>
#include <sys/socket.h>

#include "daemon/server.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

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

// What the daemon would answer, as slowly as the test likes.
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
      run_program(
          {"/bin/sh", "-c",
           std::string(WM_PROGRAM) + " --socket " + socket_ + " list" + form + " >" + pipe});
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
                "NAME   STATE     TASK  WAITS FOR  LAST RUN\n"
                "first  enqueued\nlast   enqueued\n");
    } else {
      EXPECT_EQ(json::parse(seen).as_array().size(), 2U) << "one document";
    }
  }
}

// Also where whoever started it has told it to ignore that.
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
