#include <memory>

#include "cli/caller.h"
#include "cli/render/work.h"
#include "cli/request_options.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

bool has_run(const json::object& work) {
  return text_of(work, "state") == word(WorkState::running) || work.contains("lastFinishedAt");
}

int update(Session& session, const RequestOptions& options) {
  WorkRequest request;
  auto changes = options.read_changes(request);
  if (!changes) return session.complain(changes.error());
  if (changes->empty()) {
    return session.complain(
        {ErrorCode::invalid,
         "nothing to change: name an option, such as --network unmetered: see wm update --help"});
  }
  const bool delays = changes->contains("initialDelayMs");
  const auto answer =
      session.ask("Update", {{"uniqueName", options.name()}, {"changes", std::move(*changes)}});
  if (!answer) return session.complain(answer.error());
  for (const std::string& doubt : doubts_of(request)) session.hint(doubt);
  if (const auto doubt = doubt_of_time(request); !doubt.empty()) session.hint(doubt);
  const json::object& work = object_of(*answer, "work");
  if (delays && text_of(work, "kind") == word(WorkKind::periodic) && has_run(work)) {
    session.hint("--initial-delay is for the first run, which has begun: --at TIME sets the next");
  }
  if (session.json()) {
    session.print(work);
  } else {
    session.out() << describe_registration(work, "updated") << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_update(CLI::App& app, const CommandLine& line) {
  auto options = std::make_shared<RequestOptions>(app, kUpdate, line);
  options->add_names(app, "Another task; or a command at the end, after --");
  app.footer(
      "Changes the given options, and keeps the rest: its id, attempts and period.\n"
      "A run in progress finishes under the old terms.\n"
      "The word default, or '', gives an option back its default; --idle=default does\n"
      "so for a flag.\n"
      "--at TIME is only for the next run, also of a periodic job or a retry;\n"
      "--at default gives the run back the time that it would have had.\n"
      "Example: wm update backup --network unmetered --no-charging\n"
      "         wm update sync --every 2h --priority 3 --deadline default");
  return [options](Session& session) { return update(session, *options); };
}

}  // namespace wm::cli
