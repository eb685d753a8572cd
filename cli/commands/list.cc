#include <map>
#include <memory>

#include "cli/command.h"
#include "cli/render/listing.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct ListOptions {
  std::vector<std::string> states;
  std::vector<std::string> tags;
  std::string task;
  bool all = false;
};

std::string last_run_of(const json::object& work, TimePoint now) {
  const json::object& result = object_of(work, "lastResult");
  if (result.empty()) return "";
  const auto ended = time_of(work, "lastFinishedAt");
  return text_of(result, "outcome") + (ended ? " " + relative_time(*ended, now) : "");
}

Listing works_listing() {
  const auto state = [](const Style& style, std::string_view text) { return style.state(text); };
  return {
      {{"NAME", nullptr, -1}, {"STATE", state}, {"TASK", nullptr, 1}, {"WAITS FOR"}, {"LAST RUN"}},
      [now = wm::cli::now()](const json::object& work) {
        return std::vector<std::string>{text_of(work, "uniqueName"), state_of(work), task_of(work),
                                        waits_of(work, now), last_run_of(work, now)};
      }};
}

using States = std::map<std::string, std::size_t>;

// `5 jobs: 1 running, 4 enqueued`, in the order of the states.
std::string summary_of(std::size_t count, const States& states) {
  std::vector<std::string> parts;
  for (const std::string_view state : Words<WorkState>::list) {
    const auto found = states.find(std::string(state));
    if (found == states.end()) continue;
    parts.push_back(std::to_string(found->second) + " " + found->first);
  }
  return std::to_string(count) + (count == 1 ? " job: " : " jobs: ") + join(parts) +
         ".  wm why NAME says more.";
}

int list(Session& session, const ListOptions& options) {
  json::object parameters;
  if (!options.states.empty()) parameters["states"] = json::value_from(options.states);
  if (!options.tags.empty()) parameters["tags"] = json::value_from(options.tags);
  if (!options.task.empty()) parameters["taskName"] = options.task;
  if (options.all) parameters["finished"] = true;
  Listing listing = works_listing();
  States states;
  const auto count =
      session.print_pages({"List", std::move(parameters)}, "works", [&](const json::array& works) {
        listing.print(session.out(), session.style(), terminal_width(), works);
        for (const json::value& work : works) ++states[text_of(work.as_object(), "state")];
      });
  if (!count) return session.complain(count.error());
  if (*count > 0 && session.to_terminal() && !session.json()) {
    session.out() << session.style().dim(summary_of(*count, states)) << '\n';
  }
  if (*count == 0 && !session.json()) {
    session.hint(options.all ? "no such jobs"
                             : "no such unfinished jobs; --all includes finished ones");
  }
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
  app.footer("Example: wm list\n         wm list --all --tag backup --json");
  return [options](Session& session) { return list(session, *options); };
}

}  // namespace wm::cli
