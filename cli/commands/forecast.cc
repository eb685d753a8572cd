#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct ForecastOptions {
  std::string time;
  bool times = false;
};

// `3 runs, the first in 2h: 'poll'`
std::string runs_in_a_sentence(const json::array& runs, TimePoint now) {
  const json::object& first = runs.front().as_object();
  const TimePoint starts = std::max(time_of(first, "startsAt").value_or(now), now);
  return fmt::format("{} {}, the first {}: '{}'", runs.size(), runs.size() == 1 ? "run" : "runs",
                     relative_time(starts, now), printable(text_of(first, "uniqueName")));
}

int forecast(Session& session, const ForecastOptions& options) {
  const std::string& time = options.time;
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
  const Style style = session.style();
  if (session.to_terminal()) session.out() << style.bold(runs_in_a_sentence(runs, now)) << '\n';
  Table table({{"STARTS"}, {"IN", nullptr, 1, Table::kWhole}, {"NAME", nullptr, -1}});
  for (const json::value& value : runs) {
    const json::object& run = value.as_object();
    const TimePoint starts = time_of(run, "startsAt").value_or(now);
    table.add({options.times ? local_time(starts) : day_and_minute(starts, now),
               relative_time(std::max(starts, now), now), text_of(run, "uniqueName")});
  }
  table.print(session.out(), style, terminal_width());
  return kDone;
}

}  // namespace

Command::Run set_up_forecast(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ForecastOptions>();
  app.add_flag("--times", options->times, "Print dates and seconds instead of today 03:12");
  app.add_option("--for", options->time, "How far ahead to look (24h)")->type_name("D");
  app.footer(
      "Shows what would run when, if conditions stay as they are, and if every run\n"
      "succeeds and takes as long as the last one of its job.\n"
      "Example: wm forecast --for 7d");
  return [options](Session& session) { return forecast(session, *options); };
}

}  // namespace wm::cli
