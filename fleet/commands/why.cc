// One work: why it does not run, or has failed, and all that is known of it.
#include <CLI/CLI.hpp>

#include "cli/log_lines.h"
#include "cli/render/last_words.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "cli/shell_words.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "fleet/command.h"
#include "fleet/commands/work_view.h"
#include "fleet/names.h"
#include "fleet/work/local_work.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

std::optional<json::object> show_work(Context& context, const std::string& name) {
  auto work = context.ask("select wm.show_work($1)", {name});
  if (!work) return std::nullopt;
  if (!work->is_object()) {
    context.complain(no_such_work(context, name));
    return std::nullopt;
  }
  json::object object = std::move(work->as_object());
  judge_nodes(object, cli::now());
  return object;
}

std::string command_line(std::string_view program, const std::string& name) {
  return std::string(program) + (name.starts_with('-') ? " -- " : " ") + cli::shell_word(name);
}

// Without a log there is nothing to print.
void print_last_words(Context& context, const json::object& run) {
  const auto log = context.ask(
      "select r.log from wm.run r join wm.work w on w.work_id = r.work_id"
      " join wm.node n on n.node_id = r.node_id where w.name = $1 and n.name = $2"
      " and r.run = $3::integer and wm.iso(r.started_at) = $4",
      {text_of(run, "name"), text_of(run, "node"), std::to_string(number_of(run, "run")),
       text_of(run, "startedAt")});
  if (!log || !log->is_array()) return;
  cli::LastWords words;
  for (const cli::LogText& text : cli::parts_of({{"parts", *log}})) words.add(text);
  if (!words.print(context.out(), context.style(), cli::terminal_width())) return;
  context.out() << "  All of it: "
                << command_line("wm-fleet logs --node " + cli::shell_word(text_of(run, "node")),
                                text_of(run, "name"))
                << '\n';
}

void print_next_steps(Context& context, const json::object& work) {
  const std::string name = text_of(work, "name");
  const std::string state = text_of(work, "state");
  std::ostream& out = context.out();
  if (state == "succeeded") out << "  Its output: " << command_line("wm-fleet logs", name) << '\n';
  if (state == "failed") {
    out << "  All runs: " << command_line("wm-fleet history", name) << '\n'
        << "  Once more: register it again\n";
  }
  if (state == "cancelled") out << "  Once more: register it again\n";
  const bool on_nodes = text_of(work, "placement") == "each" || !array_of(work, "claims").empty();
  if (is_open(state) && on_nodes) {
    out << "  A node knows more: there, " << command_line("wm why", local_name(name)) << '\n';
  }
}

int why(Context& context, const std::string& name) {
  const auto work = show_work(context, name);
  if (!work) return context.status();
  const json::object* const failure = failure_of(*work);
  if (context.json()) {
    json::object answer{{"name", name},
                        {"state", work->at("state")},
                        {"nextRunAt", work->at("nextRunAt")},
                        {"claims", work->at("claims")},
                        {"nodes", work->at("nodes")}};
    if (failure) answer["failure"] = *failure;
    context.print(answer);
    return cli::kDone;
  }
  context.out() << context.style().bold(sentence_of(*work, cli::now())) << '\n';
  const bool each_failed =
      text_of(*work, "state") == "failed" && text_of(*work, "placement") == "each";
  if (is_open(text_of(*work, "state")) || each_failed) print_nodes(context, *work);
  if (failure) print_last_words(context, *failure);
  print_next_steps(context, *work);
  return cli::kDone;
}

int show(Context& context, const std::string& name) {
  auto work = show_work(context, name);
  if (!work) return context.status();
  if (context.json()) {
    context.print(*work);
    return cli::kDone;
  }
  context.out() << context.style().bold(sentence_of(*work, cli::now())) << "\n\n"
                << "  placement  " << placement_of(*work) << '\n';
  std::vector<std::string> labels;
  for (const auto& [key, value] : object_of(*work, "labels")) {
    if (value.is_string()) {
      labels.push_back(std::string(key) + "=" + std::string(value.get_string()));
    }
  }
  if (!labels.empty()) context.out() << "  labels     " << printable(join(labels)) << '\n';
  const json::object& request = object_of(*work, "request");
  context.out() << "  command    " << printable(cli::task_of(request)) << '\n';
  if (const std::string schedule = cli::schedule_of(request); !schedule.empty()) {
    context.out() << "  schedule   " << schedule << '\n';
  }
  if (const auto deadline = time_of(*work, "deadlineAt")) {
    context.out() << "  deadline   " << cli::day_and_time(*deadline, cli::now()) << '\n';
  }
  if (text_of(*work, "placement") != "each") {
    context.out() << "  lease      " << format_duration(Duration{number_of(*work, "leaseMs")})
                  << ", goes back after " << format_duration(Duration{number_of(*work, "holdMs")})
                  << " of waiting\n";
  }
  if (is_open(text_of(*work, "state")) || text_of(*work, "placement") == "each") {
    context.out() << '\n';
    print_nodes(context, *work);
  }
  const json::array& runs = array_of(*work, "runs");
  if (!runs.empty()) {
    context.out() << '\n';
    print_runs(context, runs, false);
  }
  return cli::kDone;
}

}  // namespace

Command::Run set_up_show(CLI::App& app, const cli::CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "The work's name")->required()->type_name("");
  app.footer("Example: wm-fleet show index");
  return [name](Context& context) { return show(context, *name); };
}

Command::Run set_up_why(CLI::App& app, const cli::CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "The work's name")->required()->type_name("");
  app.footer("Example: wm-fleet why index");
  return [name](Context& context) { return why(context, *name); };
}

}  // namespace wm::fleet
