#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

std::string headline(const json::object& why) {
  const std::string name = "'" + text_of(why, "uniqueName") + "' ";
  const std::string state = text_of(why, "state");
  const std::string failed = text_of(why, "failedPrerequisite");
  if (!failed.empty()) return name + "is " + state + ", because '" + failed + "' has not succeeded";
  if (state == "running") return name + "is running: it waits for nothing";
  if (state == "enqueued" || state == "blocked") {
    return name + (array_of(why, "waitingFor").empty() ? "starts now" : "waits for:");
  }
  return name + "has ended: " + state;
}

void print(Session& session, const json::object& why) {
  session.out() << printable(headline(why)) << '\n';
  const json::array& waits = array_of(why, "waitingFor");
  if (!waits.empty()) print_waits(session.out(), session.style(), waits, now());
  if (const std::string waited = waited_of(why); !waited.empty()) {
    session.out() << "so far, since it was due: " << printable(waited) << '\n';
  }
}

int why(Session& session, const std::string& name) {
  const auto answer = session.ask("Why", {{"uniqueName", name}});
  if (!answer) return session.complain(answer.error());
  const json::object& why = object_of(*answer, "why");
  if (session.json()) {
    session.print(why);
  } else {
    print(session, why);
  }
  return kDone;
}

}  // namespace

Command::Run set_up_why(CLI::App& app, const CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "The job's unique name")->required()->type_name("");
  app.footer("Example: wm why backup");
  return [name](Session& session) { return why(session, *name); };
}

}  // namespace wm::cli
