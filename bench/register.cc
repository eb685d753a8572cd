// Measures a registration by the client, from the client's start to its exit.
#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "bench/figures.h"
#include "bench/timing.h"
#include "daemon/system/unique_fd.h"
#include "tests/support/programs.h"

namespace wm {
namespace {

constexpr int kRegistrations = 300;

}  // namespace

void bench_register(Table& table) {
  TestDaemon daemon;
  daemon.start();
  const UniqueFd file(
      ::open((daemon.path() / "sync").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
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
      if (::write(file.get(), page.data(), page.size()) > 0) ::fdatasync(file.get());
    }));
  }
  table.add({"register-oneoff, alone",
             median(wm),
             "ms",
             "spawn /bin/true + fdatasync",
             median(bare) + median(sync),
             {}});
  if (has_tsp) {
    table.add({"register-oneoff, durable", median(wm), "ms", "tsp, not durable", median(tsp),
               Bound{1.2}});
    run({"tsp", "-k"});
    run({"tsp", "-K"});
  }
}

}  // namespace wm
