#include "cli/command.h"
#include "cli/run_side.h"

namespace wm::cli {

Command::Run set_up_alive(CLI::App& app, const CommandLine&) {
  app.footer(
      "For use inside a run with --watchdog, more often than its time. wm progress and\n"
      "wm output count, too.\n"
      "Example: wm alive");
  return [](Session& session) { return report(session, "SayAlive", {}); };
}

}  // namespace wm::cli
