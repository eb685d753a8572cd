#include "cli/commands/show.h"

#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"

namespace wm::cli {

int show_job(Session& session, const std::string& name, bool times) {
  const auto answer = session.ask("Show", {{"uniqueName", name}});
  if (!answer) return session.complain(answer.error());
  const boost::json::object& work = object_of(*answer, "work");
  if (session.json()) {
    session.print(work);
  } else {
    session.page();
    print_work(session.out(), session.style(), work, now(), {terminal_width(), times});
  }
  return kDone;
}

Command::Run set_up_show(CLI::App& app, const CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "The job's unique name")->required()->type_name("");
  auto times = std::make_shared<bool>(false);
  app.add_flag("--times", *times, "Print dates and seconds instead of in 14m");
  app.footer("Example: wm show oneoff-sync-001\n         wm show oneoff-sync-001 --json");
  return [name, times](Session& session) { return show_job(session, *name, *times); };
}

}  // namespace wm::cli
