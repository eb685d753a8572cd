#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/why.h"
#include "cli/request_options.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

int check(Session& session, const RequestOptions& options) {
  const auto request = options.read(WorkKind::oneoff);
  if (!request) return session.complain(request.error());
  const Constraints& wanted = request->constraints;
  if (wanted == Constraints{}) {
    return session.complain(
        {ErrorCode::invalid, "nothing to check: name a constraint, for example --charging"});
  }
  json::object question{{"constraints", to_json(wanted)}};
  if (!request->time_zone.empty()) question["timeZone"] = request->time_zone;
  const auto answer = session.ask("Check", std::move(question));
  if (!answer) return session.complain(answer.error());
  const json::array& unmet = array_of(*answer, "waitingFor");
  if (session.json()) {
    session.print(*answer);
  } else if (!unmet.empty()) {
    print_facts(session.out(), session.style(), *answer, {}, terminal_width(), now());
  }
  return unmet.empty() ? kDone : kNotNow;
}

}  // namespace

Command::Run set_up_check(CLI::App& app, const CommandLine& line) {
  auto options = std::make_shared<RequestOptions>(app, kCheck, line);
  app.footer(
      "Exit status 0: all of that holds now. 75: it does not, and what does not is\n"
      "printed.\n"
      "Example: wm check --network unmetered --charging && restic backup ~");
  return [options](Session& session) { return check(session, *options); };
}

}  // namespace wm::cli
