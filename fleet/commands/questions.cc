// What people ask of a fleet: list, show, why, history, logs; and wait and cancel.
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>

#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "cli/whole_number.h"
#include "core/base64.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/text.h"
#include "fleet/command.h"
#include "fleet/work/fleet_work.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

bool is_open(const std::string& state) {
  return state == "waiting" || state == "claimed" || state == "running";
}

Error no_such_work(const std::string& name) {
  return {ErrorCode::not_found, "no such work: '" + name + "': see wm-fleet list --all"};
}

std::string placement_of(const json::object& work) {
  const std::string placement = text_of(work, "placement");
  return placement == "count" ? std::to_string(number_of(work, "count")) + " nodes"
         : placement == "any" ? "any node"
                              : "each node";
}

// `n1, n2`: the nodes that have claims.
std::string holders_of(const json::object& work) {
  std::vector<std::string> nodes;
  for (const json::value& claim : array_of(work, "claims")) {
    nodes.push_back(text_of(claim.as_object(), "node"));
  }
  return join(nodes);
}

// What the node lacks of what the work needs, by its last word.
std::string lacks(const json::object& node, const Constraints& constraints) {
  if (!node.contains("holds") || node.at("holds").is_null()) return "an agent that has come";
  const auto holds = static_cast<Needs>(number_of(node, "holds"));
  const Needs missing = needs_of(constraints) & ~holds;
  std::vector<std::string> names;
  for (std::size_t bit = 0; bit < simple_constraints().size(); ++bit) {
    if ((missing & (Needs{1} << bit)) != 0) names.emplace_back(name_of_need(bit));
  }
  const std::vector<std::string> custom = texts_of(node, "custom");
  for (const std::string& name : constraints.custom) {
    if (std::ranges::find(custom, name) == custom.end()) names.push_back(name);
  }
  return join(names);
}

// The state of the node for this work, and what is missing there.
void judge_nodes(json::object& work) {
  const auto request = request_from_json(object_of(work, "request"));
  const Constraints constraints = request ? request->constraints : Constraints{};
  for (json::value& value : work["nodes"].as_array()) {
    json::object& node = value.as_object();
    if (text_of(node, "state") == "refused") {
      // Its own words say why.
    } else if (text_of(work, "placement") != "each") {
      std::string missing = lacks(node, constraints);
      if (missing.empty() && number_of(node, "slots") == 0) missing = "a free slot";
      if (node.at("draining").as_bool()) missing = "an end of its draining";
      std::string state = missing.empty() ? "ready" : "waiting";
      for (const json::value& claim : array_of(work, "claims")) {
        if (text_of(claim.as_object(), "node") != text_of(node, "node")) continue;
        const json::value* const running = claim.as_object().if_contains("running");
        state = running && running->is_bool() && running->get_bool() ? "running" : "claimed";
        missing.clear();
      }
      node["state"] = state;
      node["missing"] = missing;
    }
    for (const char* const key : {"holds", "custom", "slots", "conditions", "draining"}) {
      node.erase(key);
    }
  }
}

std::optional<json::object> show_work(Context& context, const std::string& name) {
  auto work = context.ask("select wm.show_work($1)", {name});
  if (!work) return std::nullopt;
  if (!work->is_object()) {
    context.complain(no_such_work(name));
    return std::nullopt;
  }
  json::object object = std::move(work->as_object());
  judge_nodes(object);
  return object;
}

std::string as_of(const json::object& node) {
  const auto time = time_of(node, "asOf");
  return time ? cli::relative_time(*time, cli::now()) : "never";
}

void print_nodes(Context& context, const json::object& work) {
  cli::Table table(
      {{"NODE", nullptr, -1},
       {"IS", [](const cli::Style& style, std::string_view text) { return style.state(text); }},
       {"LACKS", nullptr, 1},
       {"SAID"}});
  for (const json::value& value : array_of(work, "nodes")) {
    const json::object& node = value.as_object();
    table.add(
        {text_of(node, "node"), text_of(node, "state"), text_of(node, "missing"), as_of(node)});
  }
  if (table.empty()) {
    context.out() << "No node has these labels.\n";
    return;
  }
  table.print(context.out(), context.style(), cli::terminal_width());
}

