#include <algorithm>
#include <map>
#include <memory>

#include "cli/command.h"
#include "cli/render/listing.h"
#include "cli/render/local_time.h"
#include "cli/render/overview.h"
#include "cli/render/work.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kWide = 120;  // The columns of a terminal with room for the commands.

struct ListOptions {
  std::vector<std::string> states;
  std::vector<std::string> tags;
  std::string task;
  bool all = false;
  bool tasks = false;
};

// `▶ name`
std::string painted_name(const Style& style, std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  return painted_sign(style, text.substr(0, end)) + std::string(text.substr(end));
}

std::string painted_next(const Style& style, std::string_view text) { return style.state(text); }

std::string painted_last(const Style& style, std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view sign = text.substr(0, end);
  const bool interrupted = sign == word(RunOutcome::interrupted);
  return (interrupted ? style.state(sign) : painted_sign(style, sign)) +
         std::string(text.substr(end));
}

// The signs are for people, who look at a terminal; `awk '{print $1}'` wants the name.
Listing works_listing(const Style& style, std::size_t width, bool terminal, bool tasks) {
  using Column = Table::Column;
  const Column name = terminal ? Column{"  NAME", painted_name, -1} : Column{"NAME", nullptr, -1};
  std::vector<Column> columns{
      name, {"NEXT", painted_next}, {"WAITS FOR", nullptr, 1}, {"LAST RUN", painted_last, 2}};
  columns[0].bounded = columns[1].bounded = true;
  columns[2].least = 16;
  columns[3].least = Table::kWhole;
  const bool with_tasks = tasks || width == 0 || width >= kWide;
  if (with_tasks) columns.push_back({"TASK", nullptr, tasks ? 1 : 3});
  return {std::move(columns), [=, now = wm::cli::now()](const json::object& work) {
            const std::string sign = terminal ? sign_of(work, style) + " " : "";
            std::string next = next_of(work, now);
            const json::object& progress = object_of(work, "progress");
            if (terminal && text_of(work, "state") == "running" && progress.contains("percent")) {
              next += " " + style.percent_bar(number_of(progress, "percent"), 7);
            }
            std::vector<std::string> cells{sign + text_of(work, "uniqueName"), std::move(next),
                                           needs_of(work), last_run_of(work, style, now)};
            if (with_tasks) cells.push_back(task_of(work));
            return cells;
          }};
}

using States = std::map<std::string, std::size_t>;

// `5 jobs: 1 running, 4 waiting.`, and a hint if there is room for it.
std::string summary_of(std::size_t count, States groups, std::size_t width) {
  const std::size_t waiting = groups["enqueued"] + groups["blocked"];
  std::vector<std::string> parts;
  const auto add = [&](std::size_t number, std::string_view name) {
    if (number > 0) parts.push_back(std::to_string(number) + " " + std::string(name));
  };
  add(groups["running"], "running");
  add(waiting, "waiting");
  for (const char* const state : {"succeeded", "failed", "cancelled"}) add(groups[state], state);
  const std::string text =
      std::to_string(count) + (count == 1 ? " job: " : " jobs: ") + join(parts) + ".";
  const std::string with_hint = text + "  wm why NAME says more.";
  return with_hint.size() <= width ? with_hint : text;
}

// `no failed jobs with the tag 'backup'`
std::string none_of(const ListOptions& options) {
  std::string text = "no ";
  if (!options.states.empty()) {
    text += join(options.states, " or ") + " ";
  } else if (!options.all) {
    text += "unfinished ";
  }
  text += "jobs";
  if (!options.tags.empty()) text += " with the tag '" + join(options.tags, "' or '") + "'";
  if (!options.task.empty()) text += " that run the task '" + options.task + "'";
  const bool more = options.states.empty() && !options.all;
  return printable(text) + (more ? "; --all includes finished ones" : "");
}

int list(Session& session, const ListOptions& options) {
  json::object parameters;
  if (!options.states.empty()) parameters["states"] = json::value_from(options.states);
  if (!options.tags.empty()) parameters["tags"] = json::value_from(options.tags);
  if (!options.task.empty()) parameters["taskName"] = options.task;
  if (options.all) parameters["finished"] = true;
  const Style style = session.style();
  const std::size_t width = terminal_width();
  session.page();
  Listing listing = works_listing(style, width, session.to_terminal(), options.tasks);
  States states;
  const auto count =
      session.print_pages({"List", std::move(parameters)}, "works", [&](const json::array& works) {
        listing.print(session.out(), style, width, works);
        for (const json::value& work : works) ++states[text_of(work.as_object(), "state")];
      });
  if (!count) return session.complain(count.error());
  if (*count > 0 && session.to_terminal() && !session.json()) {
    session.out() << style.dim(summary_of(*count, states, width)) << '\n';
  }
  if (*count == 0 && !session.json()) session.hint(none_of(options));
  return kDone;
}

}  // namespace

Command::Run set_up_list(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ListOptions>();
  app.add_option("--state", options->states,
                 "Only jobs in this state; repeatable. One of\n"
                 "enqueued, running, blocked, succeeded, failed,\n"
                 "cancelled")
      ->type_name("STATE")
      ->allow_extra_args(false);
  app.add_option("--tag", options->tags, "Only jobs with this tag; repeatable")
      ->type_name("TAG")
      ->allow_extra_args(false);
  app.add_option("--task", options->task, "Only jobs that run this task")->type_name("TASK");
  app.add_flag("--all,-a", options->all, "Include finished jobs");
  app.add_flag("--tasks", options->tasks, "Show the commands however narrow it is");
  app.footer("Example: wm list\n         wm list --all --tag backup --json");
  return [options](Session& session) { return list(session, *options); };
}

}  // namespace wm::cli
