#include <utility>

#include "cli/command.h"
#include "cli/work_file.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

int export_works(Session& session) {
  session.page();
  bool first = true;
  const auto done = session.print_pages({"List", {}}, "works", [&](const json::array& works) {
    if (!std::exchange(first, false)) session.out() << '\n';
    write_works(session.out(), works);
  });
  if (!done) return session.complain(done.error());
  return kDone;
}

}  // namespace

Command::Run set_up_export(CLI::App& app, const CommandLine&) {
  app.footer("Example: wm export >work.toml\n         wm apply work.toml");
  return [](Session& session) { return export_works(session); };
}

}  // namespace wm::cli
