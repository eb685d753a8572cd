// wm_bench measures what wm costs, as ratios to the machine's own limits in the same run.
//
//   wm_bench           all of it; about three minutes
//   wm_bench register  one of register, drain, dispatch, reaction, idle, scheduler
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/median.h"
#include "bench/scheduler.h"
#include "core/time.h"
#include "tests/support/private_bus.h"
#include "tests/support/programs.h"

namespace wm {
namespace {

namespace json = boost::json;

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kRegistrations = 300;
constexpr int kWorks = 5000;
constexpr int kWaiting = 10'000;
constexpr std::chrono::seconds kIdleTime{60};

double milliseconds_of(const std::function<void()>& body) {
  const auto began = Clock::now();
  body();
  return Milliseconds(Clock::now() - began).count();
}

double p99(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() * 99 / 100];
}

// Returns -1 if there is no such program.
pid_t spawn(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int problem =
      ::posix_spawnp(&pid, arguments.front(), &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  return problem == 0 ? pid : -1;
}

bool run(const std::vector<std::string>& command) {
  int status = 0;
  const pid_t pid = spawn(command);
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void report(const char* what, double ours, const char* unit, const char* limit, double theirs,
            const char* bound) {
  std::printf("%-34s %9.3f %s   %s: %.3f %s   ratio %.2f (%s)\n", what, ours, unit, limit, theirs,
              unit, ours / theirs, bound);
}

// Measures a durable registration, from the client's start to its exit, in turns with the others.
void bench_register() {
  TestDaemon daemon;
  daemon.start();
  const std::string file = (daemon.path() / "sync").string();
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ::setenv("TS_SOCKET", (daemon.path() / "tsp").c_str(), 1);
  const bool has_tsp = run({"tsp", "sleep", "1000"});

  std::vector<double> wm;
  std::vector<double> tsp;
  std::vector<double> bare;
  std::vector<double> sync;
  for (int i = 0; i < kRegistrations; ++i) {
    const std::string name = "work-" + std::to_string(i);
    wm.push_back(milliseconds_of([&] {
      run({WM_PROGRAM, "--socket", daemon.socket(), "register-oneoff", name, "--initial-delay",
           "1h", "--", "/bin/true"});
    }));
    if (has_tsp) tsp.push_back(milliseconds_of([] { run({"tsp", "/bin/true"}); }));
    bare.push_back(milliseconds_of([] { run({"/bin/true"}); }));
    sync.push_back(milliseconds_of([&] {
      const std::string page(4096, static_cast<char>(i));
      if (::write(fd, page.data(), page.size()) > 0) ::fdatasync(fd);
    }));
  }
  ::close(fd);
  const double limit = median(bare) + median(sync);
  std::printf("spawn and wait %.3f ms, write and fdatasync %.3f ms\n", median(bare), median(sync));
  report("register-oneoff", median(wm), "ms", "spawn + fdatasync", limit, "no bound");
  if (has_tsp) {
    report("register-oneoff", median(wm), "ms", "tsp", median(tsp), "at most 1.5");
    run({"tsp", "-k"});
    run({"tsp", "-K"});
  } else {
    std::printf("tsp (task-spooler) is not installed: nothing to compare with\n");
  }
}

// Measures the rate of that many children of /bin/true at the same parallelism, with nothing else.
double bare_rate(int parallel) {
  const double time = milliseconds_of([parallel] {
    int started = 0;
    for (int running = 0, ended = 0; ended < kWorks;) {
      for (; running < parallel && started < kWorks; ++running, ++started) spawn({"/bin/true"});
      ::waitpid(-1, nullptr, 0);
      --running;
      ++ended;
    }
  });
  return kWorks / time * 1000;
}

double wm_rate(int parallel) {
  TestDaemon daemon("[run]\nmax_parallel = " + std::to_string(parallel) + "\n");
  daemon.start();
  RawConnection connection(daemon.socket());
  connection.call("io.wm.Scheduler.OverrideConditions", {{"values", {{"network", "none"}}}});
  const json::object constraints{{"network", "connected"}};
  const json::array command{"/bin/true"};
  for (int i = 0; i < kWorks; ++i) {
    connection.call("io.wm.Scheduler.Register", {{"work",
                                                  {{"uniqueName", "work-" + std::to_string(i)},
                                                   {"command", command},
                                                   {"constraints", constraints}}}});
  }
  const double time = milliseconds_of([&] {
    connection.call("io.wm.Scheduler.OverrideConditions", {{"values", {{"network", "connected"}}}});
    // Jobs start in the order of registration: the last to end is among the last to start.
    for (int i = kWorks - parallel; i < kWorks; ++i) {
      connection.call("io.wm.Scheduler.Wait", {{"uniqueName", "work-" + std::to_string(i)}});
    }
  });
  return kWorks / time * 1000;
}

void bench_drain() {
  const int processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  for (const int parallel : {processors, 4 * processors}) {
    std::vector<double> bare;
    std::vector<double> ours;
    for (int i = 0; i < 3; ++i) {
      bare.push_back(bare_rate(parallel));
      ours.push_back(wm_rate(parallel));
    }
    const std::string what = "5,000 /bin/true, " + std::to_string(parallel) + " at once";
    report(what.c_str(), median(ours), "/s", "posix_spawn and wait", median(bare), "at least 0.70");
  }
}

// Measures from the moment that a job is due to its child's first instruction, in turns with a bare
// spawn.
void bench_dispatch() {
  constexpr int kDispatches = 300;
  constexpr std::chrono::milliseconds kDelay{20};
  TestDaemon daemon;
  daemon.start();
  RawConnection connection(daemon.socket());
  const std::string fifo = (daemon.path() / "fifo").string();
  ::mkfifo(fifo.c_str(), 0600);
  const int heard = ::open(fifo.c_str(), O_RDWR | O_CLOEXEC);
  const auto stamp = [&] {
    std::int64_t time = 0;
    if (::read(heard, &time, sizeof time) != sizeof time) std::abort();
    return std::chrono::nanoseconds(time);
  };
  std::vector<double> wm;
  std::vector<double> bare;
  for (int i = 0; i < kDispatches; ++i) {
    const json::object work{{"uniqueName", "work-" + std::to_string(i)},
                            {"command", {WM_STAMP, fifo}},
                            {"initialDelayMs", kDelay.count()}};
    const json::object answer =
        connection.call("io.wm.Scheduler.Register", {{"work", work}}).at("parameters").as_object();
    const auto due = parse_time(answer.at("work").at("nextRunAt").as_string());
    wm.push_back(Milliseconds(stamp() - due->time_since_epoch()).count());
    connection.call("io.wm.Scheduler.Wait", {{"uniqueName", work.at("uniqueName")}});
    std::this_thread::sleep_for(kDelay);
    const auto began = std::chrono::system_clock::now().time_since_epoch();
    const pid_t pid = spawn({WM_STAMP, fifo});
    bare.push_back(Milliseconds(stamp() - began).count());
    ::waitpid(pid, nullptr, 0);
  }
  report("due to first instruction, median", median(wm), "ms", "posix_spawn", median(bare),
         "at most 1.5");
  report("due to first instruction, p99", p99(wm), "ms", "posix_spawn", p99(bare), "no bound");
}

// Measures from UPower's signal that the plug is in to the job's first action, while 1000
// other jobs wait for something else; in turns with the same signal and a bare posix_spawn.
void bench_reaction() {
  constexpr int kReactions = 300;
  PrivateBus bus;
  FakeService upower(bus, "org.freedesktop.UPower");
  const auto plug = [&](bool in) {
    upower.set("/org/freedesktop/UPower", "org.freedesktop.UPower", "OnBattery", !in);
  };
  plug(false);
  TestDaemon daemon;
  daemon.start();
  RawConnection connection(daemon.socket());
  const std::string fifo = (daemon.path() / "fifo").string();
  ::mkfifo(fifo.c_str(), 0600);
  const int heard = ::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  const json::array command{"/bin/sh", "-c", "echo >" + fifo};
  const auto add = [&](const std::string& name, json::object constraints) {
    connection.call(
        "io.wm.Scheduler.Register",
        {{"work",
          {{"uniqueName", name}, {"command", command}, {"constraints", std::move(constraints)}}}});
  };
  for (int i = 0; i < 1000; ++i) add("idle-" + std::to_string(i), {{"network", "metered"}});

  boost::asio::io_context loop;
  Bus own(loop);
  bool armed = false;
  BusObject seen(own, "org.freedesktop.UPower", "/org/freedesktop/UPower", "org.freedesktop.UPower",
                 [&] {
                   const bool now = !seen.flag("OnBattery").value_or(true);
                   if (!now || !std::exchange(armed, false)) return;
                   spawn({"/bin/sh", "-c", "echo >" + fifo});
                 });
  const auto reaction = [&](const std::string& name) {
    const auto turn = [&] {
      upower.pump();
      loop.poll();
    };
    plug(false);
    for (int i = 0; i < 20; ++i) {
      turn();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    armed = name.empty();
    if (!armed) add(name, {{"charging", true}});
    return milliseconds_of([&] {
      plug(true);
      for (char byte = 0; ::read(heard, &byte, 1) != 1;) turn();
    });
  };
  std::vector<double> wm;
  std::vector<double> bare;
  for (int i = 0; i < kReactions; ++i) {
    wm.push_back(reaction("work-" + std::to_string(i)));
    bare.push_back(reaction(""));
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
  report("signal to start, median", median(wm), "ms", "signal + posix_spawn", median(bare),
         "no bound");
  report("signal to start, p99", p99(wm), "ms", "signal + posix_spawn", p99(bare), "at most 50 ms");
}

long voluntary_switches(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  long count = -1;
  for (std::string word; status >> word;) {
    if (word == "voluntary_ctxt_switches:") status >> count;
  }
  return count;
}

void bench_idle() {
  TestDaemon daemon;
  daemon.start();
  {
    RawConnection connection(daemon.socket());
    connection.call("io.wm.Scheduler.OverrideConditions",
                    {{"values", {{"network", "none"}, {"battery", "low"}, {"storage", "low"}}}});
    const json::object needs[] = {{{"network", "connected"}},
                                  {{"batteryNotLow", true}},
                                  {{"storageNotLow", true}},
                                  {{"idle", true}, {"network", "connected"}},
                                  {}};
    const json::array command{"/bin/true"};
    for (int i = 0; i < kWaiting; ++i) {
      connection.call("io.wm.Scheduler.Register",
                      {{"work",
                        {{"uniqueName", "work-" + std::to_string(i)},
                         {"command", command},
                         {"constraints", needs[i % 5]},
                         {"initialDelayMs", i % 5 == 4 ? 3'600'000 : 0}}}});
    }
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));  // The hang-up is the last event.
  const long before = voluntary_switches(daemon.pid());
  std::this_thread::sleep_for(kIdleTime);
  std::printf("%-34s %9ld voluntary context switches in %lld s (none)\n", "10,000 waiting works",
              voluntary_switches(daemon.pid()) - before, static_cast<long long>(kIdleTime.count()));
}

}  // namespace
}  // namespace wm

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  if (only.empty() || only == "register") wm::bench_register();
  if (only.empty() || only == "drain") wm::bench_drain();
  if (only.empty() || only == "dispatch") wm::bench_dispatch();
  if (only.empty() || only == "reaction") wm::bench_reaction();
  if (only.empty() || only == "idle") wm::bench_idle();
  if (only.empty() || only == "scheduler") wm::bench_scheduler();
}
