#include <algorithm>
#include <memory>

#include <unistd.h>

#include "cli/command.h"
#include "cli/log_printer.h"
#include "cli/render/local_time.h"
#include "cli/users.h"
#include "cli/whole_number.h"
#include "core/json_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct LogsOptions {
  std::string name;
  int run = 0;
  bool output = false;
  bool errors = false;
  bool times = false;
  bool follow = false;
  int lines = 0;
};

// The streams that were chosen: both, unless it is one.
json::object question(const std::string& name, const LogsOptions& options) {
  json::object parameters{{"uniqueName", name}};
  if (options.output == options.errors) {
    parameters["both"] = true;
  } else {
    parameters["stderr"] = options.errors;
  }
  return parameters;
}

std::string stream_name(const LogsOptions& options) {
  if (options.output == options.errors) return "both";
  return options.errors ? "stderr" : "stdout";
}

int logs(Session& session, const LogsOptions& options) {
  if (!options.follow) session.page();
  LogPrinter printer(
      session, {options.name, stream_name(options), options.times, options.follow, options.lines});
  const auto read_from = [&](Client& client) {
    json::object parameters = question(options.name, options);
    if (options.run > 0) parameters["run"] = options.run;
    if (options.follow) parameters["follow"] = true;
    if (options.follow && options.run > 0) parameters["alone"] = true;
    printer.go_on(parameters);
    return client.stream("Logs", std::move(parameters),
                         [&](const json::object& page) { printer.print(page); });
  };
  auto done = session.ask_on(read_from);
  // It has ended, and been forgotten, while no daemon was there.
  if (!done && done.error().code == ErrorCode::not_found && printer.heard()) done = {};
  if (!done) return session.complain(done.error());
  printer.finish();
  return kDone;
}

constexpr int kNewestRuns = 20;   // The runs in which the newest lines of all are looked for.
constexpr int kNewestLines = 40;  // How many of them are shown, unless -n says it.

struct Line {
  std::string name;
  uid_t owner = 0;
  std::int64_t run = 0;
  LogText text;
};

Result<> add_last_lines(Session& session, const json::object& run, const LogsOptions& options,
                        std::vector<Line>& lines) {
  auto client = session.connect();
  if (!client) return std::unexpected(client.error());
  const auto owner = static_cast<uid_t>(number_of(run, "owner"));
  if (owner != ::geteuid()) client->act_for(owner);
  LastLines last(static_cast<std::size_t>(options.lines));
  json::object parameters = question(text_of(run, "uniqueName"), options);
  parameters["run"] = number_of(run, "run");
  const auto done = client->stream("Logs", std::move(parameters), [&](const json::object& page) {
    for (const LogText& text : parts_of(page)) last.add(text);
  });
  // It may have been forgotten since it was listed.
  if (!done && done.error().code != ErrorCode::not_found) return done;
  for (LogText& text : last.take()) {
    lines.push_back({text_of(run, "uniqueName"), owner, number_of(run, "run"), std::move(text)});
  }
  return {};
}

void print_line(Session& session, const Line& line, OwnerMarks& marks) {
  std::string_view bytes = line.text.bytes;
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  const Style style = session.style();
  const std::string text = printable(std::string(bytes));
  session.out() << style.dim(local_time(parse_time(line.text.time).value_or(now()))) << "  "
                << style.bold(printable(line.name + marks.of(line.owner))) << "  "
                << (line.text.errors ? style.yellow(text) : text) << '\n';
}

json::object document_of(const Line& line) {
  json::object document{{"uniqueName", line.name},
                        {"run", line.run},
                        {"stream", line.text.errors ? "stderr" : "stdout"},
                        {"time", line.text.time}};
  put_bytes(document, line.text.bytes);
  return document;
}

// The newest lines of all jobs, in the order in which they were printed.
int newest_logs(Session& session, LogsOptions options) {
  if (options.lines == 0) options.lines = kNewestLines;
  const auto runs = session.collect("History", {{"limit", kNewestRuns}}, "runs");
  if (!runs) return session.complain(runs.error());
  std::vector<Line> lines;
  for (const json::value& run : *runs) {
    const auto added = add_last_lines(session, run.as_object(), options, lines);
    if (!added) return session.complain(added.error());
  }
  std::ranges::stable_sort(lines, {}, [](const Line& line) { return line.text.time; });
  const auto most = static_cast<std::size_t>(options.lines);
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - options.lines);
  if (session.json()) {
    json::array documents;
    for (const Line& line : lines) documents.push_back(document_of(line));
    session.print(documents);
    return kDone;
  }
  session.page();
  OwnerMarks marks(!session.owner().empty());
  for (const Line& line : lines) print_line(session, line, marks);
  if (lines.empty()) session.hint("nothing has been printed yet");
  return kDone;
}

Result<> check(const LogsOptions& options) {
  if (!options.name.empty()) return {};
  if (options.follow) {
    return fail(ErrorCode::invalid, "--follow needs the name of a job: wm watch shows all events");
  }
  if (options.run > 0) return fail(ErrorCode::invalid, "--run needs the name of a job");
  return {};
}

}  // namespace

Command::Run set_up_logs(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<LogsOptions>();
  app.add_option("NAME", options->name, "The job's unique name (all: their newest lines)")
      ->type_name("");
  app.add_option("--run", options->run, "This run, by its number in wm history (the newest)")
      ->type_name("N")
      ->check(whole_number(1));
  app.add_flag("--stdout", options->output, "Only its standard output");
  app.add_flag("--stderr", options->errors, "Only its standard error");
  app.add_option("--lines,-n", options->lines, "Only the last lines")
      ->type_name("N")
      ->check(whole_number(1, 1'000'000'000));
  app.add_flag("--times", options->times, "Print the time before each line");
  app.add_flag("--follow,-f", options->follow, "Go on with new output, and with later runs");
  app.footer(
      "Standard output goes to standard output, and standard error to standard error,\n"
      "in the order in which they were printed.\n"
      "Example: wm logs oneoff-sync-001\n         wm logs oneoff-sync-001 --run 2 --stderr\n"
      "         wm logs backup -f -n 20\n         wm logs");
  return [options](Session& session) {
    if (const auto checked = check(*options); !checked) return session.complain(checked.error());
    return options->name.empty() ? newest_logs(session, *options) : logs(session, *options);
  };
}

}  // namespace wm::cli
