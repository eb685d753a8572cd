// Registers fleet work: one by options, or many by files.
#include <fstream>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/render/local_time.h"
#include "cli/request_options.h"
#include "cli/whole_number.h"
#include "config/read_file.h"
#include "core/json_fields.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/zone.h"
#include "fleet/command.h"
#include "fleet/work/fleet_file.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

constexpr const char* kPlacement = "Where it runs";

struct Registration {
  Registration(CLI::App& app, Offers offers, const cli::CommandLine& line)
      : request(app, offers, line) {
    request.for_other_machines();
  }

  cli::RequestOptions request;
  bool any = false;
  bool each = false;
  int count = 0;
  std::vector<std::string> labels;
  std::string lease;
  std::string hold;
  std::string existing = "keep";
};

// The zone in which fleet work without one has its calendar: nodes are in many.
const date::time_zone* zone_of(const WorkRequest& request) {
  return request.time_zone.empty() ? nullptr : find_zone(request.time_zone);
}

Result<FleetWork> read(const Registration& options, WorkKind kind) {
  FleetWork work;
  auto request = options.request.read(kind);
  if (!request) return std::unexpected(request.error());
  work.request = std::move(*request);
  auto labels = parse_labels(options.labels);
  if (!labels) return std::unexpected(labels.error());
  work.labels = std::move(*labels);
  if (static_cast<int>(options.any) + static_cast<int>(options.each) +
          static_cast<int>(options.count > 0) >
      1) {
    return invalid("--any, --each and --count are different placements: give one of them");
  }
  if (options.each) work.placement = Placement::each;
  if (options.count > 0) {
    work.placement = Placement::count;
    work.count = options.count;
  }
  for (const auto& [text, target] :
       {std::pair{&options.lease, &work.lease}, std::pair{&options.hold, &work.hold}}) {
    if (text->empty()) continue;
    const auto time = parse_duration(*text);
    if (!time) return std::unexpected(time.error());
    *target = *time;
  }
  const bool periodic = kind == WorkKind::periodic;
  if (periodic && work.request.every == Duration::zero() && work.request.calendar.empty()) {
    return invalid("--every or --calendar is required: how often should it run?");
  }
  if (auto valid = validate(work); !valid) return std::unexpected(valid.error());
  return work;
}

std::optional<std::string> store(Context& context, const FleetWork& work,
                                 const std::string& existing, bool applied) {
  const auto stored = context.ask(
      "select to_jsonb(wm.register_work($1::jsonb))",
      {json::serialize(registration(work, existing, applied, cli::now(), zone_of(work.request)))});
  if (!stored || !stored->is_string()) return std::nullopt;
  return std::string(stored->get_string());
}

std::string placement_text(const FleetWork& work) {
  const std::string labels = work.labels.empty() ? "" : " with " + labels_text(work.labels);
  switch (work.placement) {
    case Placement::any:
      return "any node" + labels;
    case Placement::each:
      return "each node" + labels;
    case Placement::count:
      return std::to_string(work.count) + " nodes" + labels;
  }
  return "";
}

int register_work(Context& context, const Registration& options, WorkKind kind) {
  const auto work = read(options, kind);
  if (!work) return context.complain(work.error());
  if (options.existing != "keep" && options.existing != "update" && options.existing != "replace") {
    return context.complain(
        {ErrorCode::invalid,
         "--existing must be keep, update or replace, not '" + options.existing + "'"});
  }
  const auto result = store(context, *work, options.existing, false);
  if (!result) return context.status();
  const std::string& name = work->request.unique_name;
  if (context.json()) {
    context.print({{"name", name}, {"result", *result}, {"placement", word(work->placement)}});
  } else {
    context.out() << *result << " '" << printable(name) << "': "
                  << (*result == "kept" ? "unfinished work of that name stays as it is"
                                        : placement_text(*work))
                  << '\n';
  }
  return cli::kDone;
}

Command::Run set_up(CLI::App& app, const cli::CommandLine& line, Offers offers, WorkKind kind) {
  auto options = std::make_shared<Registration>(app, offers, line);
  options->request.add_names(app,
                             "A task that the nodes' configuration declares.\n"
                             "Or give a command at the end, after --");
  app.add_flag("--any", options->any, "Any one node that matches (default)")->group(kPlacement);
  app.add_flag("--each", options->each, "Each node that matches")->group(kPlacement);
  app.add_option("--count", options->count, "So many different nodes")
      ->group(kPlacement)
      ->type_name("N")
      ->check(cli::whole_number(1, kMostNodes));
  app.add_option("--label", options->labels, "Only nodes with this label; repeatable")
      ->group(kPlacement)
      ->type_name("K=V")
      ->allow_extra_args(false);
  app.add_option("--lease", options->lease, "How long a claim lasts unless renewed (60s)")
      ->group(kPlacement)
      ->type_name("D");
  app.add_option("--hold", options->hold, "A claim that waits longer goes to another node (1m)")
      ->group(kPlacement)
      ->type_name("D");
  app.add_option("--existing", options->existing,
                 "If the name is in use: keep (default), update\nor replace")
      ->group(std::string(word(FieldGroup::kept)))
      ->type_name("POLICY");
  return [options, kind](Context& context) { return register_work(context, *options, kind); };
}

