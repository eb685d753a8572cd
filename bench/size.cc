// Measures starts, memory and answers with 100,000 and 1,000,000 jobs, and the time that others
// wait.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/wait.h>

#include "bench/figures.h"
#include "bench/queue.h"
#include "bench/same_rows.h"
#include "bench/timing.h"
#include "tests/support/programs.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr int kFew = 1'000;
constexpr int kCancelled = 300'000;
constexpr int kMany = 1'000'000;
constexpr int kCalls = 200;

std::vector<std::string> client(const TestDaemon& daemon, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {WM_PROGRAM, "--socket", daemon.socket()});
  return arguments;
}

void fill(const TestDaemon& daemon, int first, int count) {
  const std::string file = (daemon.path() / "jobs.toml").string();
  for (int last = first + count; first < last; first += kApplied) {
    write_jobs(file, first, std::min(kApplied, last - first));
    if (!run(client(daemon, {"apply", file}))) std::abort();
  }
}

SameRows rows_of(const TestDaemon& daemon) { return SameRows(daemon.path() / "state" / "wm.db"); }

double mebibytes_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  double kilobytes = 0;
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> kilobytes;
  }
  return kilobytes / 1024;
}

void add_memory(Table& table, const char* jobs, const TestDaemon& daemon, double most) {
  table.add({std::string("memory, ") + jobs + " jobs", mebibytes_of(daemon.pid()), "MiB", "", 0,
             Bound{most}});
}

// Restarts the daemon, which has these jobs.
void bench_start(Table& table, const char* jobs, TestDaemon& daemon) {
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int i = 0; i < kRounds; ++i) {
    daemon.stop();
    theirs.push_back(rows_of(daemon).read());
    ours.push_back(milliseconds_of([&] { daemon.start(); }));
  }
  table.add({std::string("start with ") + jobs + " jobs", median(ours), "ms",
             "SQLite reading the rows", median(theirs), Bound{4}});
}

// The longest time that a question takes while the command runs.
double longest_answer(const TestDaemon& daemon, std::vector<std::string> arguments) {
  RawConnection connection(daemon.socket());
  const pid_t pid = spawn(client(daemon, std::move(arguments)));
  double longest = 0;
  do {
    longest =
        std::max(longest, milliseconds_of([&] { connection.call("io.wm.Scheduler.Status"); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (::waitpid(pid, nullptr, WNOHANG) == 0);
  return longest;
}

void add_answer(Table& table, const std::string& what, double most, const TestDaemon& daemon,
                std::vector<std::string> arguments) {
  table.add({"longest answer during " + what, longest_answer(daemon, std::move(arguments)), "ms",
             "", 0, Bound{most}});
}

// The medians of four calls.
struct Calls {
  std::vector<double> enqueue, show, why, cancel;

  void measure(RawConnection& connection, int number) {
    const std::string name = "one-more-" + std::to_string(number);
    const auto time = [&](const char* method, json::object parameters) {
      return milliseconds_of([&] {
        if (connection.call(std::string("io.wm.Scheduler.") + method, parameters).contains("error"))
          std::abort();
      });
    };
    enqueue.push_back(time(
        "Register",
        {{"work",
          {{"uniqueName", name}, {"command", {"/bin/true"}}, {"initialDelayMs", 3'600'000}}}}));
    show.push_back(time("Show", {{"uniqueName", name}}));
    why.push_back(time("Why", {{"uniqueName", name}}));
    cancel.push_back(time("Cancel", {{"uniqueNames", json::array{json::string(name)}}}));
  }
};

void bench_calls(Table& table, const TestDaemon& many) {
  TestDaemon few(kRoom);
  few.start();
  fill(few, 0, kFew);
  RawConnection to_few(few.socket());
  RawConnection to_many(many.socket());
  Calls with_few;
  Calls with_many;
  for (int i = 0; i < kCalls; ++i) {
    with_few.measure(to_few, i);
    with_many.measure(to_many, i);
  }
  const std::pair<const char*, std::vector<double> Calls::*> calls[]{{"register", &Calls::enqueue},
                                                                     {"show", &Calls::show},
                                                                     {"why", &Calls::why},
                                                                     {"cancel", &Calls::cancel}};
  for (const auto& [name, times] : calls) {
    table.add({std::string(name) + ", 1,000,000 jobs", median(with_many.*times), "ms",
               "with 1,000 jobs", median(with_few.*times), Bound{1.3}});
  }
}

double first_line(const TestDaemon& daemon) {
  return milliseconds_of([&] { daemon.start_wm({"list"})->line(); });
}

// Runs the command once, and the statements on what it found.
void bench_against_sql(Table& table, const char* what, TestDaemon& daemon,
                       std::vector<std::string> arguments, const char* statements) {
  daemon.stop();
  const double theirs = rows_of(daemon).change(statements);
  daemon.start();
  const double ours = milliseconds_of([&] { run(client(daemon, std::move(arguments))); });
  table.add({what, ours, "ms", "SQL that does the same", theirs, Bound{4}});
}

}  // namespace

void bench_size(Table& table) {
  TestDaemon daemon(kRoom);
  daemon.start();
  add_memory(table, "no", daemon, 12);
  fill(daemon, 0, kApplied);
  bench_start(table, "100,000", daemon);
  add_memory(table, "100,000", daemon, 30);
  fill(daemon, kApplied, kMany - kApplied);
  bench_start(table, "1,000,000", daemon);
  add_memory(table, "1,000,000", daemon, 180);
  bench_calls(table, daemon);
  table.add({"first line of wm list, 1,000,000 jobs", first_line(daemon), "ms", "", 0, Bound{100}});
  add_answer(table, "wm list, 1,000,000", 100, daemon, {"list"});
  add_answer(table, "wm export, 1,000,000", 100, daemon, {"export"});
  add_answer(table, "wm forecast, 1,000,000", 100, daemon, {"forecast", "--for", "2h"});
  bench_against_sql(table, "cancel --all, 1,000,000", daemon, {"cancel", "--all"},
                    "UPDATE work SET state = 5, finished = 1, since = since + 1, "
                    "expires_at = since + 604800000 WHERE finished = 0");
  bench_against_sql(
      table, "prune, 1,000,000", daemon, {"prune"},
      "BEGIN; DELETE FROM tag WHERE work IN (SELECT id FROM work WHERE finished = 1); "
      "DELETE FROM work WHERE finished = 1; COMMIT");

  fill(daemon, 0, kCancelled - kApplied);
  const std::string file = (daemon.path() / "more.toml").string();
  write_jobs(file, kCancelled, kApplied);
  add_answer(table, "wm apply, 100,000", 1000, daemon, {"apply", file});
  add_answer(table, "wm cancel --all, 300,000", 1000, daemon, {"cancel", "--all"});
  add_answer(table, "wm prune, 300,000", 100, daemon, {"prune"});
}

}  // namespace wm
