#include <memory>

#include "cli/chosen_jobs.h"
#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct RunOptions {
  std::vector<std::string> names;
  std::string tag;
};

// `started 'a'`, `'a' runs next: it waits for a free slot`
std::string describe_start(const json::object& work) {
  const std::string name = "'" + text_of(work, "uniqueName") + "'";
  if (text_of(work, "state") == word(WorkState::running)) return "started " + name;
  const std::string waits = waits_of(work, now());
  return name + " runs next" + (waits.empty() ? "" : ": it " + waits);
}

int run_named(Session& session, const std::vector<std::string>& names, bool by_tag) {
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  for (const std::string& name : names) {
    const auto answer = client->call("Run", {{"uniqueName", name}});
    // A job that was found by its tag may have started meanwhile.
    if (!answer && by_tag && answer.error().code == ErrorCode::refused) continue;
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

int run_now(Session& session, const RunOptions& options) {
  if (options.names.empty() == options.tag.empty()) {
    return session.complain(
        {ErrorCode::invalid, "name the jobs, or use --tag TAG: see wm run --help"});
  }
  if (options.tag.empty()) return run_named(session, options.names, false);
  const auto names = names_with_tag(session, options.tag, {word(WorkState::enqueued)});
  if (!names) return session.complain(names.error());
  if (names->empty()) session.hint(none_with_tag("waiting", options.tag));
  return run_named(session, *names, true);
}

}  // namespace

Command::Run set_up_run(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<RunOptions>();
  app.add_option("NAME", options->names, "The jobs' unique names")->type_name("");
  app.add_option("--tag", options->tag, "All enqueued jobs with this tag")->type_name("TAG");
  app.footer(
      "Starts enqueued jobs at the next free slots, without regard to their delays and\n"
      "constraints.\n"
      "Example: wm run backup && wm wait backup\n"
      "         wm run --tag backup");
  return [options](Session& session) { return run_now(session, *options); };
}

}  // namespace wm::cli