std::string sentence_of(const json::object& work) {
  const std::string name = printable(text_of(work, "name"));
  const std::string state = text_of(work, "state");
  if (!is_open(state)) return name + " has ended: " + state + ".";
  if (text_of(work, "placement") == "each") return name + " runs on each node that matches.";
  std::string text;
  for (const json::value& value : array_of(work, "claims")) {
    const json::object& claim = value.as_object();
    const auto until = time_of(claim, "until");
    if (!text.empty()) text += '\n';
    text += name + " is with " + printable(text_of(claim, "node")) +
            (claim.at("running").as_bool() ? ", running" : ", claimed") + "; the lease ends " +
            (until ? cli::relative_time(*until, cli::now()) : "soon") + " unless it is renewed.";
  }
  const auto next = time_of(work, "nextRunAt");
  if (next && *next > cli::now()) {
    text +=
        (text.empty() ? "" : "\n") + name + " is due " + cli::day_and_time(*next, cli::now()) + ".";
  } else if (next) {
    text += (text.empty() ? "" : "\n") + name + " waits for " +
            (text_of(work, "placement") == "count" ? "more nodes" : "a node") + " that is ready.";
  }
  return text;
}

int why(Context& context, const std::string& name) {
  auto work = show_work(context, name);
  if (!work) return context.status();
  if (context.json()) {
    json::object answer{{"name", name},
                        {"state", work->at("state")},
                        {"nextRunAt", work->at("nextRunAt")},
                        {"claims", work->at("claims")},
                        {"nodes", work->at("nodes")}};
    context.print(answer);
    return cli::kDone;
  }
  context.out() << sentence_of(*work) << '\n';
  if (is_open(text_of(*work, "state"))) print_nodes(context, *work);
  return cli::kDone;
}

void print_runs(Context& context, const json::array& runs, bool with_names) {
  std::vector<cli::Table::Column> columns;
  if (with_names) columns.push_back({"NAME", nullptr, -1});
  columns.insert(columns.end(),
                 {{"NODE", nullptr, 1},
                  {"STARTED"},
                  {"TOOK"},
                  {"OUTCOME", [](const cli::Style& style,
                                 std::string_view text) { return style.state(text); }},
                  {"WHY", nullptr, 2}});
  cli::Table table(std::move(columns));
  for (const json::value& value : runs) {
    const json::object& run = value.as_object();
    const auto started = time_of(run, "startedAt");
    std::string cause = cli::cause_of(run);
    if (run.at("void").as_bool()) cause += cause.empty() ? "void: too late" : ", void: too late";
    std::vector<std::string> cells;
    if (with_names) cells.push_back(text_of(run, "name"));
    cells.insert(cells.end(),
                 {text_of(run, "node"), started ? cli::day_and_minute(*started, cli::now()) : "",
                  rough_duration(Duration{number_of(run, "durationMs")}), text_of(run, "outcome"),
                  std::move(cause)});
    table.add(std::move(cells));
  }
  table.print(context.out(), context.style(), cli::terminal_width());
}

int show(Context& context, const std::string& name) {
  auto work = show_work(context, name);
  if (!work) return context.status();
  if (context.json()) {
    context.print(*work);
    return cli::kDone;
  }
  context.out() << sentence_of(*work) << "\n\n"
                << "  placement  " << placement_of(*work) << '\n';
  std::vector<std::string> labels;
  for (const auto& [key, value] : object_of(*work, "labels")) {
    labels.push_back(std::string(key) + "=" + std::string(value.as_string()));
  }
  if (!labels.empty()) context.out() << "  labels     " << join(labels) << '\n';
  const json::object& request = object_of(*work, "request");
  context.out() << "  command    " << printable(cli::task_of(request)) << '\n';
  if (const std::string schedule = cli::schedule_of(request); !schedule.empty()) {
    context.out() << "  schedule   " << schedule << '\n';
  }
  context.out() << "  lease      " << format_duration(Duration{number_of(*work, "leaseMs")})
                << ", goes back after " << format_duration(Duration{number_of(*work, "holdMs")})
                << " of waiting\n\n";
  print_nodes(context, *work);
  const json::array& runs = array_of(*work, "runs");
  if (!runs.empty()) {
    context.out() << '\n';
    print_runs(context, runs, false);
  }
  return cli::kDone;
}

