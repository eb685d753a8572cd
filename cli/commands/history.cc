#include <memory>

#include "cli/command.h"
#include "cli/render/listing.h"
#include "cli/render/local_time.h"
#include "cli/render/runs.h"
#include "cli/render/work.h"
#include "cli/whole_number.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr int kAfterTook = 5;           // The place of the bars.
constexpr std::size_t kLeastWait = 12;  // Less of what a run has waited for says nothing.
constexpr std::size_t kWide = 100;      // The columns of a terminal with room for long bars.

struct HistoryOptions {
  std::string name;
  std::string since;
  bool failed = false;
  bool times = false;
  int limit = 0;
};

std::string outcome_of(const json::object& run) {
  const std::string outcome = text_of(run, "outcome");
  return outcome.empty() ? "running" : outcome;
}

// Says why the run ended as it did, and what was remarkable about its start.
std::string notes_of(const json::object& run) {
  std::vector<std::string> parts{cause_of(run)};
  const auto add = [&](std::string part) { parts.push_back(std::move(part)); };
  if (const json::array& relaxed = array_of(run, "relaxed"); !relaxed.empty()) {
    add("without " + join(texts_of(relaxed)));
  }
  if (const auto missed = number_of(run, "missedPeriods"); missed > 0) {
    add(std::to_string(missed) + (missed == 1 ? " period missed" : " periods missed"));
  }
  if (run.contains("logRemoved")) add("log removed to make room");
  return join(parts);
}

// A run in progress has taken the time since its start.
std::string duration_of(const json::object& run, TimePoint now) {
  if (text_of(run, "outcome").empty()) return time_so_far(run, now);
  const auto took = time_taken(run);
  return took ? rough_duration(*took) : "";
}

// `bars`: the columns of the bar for the longest duration of the page, `longest`; 0: there are
// none.
Listing runs_listing(const Style& style, bool times, std::size_t bars, const Duration& longest) {
  const auto outcome = [](const Style& one, std::string_view text) { return one.state(text); };
  Table::Column name{"NAME", nullptr, -1};
  name.bounded = true;
  std::vector<Table::Column> columns{name,
                                     {"RUN", nullptr, 0, Table::kWhole},
                                     {"ATTEMPT", nullptr, 4, Table::kWhole},
                                     {"STARTED", nullptr, 0, Table::kWhole},
                                     {"TOOK", nullptr, 0, Table::kWhole},
                                     {"OUTCOME", outcome},
                                     {"WHY", nullptr, 1},
                                     {"WAITED", nullptr, 2, kLeastWait}};
  if (bars > 0) columns.insert(columns.begin() + kAfterTook, {"", nullptr, 3, Table::kWhole});
  const auto row = [=, &longest, now = wm::cli::now()](const json::object& run) {
    const auto started = time_of(run, "startedAt");
    std::vector<std::string> cells{text_of(run, "uniqueName"),
                                   std::to_string(number_of(run, "run")),
                                   std::to_string(number_of(run, "attempt")),
                                   !started ? ""
                                   : times  ? local_time(*started)
                                            : day_and_minute(*started, now),
                                   duration_of(run, now),
                                   outcome_of(run),
                                   notes_of(run),
                                   waited_of(run)};
    if (bars > 0) {
      const Duration took = time_taken(run).value_or(Duration::zero());
      cells.insert(cells.begin() + kAfterTook, duration_bar(style, took, longest, bars));
    }
    return cells;
  };
  return {std::move(columns), row};
}

// `no failed runs of 'a' since then`
std::string none_of(const HistoryOptions& options) {
  return std::string("no ") + (options.failed ? "failed " : "") + "runs" +
         (options.name.empty() ? "" : " of '" + printable(options.name) + "'") +
         (options.since.empty() ? " yet" : " since then");
}

int history(Session& session, const HistoryOptions& options) {
  json::object parameters;
  if (!options.name.empty()) parameters["uniqueName"] = options.name;
  if (options.failed) parameters["failed"] = true;
  if (options.limit > 0) parameters["limit"] = options.limit;
  if (!options.since.empty()) {
    const auto since = typed_time(options.since, Direction::past);
    if (!since) return session.complain("--since", since.error());
    parameters["since"] = format_time(*since);
  }
  session.page();
  const bool people = session.to_terminal() && !session.json();
  const Style style = session.style();
  RunTotals totals;
  Duration longest{};
  const std::size_t bars = !people ? 0 : terminal_width() < kWide ? 6 : 10;
  Listing listing = runs_listing(style, options.times, bars, longest);
  if (!session.owner().empty()) listing.expect_any_owner();
  const auto count =
      session.print_pages({"History", std::move(parameters)}, "runs", [&](const json::array& runs) {
        longest = longest_of(runs);
        totals.add(runs);
        listing.print(session.out(), style, terminal_width(), runs);
      });
  if (!count) return session.complain(count.error());
  if (*count == 0 && !session.json()) session.hint(none_of(options));
  if (*count > 0 && people && !options.name.empty()) {
    session.out() << style.dim(totals.text()) << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_history(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<HistoryOptions>();
  app.add_option("NAME", options->name, "Only the runs of this job")->type_name("");
  app.add_flag("--failed", options->failed, "Only runs that failed or asked for another attempt");
  app.add_flag("--times", options->times, "Print dates and seconds instead of today 03:12");
  app.add_option("--since", options->since,
                 "Only runs since then: 2h (ago), yesterday,\nmonday 09:30, 2026-11-23, …")
      ->type_name("TIME");
  app.add_option("--limit,-n", options->limit, "At most this many")
      ->type_name("N")
      ->check(whole_number(1, 1'000'000'000));
  app.footer(
      "Example: wm history oneoff-sync-001\n         wm history --failed --since yesterday -n 20");
  return [options](Session& session) { return history(session, *options); };
}

}  // namespace wm::cli
