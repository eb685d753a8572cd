#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

int forecast(Session& session, const std::string& time) {
  json::object parameters;
  if (!time.empty()) {
    const auto ahead = parse_duration(time);
    if (!ahead) return session.complain("--for", ahead.error());
    parameters["forMs"] = ahead->count();
  }
  const auto answer = session.ask("Forecast", std::move(parameters));
  if (!answer) return session.complain(answer.error());
  const json::array& runs = array_of(*answer, "runs");
  const auto cut_at = time_of(*answer, "cutAt");
  if (cut_at) {
    session.hint("there are too many runs: those after " + local_time(*cut_at) + " are left out");
  }
  if (session.json()) {
    session.print(runs);
    return kDone;
  }
  if (runs.empty()) {
    session.hint("nothing would run, as things are: wm list shows what each job waits for");
    return kDone;
  }
  session.page();
  const TimePoint now = wm::cli::now();
  Table table({{"STARTS"}, {"IN"}, {"NAME"}});
  for (const json::value& value : runs) {
    const json::object& run = value.as_object();
    const TimePoint starts = time_of(run, "startsAt").value_or(now);
    table.add({local_time(starts), relative_time(std::max(starts, now), now),
               text_of(run, "uniqueName")});
  }
  table.print(session.out(), session.style(), terminal_width());
  return kDone;
}

}  // namespace

Command::Run set_up_forecast(CLI::App& app, const CommandLine&) {
  auto time = std::make_shared<std::string>();
  app.add_option("--for", *time, "How far ahead to look (24h)")->type_name("D");
  app.footer(
      "Shows what would run when, if conditions stay as they are, and if every run\n"
      "succeeds and takes as long as the last one of its job.\n"
      "Example: wm forecast --for 7d");
  return [time](Session& session) { return forecast(session, *time); };
}

}  // namespace wm::cli
