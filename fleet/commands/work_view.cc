#include "fleet/commands/work_view.h"

#include <algorithm>
#include <array>

#include "cli/render/local_time.h"
#include "cli/render/runs.h"
#include "cli/render/table.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/text.h"
#include "core/zone.h"
#include "fleet/work/fleet_work.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

bool is_true(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

bool is_each(const json::object& work) { return text_of(work, "placement") == "each"; }

// `a metered network (unmetered)`: a wait of a daemon, with what there is instead.
std::string lack_of(const json::object& wait, TimePoint now) {
  const std::string text = cli::awaited(wait, now);
  const std::string actual = text_of(wait, "actual");
  const bool measured = text_of(wait, "kind") == "constraint" && !actual.empty();
  if (!measured || wait.contains("until")) return text;
  const bool bare = actual == "yes" || actual == "no";
  return text + " (" + (bare ? text_of(wait, "name") + " " : "") + actual + ")";
}

// What the node lacks of what the work needs, by its last word, as its daemon would say it.
std::vector<std::string> lacks(const json::object& node, const Constraints& constraints,
                               TimePoint now) {
  const json::object& conditions = object_of(node, "conditions");
  std::vector<std::string> all;
  const auto add = [&](std::string_view name, std::string_view required, std::string_view key) {
    const json::object wait{{"kind", "constraint"},
                            {"name", name},
                            {"required", required},
                            {"actual", text_of(conditions, key)}};
    all.push_back(lack_of(wait, now));
  };
  const Needs missing = needs_of(constraints) & ~static_cast<Needs>(number_of(node, "holds"));
  for (std::size_t bit = 0; bit < simple_constraints().size(); ++bit) {
    if ((missing & (Needs{1} << bit)) == 0) continue;
    const Constraints& one = simple_constraints()[bit];
    for (const ConstraintDef& def : kConstraints) {
      if (!one.has(def.id)) continue;
      add(def.name, def.id == Constraint::network ? word(one.network) : def.yes, def.condition);
    }
  }
  const std::vector<std::string> custom = texts_of(node, "custom");
  for (const std::string& name : constraints.custom) {
    if (std::ranges::find(custom, name) == custom.end()) add(name, "yes", "custom." + name);
  }
  return all;
}

// Windows are open or shut by the clock of the work's zone, or of the node's, which is not known.
std::string window_of(const WorkRequest& request, TimePoint now) {
  const Windows& windows = request.constraints.between;
  if (windows.empty()) return "";
  std::vector<std::string> texts;
  for (const Window& window : windows) texts.push_back(format_window(window));
  const std::string text = "its window " + join(texts, " or ");
  if (request.time_zone.empty()) return text + ", by the node's clock";
  const ZonedTime time{now, find_zone(request.time_zone)};
  if (is_inside(windows, time)) return "";
  const auto opens = next_change(windows, time);
  return opens ? text + " (" + cli::relative_time(*opens, now) + ")" : text;
}

bool is_past_deadline(const json::object& work, TimePoint now) {
  const auto deadline = time_of(work, "deadlineAt");
  return deadline && *deadline <= now;
}

std::string missing_for_claim(const json::object& work, const json::object& node,
                              const WorkRequest& request, TimePoint now) {
  if (is_true(node, "draining")) return "an end of its draining";
  if (!node.contains("holds") || node.at("holds").is_null()) return "an agent that has come";
  std::vector<std::string> all;
  if (!is_past_deadline(work, now)) {
    all = lacks(node, request.constraints, now);
    all.push_back(window_of(request, now));
  }
  const std::string text = join(all);
  return text.empty() && number_of(node, "slots") == 0 ? "a free slot" : text;
}

// Of `any` and `count` work.
void judge_claimable(const json::object& work, json::object& node, const WorkRequest& request,
                     TimePoint now) {
  for (const json::value& value : array_of(work, "claims")) {
    const json::object& claim = value.as_object();
    if (text_of(claim, "node") != text_of(node, "node")) continue;
    node["state"] = is_true(claim, "running") ? "running" : "claimed";
    node["missing"] = "";
    return;
  }
  if (is_true(node, "served")) {
    node["state"] = "done";
    node["missing"] = "";
    return;
  }
  const std::string missing = missing_for_claim(work, node, request, now);
  node["state"] = missing.empty() ? "ready" : "waiting";
  node["missing"] = missing;
}

void judge_each(json::object& node, TimePoint now) {
  const std::string state = text_of(node, "state");
  std::vector<std::string> all;
  if (state == "unheard") {
    const bool has_come = node.contains("holds") && !node.at("holds").is_null();
    all.emplace_back(!has_come                   ? "an agent that has come"
                     : is_true(node, "draining") ? "an end of its draining"
                                                 : "its agent's answer");
  } else if (state == "enqueued" || state == "blocked") {
    for (const json::value& wait : array_of(node, "waits")) {
      if (wait.is_object()) all.push_back(lack_of(wait.get_object(), now));
    }
  }
  node["missing"] = join(all);
}

const json::object& last_run_of(const json::object& node) { return object_of(node, "lastRun"); }

bool went_wrong(const json::object& run) {
  const std::string outcome = text_of(run, "outcome");
  return (outcome == "failed" || outcome == "retry") && !is_true(run, "void");
}

// `: exit 1, on n1, 4s ago`
std::string end_of(const json::object& run, TimePoint now) {
  const auto ended = time_of(run, "finishedAt");
  return ": " + join(std::array{cli::cause_of(run), "on " + text_of(run, "node"),
                                ended ? cli::relative_time(*ended, now) : ""});
}

std::string ended_text(const json::object& work, TimePoint now) {
  const std::string state = text_of(work, "state");
  if (state == "cancelled") return "is cancelled.";
  if (const json::object* const run = failure_of(work))
    return "has failed" + end_of(*run, now) + ".";
  const json::object& run = object_of(work, "lastResult");
  if (text_of(work, "placement") != "any" || run.empty()) return "has " + state + ".";
  const std::string end = end_of(run, now);
  return "has " + state + (cli::cause_of(run).empty() ? end.substr(1) : end) + ".";
}

// `waits on 2 nodes, runs on 1.`
std::string each_text(const json::object& work) {
  struct Group {
    const char* text;
    std::vector<std::string_view> states;
    int nodes = 0;
  };
  std::array groups{Group{"runs on", {"running"}},
                    Group{"waits on", {"enqueued", "blocked"}},
                    Group{"has succeeded on", {"succeeded"}},
                    Group{"has failed on", {"failed"}},
                    Group{"is cancelled on", {"cancelled"}},
                    Group{"is refused by", {"refused"}},
                    Group{"has not reached", {"unheard"}}};
  std::vector<std::string> parts;
  for (Group& group : groups) {
    for (const json::value& value : array_of(work, "nodes")) {
      const std::string state = text_of(value.as_object(), "state");
      if (std::ranges::count(group.states, state) > 0) ++group.nodes;
    }
    if (group.nodes == 0) continue;
    const bool first = parts.empty();
    parts.push_back(std::string(group.text) + " " + std::to_string(group.nodes) +
                    (!first             ? ""
                     : group.nodes == 1 ? " node"
                                        : " nodes"));
  }
  return parts.empty() ? "waits for a node that matches." : join(parts) + ".";
}

std::string last_run_text(const json::object& node) {
  const json::object& run = last_run_of(node);
  const std::string outcome = text_of(run, "outcome");
  const std::string cause = outcome.empty() ? "" : cli::cause_of(run);
  return outcome + (cause.empty() ? "" : ": " + cause);
}

std::string as_of(const json::object& node, TimePoint now) {
  const auto time = time_of(node, "asOf");
  return time ? cli::relative_time(*time, now) : "never";
}

}  // namespace

