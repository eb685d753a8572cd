// init and migrate.
#include "fleet/command.h"
#include "fleet/database/migrations.h"

namespace wm::fleet {
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

}  // namespace wm::fleet
