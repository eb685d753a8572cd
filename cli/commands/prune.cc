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
    session.out() << "forgot " << forgotten << " finished work" << (forgotten == 1 ? "" : "s")
                  << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_prune(CLI::App& app, const Trailing&) {
  auto state = std::make_shared<std::optional<std::string>>();
  app.add_option("--state", *state, "Only remove what the runs of NAME have kept")
      ->type_name("NAME");
  app.footer(
      "Finished work is forgotten by itself after its --keep-results, or history.keep\n"
      "(7 days); what its runs kept, history.keep_state (90 days) after the last.\n"
      "Example: wm prune\n         wm prune --state backup");
  return [state](Session& session) { return prune(session, *state); };
}

}  // namespace wm::cli
