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

constexpr std::string_view kPause = "Pause";

Result<json::object> send(Session& session, std::string_view method, const PauseOptions& options) {
  if (auto all = session.concern_all(method == kPause ? "a pause" : "the end of a pause"); !all) {
    return std::unexpected(all.error());
  }
  json::object parameters;
  if (!options.group.empty()) parameters["group"] = options.group;
  if (!options.time.empty()) {
    const auto time = parse_duration(options.time);
    if (!time) return fail(ErrorCode::invalid, "--for: " + time.error().message);
    parameters["forMs"] = time->count();
  }
  return session.ask(method, std::move(parameters));
}

void print_paused(Session& session, const char* what, const json::array& pauses) {
  for (const json::value& pause : pauses) {
    session.out() << what << printable(pause_text(pause.as_object(), now())) << '\n';
  }
}

int pause(Session& session, const PauseOptions& options) {
  const auto answer = send(session, kPause, options);
  if (!answer) return session.complain(answer.error());
  const json::array& pauses = array_of(*answer, "paused");
  if (answer->contains("empty")) {
    session.hint("no unfinished job is in the group '" + printable(options.group) + "' so far");
  }
  if (session.json()) {
    session.print(pauses);
  } else {
    print_paused(session, "paused: ", pauses);
  }
  return kDone;
}

// Ends a pause, and prints which jobs go on and which are still paused.
int resume(Session& session, const PauseOptions& options) {
  const auto answer = send(session, "Resume", options);
  if (!answer) return session.complain(answer.error());
  const json::array& pauses = array_of(*answer, "paused");
  if (session.json()) {
    session.print(pauses);
    return kDone;
  }
  const std::string what = options.group.empty() ? "everything" : "group " + options.group;
  const bool resumed = !array_of(*answer, "resumed").empty();
  session.out() << (resumed          ? "resumed: " + printable(what)
                    : pauses.empty() ? "nothing was paused"
                                     : printable(what) + " was not paused")
                << '\n';
  print_paused(session, "still paused: ", pauses);
  return kDone;
}

}  // namespace

Command::Run set_up_pause(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<PauseOptions>();
  app.add_option("--group", options->group, "Only the jobs of this group")->type_name("NAME");
  app.add_option("--for", options->time, "Pause for this long; otherwise until wm resume")
      ->type_name("D");
  app.footer(
      "Starts nothing new; runs in progress go on.\n"
      "Example: wm pause --for 2h\n         wm pause --group backup");
  return [options](Session& session) { return pause(session, *options); };
}

Command::Run set_up_resume(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<PauseOptions>();
  app.add_option("--group", options->group, "Only the jobs of this group")->type_name("NAME");
  app.footer("Example: wm resume\n         wm resume --group backup");
  return [options](Session& session) { return resume(session, *options); };
}

}  // namespace wm::cli