int list(Context& context, bool finished) {
  const auto all = context.ask(
      "select coalesce(jsonb_agg(s order by s->>'name'), '[]') from"
      " (select wm.summary_of(w) - 'request' as s from wm.work w) a"
      " where $1::boolean or s->>'state' in ('waiting', 'claimed', 'running')",
      {finished ? "true" : "false"});
  if (!all) return context.status();
  if (context.json()) {
    context.print(*all);
    return cli::kDone;
  }
  cli::Table table(
      {{"NAME", nullptr, -1},
       {"IS", [](const cli::Style& style, std::string_view text) { return style.state(text); }},
       {"FOR", nullptr, 1},
       {"WITH", nullptr, 2},
       {"DUE", nullptr, 3}});
  for (const json::value& value : all->as_array()) {
    const json::object& work = value.as_object();
    const auto next = time_of(work, "nextRunAt");
    table.add({text_of(work, "name"), text_of(work, "state"), placement_of(work), holders_of(work),
               next && *next > cli::now() ? cli::relative_time(*next, cli::now()) : ""});
  }
  if (table.empty()) {
    context.hint(finished ? "no work yet: wm-fleet register-oneoff --help"
                          : "no unfinished work; wm-fleet list --all shows the rest");
    return cli::kDone;
  }
  table.print(context.out(), context.style(), cli::terminal_width());
  return cli::kDone;
}

struct HistoryOptions {
  std::string name;
  std::string node;
  bool failed = false;
  int limit = 50;
};

int history(Context& context, const HistoryOptions& options) {
  if (!options.name.empty()) {
    const auto known = context.ask("select to_jsonb(exists (select from wm.work where name = $1))",
                                   {options.name});
    if (!known) return context.status();
    if (!known->get_bool()) return context.complain(no_such_work(options.name));
  }
  const auto runs = context.ask(
      "select coalesce(jsonb_agg(wm.run_view(r) order by r.started_at desc), '[]') from"
      " (select a.* from wm.run a join wm.work w on w.work_id = a.work_id"
      "  join wm.node n on n.node_id = a.node_id"
      "  where ($1 = '' or w.name = $1) and ($2 = '' or n.name = $2)"
      "  and (not $3::boolean or a.outcome in ('failed', 'retry'))"
      "  order by a.started_at desc limit $4::integer) r",
      {options.name, options.node, options.failed ? "true" : "false",
       std::to_string(options.limit)});
  if (!runs) return context.status();
  if (context.json()) {
    context.print(*runs);
  } else if (runs->as_array().empty()) {
    context.hint("no runs yet");
  } else {
    print_runs(context, runs->as_array(), true);
  }
  return cli::kDone;
}

struct LogOptions {
  std::string name;
  std::string node;
};

int logs(Context& context, const LogOptions& options) {
  const auto run = context.ask(
      "select jsonb_build_object('node', n.name, 'run', r.run, 'log', r.log) from wm.run r"
      " join wm.work w on w.work_id = r.work_id join wm.node n on n.node_id = r.node_id"
      " where w.name = $1 and ($2 = '' or n.name = $2) order by r.void, r.started_at desc limit 1",
      {options.name, options.node});
  if (!run) return context.status();
  if (!run->is_object()) {
    return context.complain({ErrorCode::not_found, "'" + options.name +
                                                       "' has no run that was reported" +
                                                       (options.node.empty() ? "" : " from there") +
                                                       ": see wm-fleet why"});
  }
  if (context.json()) {
    context.print(*run);
    return cli::kDone;
  }
  for (const json::value& value : array_of(run->as_object(), "log")) {
    const json::object& part = value.as_object();
    const auto data = decode_base64(text_of(part, "data"));
    const json::value* const is_error = part.if_contains("stderr");
    const bool to_error = is_error && is_error->is_bool() && is_error->get_bool();
    (to_error ? context.err() : context.out()) << data << std::flush;
  }
  return cli::kDone;
}

int cancel(Context& context, const std::vector<std::string>& names) {
  Database* const database = context.database();
  if (!database) return context.status();
  if (auto begun = database->query("begin"); !begun) return context.complain(begun.error());
  json::array cancelled;
  for (const std::string& name : names) {
    const auto done = context.ask("select to_jsonb(wm.cancel_work($1))", {name});
    if (!done) return context.status();
    if (done->is_null()) return context.complain(no_such_work(name));
    if (done->get_bool()) cancelled.push_back(json::value(name));
  }
  if (auto ended = database->query("commit"); !ended) return context.complain(ended.error());
  if (context.json()) {
    context.print(cancelled);
    return cli::kDone;
  }
  for (const json::value& name : cancelled) {
    context.out() << "cancelled '" << printable(std::string(name.as_string()))
                  << "'; what runs stops as its node hears of it\n";
  }
  if (cancelled.empty()) context.hint("it had ended already");
  return cli::kDone;
}

