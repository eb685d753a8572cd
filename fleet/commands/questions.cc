// What people ask of a fleet: list, history, logs; and wait and cancel.
#include <iostream>
#include <thread>
#include <utility>

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
#include "fleet/commands/work_view.h"
#include "fleet/names.h"
#include "fleet/work/fleet_work.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

// `n1, n2`: the nodes that have claims.
std::string holders_of(const json::object& work) {
  std::vector<std::string> nodes;
  for (const json::value& claim : array_of(work, "claims")) {
    nodes.push_back(text_of(claim.as_object(), "node"));
  }
  return join(nodes);
}

int list(Context& context, bool finished) {
  const std::string all = "select wm.summary_of(w) - 'request' from (select w.* from " +
                          std::string(finished ? "wm.work" : "wm.unfinished()") +
                          " w order by w.name) w";
  if (context.json()) {
    const char* before = "[";
    const bool done = context.for_each(all, [&](const json::value& work) {
      context.out() << std::exchange(before, ",") << json::serialize(work);
    });
    if (!done) return context.status();
    context.out() << (*before == '[' ? "[]\n" : "]\n");
    return cli::kDone;
  }
  cli::Table table(
      {{"NAME", nullptr, -1},
       {"IS", [](const cli::Style& style, std::string_view text) { return style.state(text); }},
       {"FOR", nullptr, 1},
       {"WITH", nullptr, 2},
       {"DUE", nullptr, 3}});
  const bool done = context.for_each(all, [&](const json::value& value) {
    const json::object& work = value.as_object();
    const auto next = time_of(work, "nextRunAt");
    table.add({text_of(work, "name"), text_of(work, "state"), placement_of(work), holders_of(work),
               next && *next > cli::now() ? cli::relative_time(*next, cli::now()) : ""});
  });
  if (!done) return context.status();
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
    if (!known->get_bool()) return context.complain(no_such_work(context, options.name));
  }
  if (!options.node.empty()) {
    const auto known = has_node(context, options.node);
    if (!known) return context.status();
    if (!*known) return context.complain(no_such_node(context, options.node));
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

// There may be no such work, no such node, or no such run yet.
Error no_such_run(Context& context, const LogOptions& options) {
  const auto known =
      context.ask("select to_jsonb(exists (select from wm.work where name = $1))", {options.name});
  if (known && !known->get_bool()) return no_such_work(context, options.name);
  if (!options.node.empty() && !has_node(context, options.node).value_or(true)) {
    return no_such_node(context, options.node);
  }
  return {ErrorCode::not_found, "'" + options.name + "' has no run that was reported" +
                                    (options.node.empty() ? "" : " by " + options.node) +
                                    ": see wm-fleet why"};
}

int logs(Context& context, const LogOptions& options) {
  const auto run = context.ask(
      "select jsonb_build_object('node', n.name, 'run', r.run, 'log', r.log) from wm.run r"
      " join wm.work w on w.work_id = r.work_id join wm.node n on n.node_id = r.node_id"
      " where w.name = $1 and ($2 = '' or n.name = $2) order by r.void, r.started_at desc limit 1",
      {options.name, options.node});
  if (!run) return context.status();
  if (!run->is_object()) return context.complain(no_such_run(context, options));
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
  json::array all;
  for (const std::string& name : names) all.push_back(json::value(name));
  if (!context.begin_changes(all)) return context.status();
  json::array cancelled;
  for (const std::string& name : names) {
    const auto done = context.ask("select to_jsonb(wm.cancel_work($1))", {name});
    if (!done) return context.status();
    if (done->is_null()) return context.complain(no_such_work(context, name));
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
      if (state.empty()) return context.complain(no_such_work(context, name));
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
