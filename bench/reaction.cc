// Measures the time from UPower's signal that the plug is in to a job's first action, while 1000
// other jobs wait for something else; in turns with the same signal and a bare posix_spawn.
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/figures.h"
#include "bench/timing.h"
#include "tests/support/private_bus.h"
#include "tests/support/programs.h"

namespace wm {

namespace json = boost::json;

void bench_reaction(Table& table) {
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
  table.add({"signal to start, p50", median(wm), "ms", "signal + posix_spawn", median(bare), {}});
  table.add({"signal to start, p99", p99(wm), "ms", "", 0, Bound{50}});
}

}  // namespace wm