struct WaitOptions {
  std::vector<std::string> names;
  std::string timeout;
};

// The database tells nobody that work has ended: each such message would hold up all its commits.
int wait(Context& context, const WaitOptions& options) {
  using std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kFirst{100};
  constexpr std::chrono::milliseconds kLongest{2000};
  std::optional<steady_clock::time_point> until;
  if (!options.timeout.empty()) {
    const auto time = parse_duration(options.timeout);
    if (!time) return context.complain({ErrorCode::invalid, "--timeout: " + time.error().message});
    until = steady_clock::now() + *time;
  }
  json::array names;
  for (const std::string& name : options.names) names.push_back(json::value(name));
  for (auto pause = kFirst;; pause = std::min(pause * 2, kLongest)) {
    const auto states = context.ask(
        "select coalesce(jsonb_object_agg(w.name, wm.state_of(w)), '{}') from wm.work w"
        " where w.name in (select jsonb_array_elements_text($1::jsonb))",
        {json::serialize(names)});
    if (!states) return context.status();
    bool all_ended = true;
    bool all_well = true;
    for (const std::string& name : options.names) {
      const std::string state = text_of(states->as_object(), name);
      if (state.empty()) return context.complain(no_such_work(name));
      all_ended = all_ended && !is_open(state);
      all_well = all_well && state == "succeeded";
    }
    if (all_ended) {
      if (context.json()) context.print(*states);
      return all_well ? cli::kDone : cli::kFailed;
    }
    if (until && steady_clock::now() >= *until) return cli::kTimedOut;
    std::this_thread::sleep_for(pause);
  }
}

template <class Options>
std::shared_ptr<Options> with_name(CLI::App& app, bool required) {
  auto options = std::make_shared<Options>();
  auto* const option = app.add_option("NAME", options->name, "The work's name")->type_name("");
  if (required) option->required();
  return options;
}

}  // namespace

Command::Run set_up_list(CLI::App& app, const cli::CommandLine&) {
  auto finished = std::make_shared<bool>(false);
  app.add_flag("--all,-a", *finished, "Finished work, too");
  app.footer("Example: wm-fleet list");
  return [finished](Context& context) { return list(context, *finished); };
}

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

Command::Run set_up_history(CLI::App& app, const cli::CommandLine&) {
  constexpr int kMost = 100'000;
  auto options = with_name<HistoryOptions>(app, false);
  app.add_option("--node", options->node, "Only runs of this node")->type_name("NODE");
  app.add_flag("--failed", options->failed, "Only runs that failed or asked for another attempt");
  app.add_option("--limit,-n", options->limit, "At most this many (50)")
      ->type_name("N")
      ->check(cli::whole_number(1, kMost));
  app.footer("Example: wm-fleet history --failed --node n1");
  return [options](Context& context) { return history(context, *options); };
}

Command::Run set_up_logs(CLI::App& app, const cli::CommandLine&) {
  auto options = with_name<LogOptions>(app, true);
  app.add_option("--node", options->node, "The newest run of this node")->type_name("NODE");
  app.footer(
      "The last 64 KiB of the newest run; its node has all of it: wm logs fleet/NAME\n"
      "Example: wm-fleet logs index --node n1");
  return [options](Context& context) { return logs(context, *options); };
}

Command::Run set_up_cancel(CLI::App& app, const cli::CommandLine&) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("NAME", *names, "The work's name")->required()->type_name("");
  app.footer("Example: wm-fleet cancel index");
  return [names](Context& context) { return cancel(context, *names); };
}

Command::Run set_up_wait(CLI::App& app, const cli::CommandLine&) {
  auto options = std::make_shared<WaitOptions>();
  app.add_option("NAME", options->names, "The work's name")->required()->type_name("");
  app.add_option("--timeout", options->timeout, "Exit 124 after that time")->type_name("D");
  app.footer("Exits 0 if all of it succeeded, else 1.\nExample: wm-fleet wait render --timeout 1h");
  return [options](Context& context) { return wait(context, *options); };
}

}  // namespace wm::fleet