bool is_open(const std::string& state) {
  return state == "waiting" || state == "claimed" || state == "running";
}

std::string placement_of(const json::object& work) {
  const std::string placement = text_of(work, "placement");
  return placement == "count" ? std::to_string(number_of(work, "count")) + " nodes"
         : placement == "any" ? "any node"
                              : "each node";
}

void judge_nodes(json::object& work, TimePoint now) {
  const WorkRequest request = request_from_json(object_of(work, "request")).value_or(WorkRequest{});
  for (json::value& value : work["nodes"].as_array()) {
    json::object& node = value.as_object();
    if (text_of(node, "state") == "refused") {
      // Its own words say why.
    } else if (is_each(work)) {
      judge_each(node, now);
    } else {
      judge_claimable(work, node, request, now);
    }
    if (last_run_of(node).empty()) node.erase("lastRun");
    for (const char* const key :
         {"holds", "custom", "slots", "conditions", "draining", "waits", "served"}) {
      node.erase(key);
    }
  }
}

const json::object* failure_of(const json::object& work) {
  const std::string state = text_of(work, "state");
  const bool periodic = !cli::schedule_of(object_of(work, "request")).empty();
  const bool waits = state == "waiting" && (number_of(work, "attempts") > 0 || periodic);
  if (state != "failed" && !(waits && !is_each(work))) return nullptr;
  for (const json::value& value : array_of(work, "runs")) {
    const json::object& run = value.as_object();
    if (is_true(run, "void")) continue;
    if (went_wrong(run)) return &run;
    if (state != "failed") break;  // The newest one counts.
  }
  return nullptr;
}

