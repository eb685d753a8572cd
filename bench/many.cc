// Many registrations.
#include <cstdlib>

#include "bench/figures.h"
#include "bench/queue.h"
#include "bench/same_rows.h"
#include "bench/timing.h"
#include "tests/support/programs.h"

namespace wm {
namespace {

constexpr int kPipelined = 5'000;

std::filesystem::path database_of(const TestDaemon& daemon) {
  return daemon.path() / "state" / "wm.db";
}

}  // namespace

void bench_many(Table& table) {
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int i = 0; i < kRounds; ++i) {
    TestDaemon daemon;
    daemon.start();
    RawConnection connection(daemon.socket());
    ours.push_back(kPipelined / milliseconds_of([&] {
                     register_jobs(connection, kPipelined, {{"initialDelayMs", 3'600'000}});
                   }) *
                   1000);
    daemon.stop();
    theirs.push_back(kPipelined / SameRows(database_of(daemon)).insert(32) * 1000);
  }
  table.add({"registrations, pipelined, durable", median(ours), "/s", "SQLite, 32 a commit",
             median(theirs), Bound{0.5, true}});

  ours.clear();
  theirs.clear();
  for (int i = 0; i < kRounds; ++i) {
    TestDaemon daemon(kRoom);
    daemon.start();
    const std::string file = (daemon.path() / "jobs.toml").string();
    write_jobs(file, 0, kApplied);
    ours.push_back(milliseconds_of([&] {
      if (!run({WM_PROGRAM, "--socket", daemon.socket(), "apply", file})) std::abort();
    }));
    daemon.stop();
    theirs.push_back(SameRows(database_of(daemon)).insert(0));
  }
  table.add({"apply of 100,000 jobs", median(ours), "ms", "SQLite, one transaction", median(theirs),
             Bound{3}});
}

}  // namespace wm
