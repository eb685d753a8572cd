#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

int prune(Session& session, const std::optional<std::string>& state) {
  json::object parameters;
  if (state) parameters["state"] = *state;
  const auto answer = session.ask("Prune", std::move(parameters));
  if (!answer) return session.complain(answer.error());
  if (session.json()) {
    session.print(*answer);
  } else if (state) {
    session.out() << "removed the state directory of '" << printable(*state) << "'\n";
  } else {
    const std::int64_t forgotten = number_of(*answer, "forgotten");
    session.out() << "forgot " << forgotten << " finished job" << (forgotten == 1 ? "" : "s")
                  << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_prune(CLI::App& app, const CommandLine&) {
  auto state = std::make_shared<std::optional<std::string>>();
  app.add_option("--state", *state, "Only remove the state directory of NAME")->type_name("NAME");
  app.footer(
      "Finished jobs are forgotten by themselves after their --keep-results, or\n"
      "history.keep (7 days); their state directories go history.keep_state (90 days)\n"
      "after the last run.\n"
      "Example: wm prune\n         wm prune --state backup");
  return [state](Session& session) { return prune(session, *state); };
}

}  // namespace wm::cli
