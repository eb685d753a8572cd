// init, migrate and prune.
#include <CLI/CLI.hpp>

#include "core/json_fields.h"
#include "core/time.h"
#include "fleet/command.h"
#include "fleet/database/migrations.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

int bring_up(Context& context, bool may_create) {
  Database* const database = context.database();
  if (!database) return context.status();
  const auto done = migrate(*database, may_create);
  if (!done) return context.complain(done.error());
  if (context.json()) {
    context.print({{"from", done->from}, {"version", done->to}});
  } else if (done->from == 0) {
    context.out() << "The fleet is ready. Let machines in with: wm-fleet enroll NODE\n";
  } else if (done->from == done->to) {
    context.out() << "The fleet has version " << done->to << " already.\n";
  } else {
    context.out() << "The fleet was at version " << done->from << ", and is at " << done->to
                  << ".\n";
  }
  return cli::kDone;
}

int prune(Context& context, const std::string& age) {
  const auto time = parse_duration(age);
  if (!time) return context.complain({ErrorCode::invalid, "--older-than: " + time.error().message});
  const auto forgotten = context.ask("select wm.prune(now() - $1::bigint * interval '1 ms')",
                                     {std::to_string(time->count())});
  if (!forgotten) return context.status();
  if (context.json()) {
    context.print(*forgotten);
    return cli::kDone;
  }
  const json::object& number_of_them = forgotten->as_object();
  context.out() << "Forgot work: " << number_of(number_of_them, "works")
                << ", and runs: " << number_of(number_of_them, "runs") << ".\n";
  return cli::kDone;
}

}  // namespace

Command::Run set_up_init(CLI::App& app, const cli::CommandLine&) {
  app.footer(
      "Needs the right to make a schema and roles in the database of $PGHOST,\n"
      "$PGDATABASE, … or --database. In a database with a fleet it changes nothing\n"
      "but what is older than this program.\n"
      "Example: createdb wm && wm-fleet --database dbname=wm init");
  return [](Context& context) { return bring_up(context, true); };
}

Command::Run set_up_migrate(CLI::App& app, const cli::CommandLine&) {
  app.footer("Agents of the version before go on working.\nExample: wm-fleet migrate");
  return [](Context& context) { return bring_up(context, false); };
}

Command::Run set_up_prune(CLI::App& app, const cli::CommandLine&) {
  auto age = std::make_shared<std::string>("28d");
  app.add_option("--older-than", *age, "Keep what is younger (28d)")->type_name("D");
  app.footer(
      "Unfinished work stays, and the last run of each node.\n"
      "Example: wm-fleet prune --older-than 90d");
  return [age](Context& context) { return prune(context, *age); };
}

}  // namespace wm::fleet
