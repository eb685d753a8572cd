#include "cli/command.h"
#include "cli/work_file.h"

namespace wm::cli {
namespace {

int export_works(Session& session) {
  const auto works = session.collect("List", {}, "works");
  if (!works) return session.complain(works.error());
  if (session.json()) {
    session.print(*works);
  } else {
    write_works(session.out(), *works);
  }
  return kDone;
}

}  // namespace

Command::Run set_up_export(CLI::App& app, const Trailing&) {
  app.footer("Example: wm export >works.toml\n         wm apply works.toml");
  return [](Session& session) { return export_works(session); };
}

}  // namespace wm::cli
