// Measures the time from the moment that a job is due to its child's first instruction.
#include <chrono>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/figures.h"
#include "bench/timing.h"
#include "core/time.h"
#include "tests/support/programs.h"

namespace wm {

namespace json = boost::json;

using Milliseconds = std::chrono::duration<double, std::milli>;

void bench_dispatch(Table& table) {
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
  table.add(
      {"due to first instruction, p50", median(wm), "ms", "posix_spawn", median(bare), Bound{1.3}});
  table.add(
      {"due to first instruction, p99, more than it", p99(wm) - p99(bare), "ms", "", 0, Bound{5}});
}

}  // namespace wm
