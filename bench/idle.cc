// Counts the wake-ups of a daemon while jobs wait and nothing happens.
#include <chrono>
#include <fstream>
#include <thread>

#include "bench/figures.h"
#include "tests/support/programs.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr int kWaiting = 10'000;
constexpr std::chrono::seconds kIdleTime{60};

long voluntary_switches(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  long count = -1;
  for (std::string word; status >> word;) {
    if (word == "voluntary_ctxt_switches:") status >> count;
  }
  return count;
}

}  // namespace

void bench_idle(Table& table) {
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
  table.add({"wake-ups in a minute, 10,000 waiting",
             static_cast<double>(voluntary_switches(daemon.pid()) - before), "", "", 0, Bound{0}});
}

}  // namespace wm
