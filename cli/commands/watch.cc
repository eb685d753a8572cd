#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kWidth = 13;  // Of the longest event, and two spaces.

void print_event(Session& session, const json::object& event) {
  if (session.json()) return session.print(event);
  const std::string status = text_of(event, "event");
  const std::string detail = printable(text_of(event, "detail"));
  session.out() << local_time(time_of(event, "time").value_or(now())) << "  "
                << session.style().state(status)
                << std::string(kWidth - std::min(kWidth, status.size()), ' ')
                << printable(text_of(event, "uniqueName")) << (detail.empty() ? "" : "  " + detail)
                << '\n';
}

int watch(Session& session, const std::vector<std::string>& names) {
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  json::object parameters;
  if (!names.empty()) parameters["uniqueNames"] = json::value_from(names);
  const auto done = client->stream("Watch", std::move(parameters), [&](const json::object& page) {
    for (const json::value& event : array_of(page, "events")) {
      print_event(session, event.as_object());
    }
    if (const std::int64_t missed = number_of(page, "missed"); missed > 0) {
      session.out().flush();
      session.hint(fmt::format("{} more events came too fast to be shown", missed));
    }
    session.out().flush();
  });
  return done ? kDone : session.complain(done.error());
}

}  // namespace

Command::Run set_up_watch(CLI::App& app, const Trailing&) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("NAME", *names, "Only of works with these unique names")->type_name("");
  app.footer(
      "Until Ctrl-C. Events: scheduled, started, retrying, rescheduled, completed,\n"
      "failed, cancelled, progress, suspended, continued.\n"
      "Example: wm watch\n         wm watch nightly-backup --json | jq .event");
  return [names](Session& session) { return watch(session, *names); };
}

}  // namespace wm::cli
