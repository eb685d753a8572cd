#include "cli/command.h"
#include "cli/render/work.h"

namespace wm::cli {
namespace {

int prune(Session& session) {
  const auto answer = session.ask("Prune", {});
  if (!answer) return session.complain(answer.error());
  if (session.json()) {
    session.print(*answer);
  } else {
    const std::int64_t forgotten = number_of(*answer, "forgotten");
    session.out() << "forgot " << forgotten << " finished work" << (forgotten == 1 ? "" : "s")
                  << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_prune(CLI::App& app, const Trailing&) {
  app.footer(
      "Finished work is forgotten by itself after its --keep-results, or history.keep\n"
      "(7 days).\n"
      "Example: wm prune");
  return [](Session& session) { return prune(session); };
}

}  // namespace wm::cli