// ---- Files

struct Application {
  std::vector<std::string> files;
  bool prune = false;
};

struct Applied {
  std::string name;
  std::string result;
};

void print(Context& context, const std::vector<Applied>& all) {
  json::array results;
  for (const auto& [name, result] : all) {
    if (context.json()) {
      results.push_back({{"name", name}, {"result", result}});
    } else {
      context.out() << result << " '" << printable(name) << "'\n";
    }
  }
  if (context.json()) context.print(results);
}

// All of it, or nothing.
int apply(Context& context, const Application& options) {
  std::vector<DeclaredFleetWork> works;
  std::map<std::string, std::string> places;
  for (const std::string& file : options.files) {
    const auto text = read_file(file);
    if (!text) return context.complain({ErrorCode::invalid, text.error().message});
    auto read = parse_fleet_works(*text, file);
    if (!read) return context.complain(read.error());
    for (DeclaredFleetWork& one : *read) {
      const auto [place, is_new] = places.emplace(one.work.request.unique_name, one.where);
      if (!is_new) {
        return context.complain({ErrorCode::invalid, one.where + ": the name '" + place->first +
                                                         "' is at " + place->second + " already"});
      }
      works.push_back(std::move(one));
    }
  }
  if (works.empty()) {
    return context.complain({ErrorCode::invalid, "the files declare no [[work]]"});
  }
  Database* const database = context.database();
  if (!database) return context.status();
  json::array names;
  for (const DeclaredFleetWork& one : works) {
    names.push_back(json::value(one.work.request.unique_name));
  }
  if (!context.begin_changes(names)) return context.status();
  std::vector<Applied> all;
  for (const DeclaredFleetWork& one : works) {
    const auto result = store(context, one.work, "update", true);
    if (!result) return context.status();  // The transaction ends with the connection.
    all.push_back({one.work.request.unique_name, *result});
  }
  if (options.prune) {
    const auto gone = context.ask(
        "select coalesce(jsonb_agg(name order by name), '[]') from wm.work w where w.applied"
        " and not $1::jsonb ? w.name and wm.cancel_work(w.name)",
        {json::serialize(names)});
    if (!gone) return context.status();
    for (const json::value& name : gone->as_array()) {
      all.push_back({std::string(name.as_string()), "cancelled"});
    }
  }
  if (auto ended = database->query("commit"); !ended) return context.complain(ended.error());
  print(context, all);
  return cli::kDone;
}

int export_works(Context& context) {
  const char* between = "";
  const bool done = context.for_each(
      "select wm.summary_of(w) from (select w.* from wm.unfinished() w order by w.name) w",
      [&](const json::value& work) {
        context.out() << std::exchange(between, "\n");
        write_fleet_work(context.out(), work.as_object());
      });
  return done ? cli::kDone : context.status();
}

}  // namespace

Command::Run set_up_register_oneoff(CLI::App& app, const cli::CommandLine& line) {
  app.footer(
      "The program is looked up on the node that runs it.\n"
      "Example: wm-fleet register-oneoff index --idle --charging -- updatedb\n"
      "         wm-fleet register-oneoff fix --each --label os=debian -- /opt/fix");
  return set_up(app, line, kOneoff, WorkKind::oneoff);
}

Command::Run set_up_register_periodic(CLI::App& app, const cli::CommandLine& line) {
  app.footer(
      "With --any and --count, a calendar without --time-zone is in UTC; with --each\n"
      "it is in each node's own zone.\n"
      "Example: wm-fleet register-periodic backup --each --every 1d --charging -- backup");
  return set_up(app, line, kPeriodic, WorkKind::periodic);
}

Command::Run set_up_register_processing(CLI::App& app, const cli::CommandLine& line) {
  app.footer("Example: wm-fleet register-processing render --count 3 -- render scene.blend");
  return set_up(app, line, kProcessing, WorkKind::processing);
}

Command::Run set_up_apply(CLI::App& app, const cli::CommandLine&) {
  auto options = std::make_shared<Application>();
  app.add_option("FILE", options->files,
                 "Files as wm apply reads them, with each = true,\n"
                 "count = N, labels = { … }, lease, hold")
      ->required()
      ->type_name("");
  app.add_flag("--prune", options->prune, "Cancel what files declared before and these do not");
  app.footer("Example: wm-fleet apply fleet-work.toml --prune");
  return [options](Context& context) { return apply(context, *options); };
}

Command::Run set_up_export(CLI::App& app, const cli::CommandLine&) {
  app.footer("Example: wm-fleet export > fleet-work.toml");
  return [](Context& context) { return export_works(context); };
}

}  // namespace wm::fleet
