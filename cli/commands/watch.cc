#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/work.h"
#include "cli/users.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kWidth = 13;  // The longest event, and two spaces.

// `about`: the rest of its line.
void print_event(Session& session, const json::object& event, const std::string& about) {
  if (session.json()) return session.print(event);
  const std::string status = text_of(event, "event");
  session.out() << local_time(time_of(event, "time").value_or(now())) << "  "
                << session.style().state(status)
                << std::string(kWidth - std::min(kWidth, status.size()), ' ') << printable(about)
                << '\n';
}

// Prints each event once, whichever daemon reports it.
class EventPrinter {
 public:
  explicit EventPrinter(Session& session) : session_(session), marks_(!session.owner().empty()) {}

  // The time from which the next daemon is to report recorded events; empty: no daemon has answered
  // yet.
  const std::string& since() const { return since_; }

  void print(const json::object& page) {
    if (since_.empty()) since_ = text_of(page, "time");
    if (const auto cut_at = time_of(page, "cutAt")) {
      session_.hint("there are too many events: those before " + local_time(*cut_at) +
                    " are left out");
    }
    for (const json::value& event : array_of(page, "events")) {
      if (is_new(event.as_object())) {
        print_event(session_, event.as_object(), subject_of(event.as_object()));
      }
    }
    for (const json::value& pause : array_of(page, "pauses")) {
      print_event(session_, pause.as_object(), pause_text(pause.as_object(), now()));
    }
    if (const std::int64_t missed = number_of(page, "missed"); missed > 0) {
      session_.flush();
      session_.hint(fmt::format("{} more events came too fast to be shown", missed));
    }
    session_.flush();
  }

 private:
  // A daemon that is asked for events since a time repeats those of that very moment.
  bool is_new(const json::object& event) {
    const std::string time = text_of(event, "time");
    if (time != since_) printed_.clear();
    since_ = time;
    const std::string kind = text_of(event, "event");
    if (kind == "progress" || kind == "suspended" || kind == "continued") return true;
    // Both events of a job that starts at once name its run, so "scheduled" is compared without it.
    const std::int64_t run = kind == "scheduled" ? 0 : number_of(event, "run");
    return printed_.emplace(text_of(event, "id"), kind, run).second;
  }

  // `backup  exit 1`; root is told whose job it is, unless it is root's.
  std::string subject_of(const json::object& event) {
    std::string text = text_of(event, "uniqueName");
    if (!session_.json()) text += marks_.of(static_cast<uid_t>(number_of(event, "owner")));
    const std::string detail = text_of(event, "detail");
    return detail.empty() ? text : text + "  " + detail;
  }

  Session& session_;
  OwnerMarks marks_;
  std::string since_;
  std::set<std::tuple<std::string, std::string, std::int64_t>>
      printed_;  // The events of the last moment.
};

int watch(Session& session, const std::vector<std::string>& names) {
  EventPrinter printer(session);
  const auto done = session.ask_on([&](Client& client) {
    json::object parameters;
    if (!names.empty()) parameters["uniqueNames"] = json::value_from(names);
    if (!printer.since().empty()) parameters["since"] = printer.since();
    return client.stream("Watch", std::move(parameters),
                         [&](const json::object& page) { printer.print(page); });
  });
  return done ? kDone : session.complain(done.error());
}

}  // namespace

Command::Run set_up_watch(CLI::App& app, const CommandLine&) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("NAME", *names, "Only jobs with these unique names")->type_name("");
  app.footer(
      "Runs until Ctrl-C. Events: scheduled, started, retrying, rescheduled, completed,\n"
      "failed, cancelled, progress, suspended, continued, paused, resumed.\n"
      "Example: wm watch\n         wm watch nightly-backup --json | jq .event");
  return [names](Session& session) { return watch(session, *names); };
}

}  // namespace wm::cli
