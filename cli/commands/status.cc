#include <memory>
#include <vector>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/commands/show.h"
#include "cli/remarks.h"
#include "cli/render/facts.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::size_t kLabel = 16;  // The columns of the longest label, and one more.

// `1 job runs, 4 wait`
std::string jobs_text(std::int64_t running, std::int64_t waiting) {
  const auto jobs = [](std::int64_t count, const char* one, const char* many) {
    return fmt::format("{} {} {}", count, count == 1 ? "job" : "jobs", count == 1 ? one : many);
  };
  if (running == 0) return waiting == 0 ? "there are no jobs" : jobs(waiting, "waits", "wait");
  if (waiting == 0) return jobs(running, "runs", "run") + ", none waits";
  return jobs(running, "runs", "run") +
         fmt::format(", {} {}", waiting, waiting == 1 ? "waits" : "wait");
}

// `wmd is up: 1 job runs, 4 wait; everything is paused: wm resume`
std::string daemon_in_a_sentence(const boost::json::object& status, const std::string& failures,
                                 bool rules) {
  const std::int64_t all = number_of(status, "unfinished");
  const bool shared = status.contains("ownUnfinished");
  const std::int64_t unfinished = shared ? number_of(status, "ownUnfinished") : all;
  const std::int64_t running = number_of(status, shared ? "ownRunning" : "running");
  const std::string others =
      unfinished == all ? "" : fmt::format("other users have {}", all - unfinished);
  return join(std::vector{"wmd is up: " + jobs_text(running, unfinished - running), others,
                          pause_of_all(status, now(), rules), failures},
              "; ");
}

int status(Session& session, bool times) {
  const auto answer = session.ask("Status", {});
  if (!answer) return session.complain(answer.error());
  if (session.json()) {
    session.print(*answer);
    return kDone;
  }
  const Style style = session.style();
  const std::size_t width = terminal_width();
  const auto time = [&](std::string_view key) {
    const auto value = time_of(*answer, key);
    if (!value) return std::string("when something happens");
    return times ? local_time(*value) : relative_time(*value, now());
  };
  print_wrapped(session.out(), style,
                daemon_in_a_sentence(*answer, recent_failures(session), session.rules()), width);
  Facts facts(session.out(), style, kLabel, width);
  facts.add("version", text_of(*answer, "version"));
  facts.add("process", std::to_string(number_of(*answer, "pid")));
  facts.add("started", time("startedAt"));
  facts.add("slots", fmt::format("{}, and {} per user", number_of(*answer, "maxParallelTotal"),
                                 number_of(*answer, "maxParallel")));
  for (const boost::json::value& pause : array_of(*answer, "paused")) {
    facts.add("paused", pause_text(pause.as_object(), now(), times));
  }
  facts.add("next wake-up", time("nextWakeupAt"));
  facts.add("socket", text_of(*answer, "socket"));
  facts.add("time zone", text_of(*answer, "timeZone"));
  facts.add("state directory", text_of(*answer, "stateDirectory"));
  return kDone;
}

}  // namespace

Command::Run set_up_status(CLI::App& app, const CommandLine&) {
  auto name = std::make_shared<std::string>();
  auto times = std::make_shared<bool>(false);
  app.add_option("NAME", *name, "The job of that name instead, as wm show")->type_name("");
  app.add_flag("--times", *times, "Print dates and seconds instead of 14m ago");
  app.footer("Example: wm status\n         wm status nightly-backup");
  return [name, times](Session& session) {
    return name->empty() ? status(session, *times) : show_job(session, *name, *times);
  };
}

}  // namespace wm::cli
