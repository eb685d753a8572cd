// Measures the rate at which due jobs run to their ends, beside the same children without a queue,
// and beside other queues.
#include <algorithm>
#include <cstdlib>
#include <deque>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/figures.h"
#include "bench/queue.h"
#include "bench/timing.h"
#include "tests/support/programs.h"
#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

constexpr int kJobs = 10'000;
constexpr int kJobsOfOthers = 500;  // tsp has room for fewer than 1,000.

// They stay until the end: on ext4 without a journal, making directories is slow for minutes after
// thousands were removed.
using Daemons = std::deque<TestDaemon>;

double rate(int jobs, double milliseconds) { return jobs / milliseconds * 1000; }

double bare_rate(int parallel) {
  return rate(kJobs, milliseconds_of([parallel] {
                int started = 0;
                for (int running = 0, ended = 0; ended < kJobs;) {
                  for (; running < parallel && started < kJobs; ++running, ++started) {
                    spawn({"/bin/true"});
                  }
                  ::waitpid(-1, nullptr, 0);
                  --running;
                  ++ended;
                }
              }));
}

double wm_rate(int parallel, Daemons& daemons) {
  TestDaemon& daemon =
      daemons.emplace_back("[run]\nmax_parallel = " + std::to_string(parallel) + "\n");
  daemon.start();
  RawConnection connection(daemon.socket());
  connection.call("io.wm.Scheduler.OverrideConditions", {{"values", {{"network", "none"}}}});
  register_jobs(connection, kJobs, {{"constraints", {{"network", "connected"}}}});
  const double rate_of_all =
      rate(kJobs, milliseconds_of([&] {
             connection.call("io.wm.Scheduler.OverrideConditions",
                             {{"values", {{"network", "connected"}}}});
             // Jobs start in the order of registration: the last to end is among the last to start.
             for (int i = kJobs - parallel; i < kJobs; ++i) {
               connection.call("io.wm.Scheduler.Wait", {{"uniqueName", job_name(i)}});
             }
           }));
  daemon.stop();
  return rate_of_all;
}

// Queues jobs behind one that waits at `gate`, and returns the rate from its opening to `wait`.
double rate_of(const std::vector<std::string>& queue, const std::vector<std::string>& wait,
               const std::string& gate) {
  const auto enqueue = [&](std::vector<std::string> command) {
    command.insert(command.begin(), queue.begin(), queue.end());
    return run(command);
  };
  ::mkfifo(gate.c_str(), 0600);
  if (!enqueue({"cat", gate})) return 0;
  for (int i = 0; i < kJobsOfOthers; ++i) enqueue({"/bin/true"});
  return rate(kJobsOfOthers, milliseconds_of([&] {
                run({"sh", "-c", "echo >" + gate});
                run(wait);
              }));
}

// 0: it is not installed.
double tsp_rate() {
  const TemporaryDirectory directory;
  ::setenv("TS_SOCKET", (directory.path() / "socket").c_str(), 1);
  ::setenv("TS_MAXFINISHED", std::to_string(2 * kJobsOfOthers).c_str(), 1);
  const double rate = rate_of({"tsp"}, {"tsp", "-w"}, (directory.path() / "gate").string());
  if (rate != 0) run({"tsp", "-K"});
  return rate;
}

double nq_rate() {
  const TemporaryDirectory directory;
  ::setenv("NQDIR", (directory.path() / "jobs").c_str(), 1);
  return rate_of({"nq"}, {"nq", "-w"}, (directory.path() / "gate").string());
}

}  // namespace

void bench_drain(Table& table) {
  Daemons daemons;
  double serial = 0;
  for (const int parallel : {1, 2, 8}) {
    std::vector<double> bare;
    std::vector<double> ours;
    for (int i = 0; i < kRounds; ++i) {
      bare.push_back(bare_rate(parallel));
      ours.push_back(wm_rate(parallel, daemons));
    }
    table.add({"10,000 /bin/true, " + std::to_string(parallel) + " at once", median(ours), "/s",
               "posix_spawn + wait", median(bare), Bound{0.85, true}});
    if (parallel == 1) serial = median(ours);
  }
  if (const double tsp = tsp_rate(); tsp != 0) {
    table.add({"/bin/true, one at a time", serial, "/s", "tsp", tsp, Bound{2, true}});
  }
  if (const double nq = nq_rate(); nq != 0) {
    table.add({"/bin/true, one at a time, too", serial, "/s", "nq", nq, Bound{2, true}});
  }
}

}  // namespace wm
