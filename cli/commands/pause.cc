#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct PauseOptions {
  std::string group;
  std::string time;
};

int send(Session& session, const char* method, const PauseOptions& options) {
  json::object parameters;
  if (!options.group.empty()) parameters["group"] = options.group;
  if (!options.time.empty()) {
    const auto time = parse_duration(options.time);
    if (!time) return session.complain("--for", time.error());
    parameters["forMs"] = time->count();
  }
  const auto answer = session.ask(method, std::move(parameters));
  if (!answer) return session.complain(answer.error());
  const json::array& pauses = array_of(*answer, "paused");
  if (session.json()) {
    session.print(pauses);
  } else if (pauses.empty()) {
    session.out() << "nothing is paused\n";
  } else {
    for (const json::value& pause : pauses) {
      session.out() << "paused: " << printable(pause_text(pause.as_object())) << '\n';
    }
  }
  return kDone;
}

}  // namespace

Command::Run set_up_pause(CLI::App& app, const Trailing&) {
  auto options = std::make_shared<PauseOptions>();
  app.add_option("--group", options->group, "Only the works of this group")->type_name("NAME");
  app.add_option("--for", options->time, "Only for that long; else until wm resume")
      ->type_name("D");
  app.footer(
      "Nothing new is started; what runs goes on.\n"
      "Example: wm pause --for 2h\n         wm pause --group backup");
  return [options](Session& session) { return send(session, "Pause", *options); };
}

Command::Run set_up_resume(CLI::App& app, const Trailing&) {
  auto options = std::make_shared<PauseOptions>();
  app.add_option("--group", options->group, "Only the works of this group")->type_name("NAME");
  app.footer("Example: wm resume\n         wm resume --group backup");
  return [options](Session& session) { return send(session, "Resume", *options); };
}

}  // namespace wm::cli