std::string sentence_of(const json::object& work, TimePoint now) {
  const std::string name = printable(text_of(work, "name")) + " ";
  if (!is_open(text_of(work, "state"))) return name + printable(ended_text(work, now));
  if (is_each(work)) return name + each_text(work);
  std::vector<std::string> lines;
  for (const json::value& value : array_of(work, "claims")) {
    const json::object& claim = value.as_object();
    const auto until = time_of(claim, "until");
    lines.push_back(name + "is with " + printable(text_of(claim, "node")) +
                    (is_true(claim, "running") ? ", running" : ", claimed") + "; the lease ends " +
                    (until ? cli::relative_time(*until, now) : "soon") + " unless it is renewed.");
  }
  const json::object* const failure = failure_of(work);
  const std::string after =
      failure ? " (the last run" + printable(end_of(*failure, now)) + ")." : ".";
  const auto next = time_of(work, "nextRunAt");
  const bool counted = text_of(work, "placement") == "count";
  if (next && *next > now) {
    lines.push_back(name + (number_of(work, "attempts") > 0 ? "is tried again " : "is due ") +
                    cli::day_and_time(*next, now) + ", " + cli::relative_time(*next, now) + after);
  } else if (next) {
    lines.push_back(name + "waits for " +
                    (counted ? "nodes that are ready" : "a node that is ready") + after);
  }
  return join(lines, "\n");
}

void print_nodes(Context& context, const json::object& work) {
  const auto state = [](const cli::Style& style, std::string_view text) {
    return style.state(text);
  };
  const json::array& nodes = array_of(work, "nodes");
  const bool with_runs = std::ranges::any_of(
      nodes, [](const json::value& node) { return node.as_object().contains("lastRun"); });
  std::vector<cli::Table::Column> columns{
      {"NODE", nullptr, -1}, {"IS", state}, {"LACKS", nullptr, 1}};
  if (with_runs) columns.push_back({"LAST RUN", nullptr, 2});
  columns.push_back({"SAID"});
  cli::Table table(std::move(columns));
  const TimePoint now = cli::now();
  for (const json::value& value : nodes) {
    const json::object& node = value.as_object();
    std::vector<std::string> cells{text_of(node, "node"), text_of(node, "state"),
                                   text_of(node, "missing")};
    if (with_runs) cells.push_back(last_run_text(node));
    cells.push_back(as_of(node, now));
    table.add(std::move(cells));
  }
  if (!table.empty()) return table.print(context.out(), context.style(), cli::terminal_width());
  Labels labels;
  for (const auto& [key, value] : object_of(work, "labels")) {
    if (value.is_string()) labels[key] = value.get_string();
  }
  context.out() << (labels.empty() ? "There are no nodes yet: wm-fleet enroll NODE"
                                   : "No node has " + printable(labels_text(labels)) +
                                         ": wm-fleet nodes --labels")
                << '\n';
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
    const auto took = cli::time_taken(run);
    std::vector<std::string> cells;
    if (with_names) cells.push_back(text_of(run, "name"));
    cells.insert(cells.end(),
                 {text_of(run, "node"), started ? cli::day_and_minute(*started, cli::now()) : "",
                  took ? rough_duration(*took) : "", text_of(run, "outcome"),
                  join(std::array{cli::cause_of(run),
                                  std::string(is_true(run, "void") ? "void: too late" : "")})});
    table.add(std::move(cells));
  }
  table.print(context.out(), context.style(), cli::terminal_width());
}

}  // namespace wm::fleet
