#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"

namespace wm::cli {
namespace {

int run_now(Session& session, const std::string& name) {
  const auto answer = session.ask("Run", {{"uniqueName", name}});
  if (!answer) return session.complain(answer.error());
  const boost::json::object& work = object_of(*answer, "work");
  if (session.json()) {
    session.print(work);
    return kDone;
  }
  const std::string waits = waits_of(work, now());
  session.out() << (text_of(work, "state") == "running" ? "started '" : "'") << name
                << (text_of(work, "state") == "running" ? "'"
                                                        : "' runs next: it waits for " + waits)
                << '\n';
  return kDone;
}

}  // namespace

Command::Run set_up_run(CLI::App& app, const CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "The job's unique name")->required()->type_name("");
  app.footer(
      "Starts an enqueued job at the next free slot, without regard to its delay and\n"
      "constraints.\n"
      "Example: wm run backup && wm wait backup");
  return [name](Session& session) { return run_now(session, *name); };
}

}  // namespace wm::cli
