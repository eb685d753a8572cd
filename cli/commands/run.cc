#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// `started 'a'`, `'a' runs next: it waits for a free slot`
std::string describe_start(const json::object& work) {
  const std::string name = "'" + text_of(work, "uniqueName") + "'";
  if (text_of(work, "state") == word(WorkState::running)) return "started " + name;
  const std::string waits = waits_of(work, now());
  return name + " runs next" + (waits.empty() ? "" : ": it " + waits);
}

int run_now(Session& session, const std::vector<std::string>& names) {
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  for (const std::string& name : names) {
    const auto answer = client->call("Run", {{"uniqueName", name}});
    if (!answer) return session.complain(answer.error());
    const json::object& work = object_of(*answer, "work");
    if (session.json()) {
      session.print(work);
    } else {
      session.out() << printable(describe_start(work)) << '\n';
    }
  }
  return kDone;
}

}  // namespace

Command::Run set_up_run(CLI::App& app, const CommandLine&) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("NAME", *names, "The jobs' unique names")->required()->type_name("");
  app.footer(
      "Starts enqueued jobs at the next free slots, without regard to their delays and\n"
      "constraints.\n"
      "Example: wm run backup && wm wait backup");
  return [names](Session& session) { return run_now(session, *names); };
}

}  // namespace wm::cli
