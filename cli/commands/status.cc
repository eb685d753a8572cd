#include <fmt/format.h>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {
namespace {

int status(Session& session) {
  const auto answer = session.ask("Status", {});
  if (!answer) return session.complain(answer.error());
  if (session.json()) {
    session.print(*answer);
    return kDone;
  }
  const Style style = session.style();
  const auto line = [&](std::string_view label, const std::string& value) {
    session.out() << style.dim(fmt::format("{:<16}", label)) << printable(value) << '\n';
  };
  line("version", text_of(*answer, "version"));
  line("process", std::to_string(number_of(*answer, "pid")));
  line("up for", rough_duration(Duration{number_of(*answer, "uptimeMs")}));
  const std::int64_t unfinished = number_of(*answer, "unfinished");
  const std::int64_t running = number_of(*answer, "running");
  line("jobs",
       fmt::format("{}: {} running, {} waiting", unfinished, running, unfinished - running));
  line("slots", fmt::format("{}, and {} per user", number_of(*answer, "maxParallelTotal"),
                            number_of(*answer, "maxParallel")));
  for (const boost::json::value& pause : array_of(*answer, "paused")) {
    line("paused", pause_text(pause.as_object()));
  }
  const auto next = time_of(*answer, "nextWakeupAt");
  line("next wake-up", next ? relative_time(*next, now()) : "when something happens");
  line("socket", text_of(*answer, "socket"));
  line("time zone", text_of(*answer, "timeZone"));
  line("state directory", text_of(*answer, "stateDirectory"));
  return kDone;
}

}  // namespace

Command::Run set_up_status(CLI::App& app, const CommandLine&) {
  app.footer("Example: wm status");
  return status;
}

}  // namespace wm::cli
