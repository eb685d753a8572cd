#include "cli/command.h"
#include "cli/render/work.h"

namespace wm::cli {
namespace {

int metrics(Session& session) {
  const auto answer = session.ask("Metrics", {});
  if (!answer) return session.complain(answer.error());
  if (session.json()) {
    session.print(*answer);
  } else {
    session.out() << text_of(*answer, "text");
  }
  return kDone;
}

}  // namespace

Command::Run set_up_metrics(CLI::App& app, const CommandLine&) {
  app.footer(
      "About everybody's jobs; only for root and the daemon's own user. The setting\n"
      "metrics.textfile in wmd.toml keeps the same in a file, for node_exporter.\n"
      "Example: wm metrics | grep wm_runs_total");
  return metrics;
}

}  // namespace wm::cli
