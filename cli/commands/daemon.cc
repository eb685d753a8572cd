#include "cli/command.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace {

int reexec(Session& session) {
  const auto answer = session.ask("Reexec", {});
  if (!answer) return session.complain(answer.error());
  if (session.json()) {
    session.print(*answer);
  } else {
    session.out() << "wmd " << printable(text_of(*answer, "version")) << " has taken over, pid "
                  << number_of(*answer, "pid") << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_daemon(CLI::App& app, const CommandLine&) {
  app.require_subcommand(1);
  auto* again = app.add_subcommand("reexec", "Run the wmd that is installed now");
  again->footer(
      "For use after an upgrade: runs go on, and no client notices.\nExample: wm daemon reexec");
  app.footer("Example: wm daemon reexec");
  return [](Session& session) { return reexec(session); };
}

}  // namespace wm::cli
