#include <memory>

#include "cli/command.h"
#include "cli/render/work.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct WaitOptions {
  std::string name;
  std::string timeout;
  std::string state;
};

bool ended_well(const json::object& work, const std::string& wanted_state) {
  if (!wanted_state.empty()) return text_of(work, "state") == wanted_state;
  if (text_of(work, "state") == "enqueued") {  // Periodic work, between its runs.
    return text_of(object_of(work, "lastResult"), "outcome") == "succeeded";
  }
  return text_of(work, "state") == "succeeded";
}

std::string describe(const json::object& work) {
  const json::object& result = object_of(work, "lastResult");
  const bool between_runs = text_of(work, "state") == "enqueued";
  std::string text = "'" + text_of(work, "uniqueName") + "' ";
  text += between_runs && !result.empty() ? "ran: " + text_of(result, "outcome")
                                          : text_of(work, "state");
  const std::string cause = cause_of(result);
  return cause.empty() ? text : text + " (" + cause + ")";
}

int wait(Session& session, const WaitOptions& options) {
  json::object parameters{{"uniqueName", options.name}};
  if (!options.state.empty()) {
    const auto state = parse_word<WorkState>(options.state);
    if (!state) return session.complain(state.error());
    parameters["state"] = options.state;
  }
  std::optional<Duration> timeout;
  if (!options.timeout.empty()) {
    const auto parsed = parse_duration(options.timeout);
    if (!parsed) return session.complain("--timeout", parsed.error());
    timeout = *parsed;
  }
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  if (timeout) client->set_deadline(std::chrono::steady_clock::now() + *timeout);
  json::object work;
  std::string progress;
  const auto done = client->stream("Wait", std::move(parameters), [&](const json::object& page) {
    const std::string news = progress_of(object_of(page, "progress"));
    if (!news.empty() && news != std::exchange(progress, news) && !session.json()) {
      session.hint(printable("'" + options.name + "' is at " + news));
    }
    if (page.contains("work")) work = object_of(page, "work");
  });
  if (!done && client->timed_out()) {
    session.complain({ErrorCode::failed, "'" + options.name + "' has not ended after " +
                                             format_duration(timeout.value_or(Duration{})) +
                                             ": see wm show"});
    return kTimedOut;
  }
  if (!done) return session.complain(done.error());
  if (session.json()) {
    session.print(work);
  } else {
    session.out() << printable(describe(work)) << '\n';
  }
  return ended_well(work, options.state) ? kDone : kFailed;
}

}  // namespace

Command::Run set_up_wait(CLI::App& app, const Trailing&) {
  auto options = std::make_shared<WaitOptions>();
  app.add_option("NAME", options->name, "The work's unique name")->required()->type_name("");
  app.add_option("--timeout", options->timeout, "Give up after that long, with exit status 124")
      ->type_name("D");
  app.add_option("--for", options->state, "Wait for this state, instead of its end")
      ->type_name("STATE");
  app.footer(
      "Exit status: 0 if it succeeded, 1 if it failed or was cancelled; for periodic\n"
      "work, how its next run ended.\n"
      "Example: wm wait oneoff-sync-001 --timeout 5m && echo synced");
  return [options](Session& session) { return wait(session, *options); };
}

}  // namespace wm::cli
