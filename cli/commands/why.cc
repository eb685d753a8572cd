#include "cli/render/why.h"

#include <memory>

#include "cli/chain_failure.h"
#include "cli/command.h"
#include "cli/log_lines.h"
#include "cli/render/facts.h"
#include "cli/render/last_words.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/why_then.h"
#include "cli/render/work.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// Without a log there is nothing to print.
void print_last_lines(Session& session, const std::string& name) {
  LastWords said;
  auto client = session.connect();
  if (!client) return;
  const auto read =
      client->stream("Logs", {{"uniqueName", name}, {"both", true}}, [&](const json::object& page) {
        for (const LogText& text : parts_of(page)) said.add(text);
      });
  if (!read) return;
  if (!said.print(session.out(), session.style(), terminal_width())) return;
  session.out() << "  All of it: " << command_line("logs", name, session.owner()) << '\n';
}

void print(Session& session, const json::object& why, const json::object& work) {
  std::ostream& out = session.out();
  const Style style = session.style();
  const std::string name = text_of(why, "uniqueName");
  const auto failure =
      text_of(why, "failedPrerequisite").empty() ? std::nullopt : failure_in_chain(session, name);
  const bool failed = text_of(why, "state") == word(WorkState::failed);
  print_wrapped(out, style,
                failure ? "'" + printable(name) + "' " +
                              (failed ? "has failed" : "is " + text_of(why, "state")) +
                              ", because " + failure->reason
                        : verdict(why, work, now()),
                terminal_width());
  print_facts(out, style, why, work, terminal_width(), now());
  if (const std::string waited = waited_of(why); !waited.empty()) {
    out << "  So far, since it was due: " << printable(waited) << '\n';
  }
  if (is_about_failure(work)) print_last_lines(session, name);
  const std::vector<std::string> steps =
      failure
          ? std::vector{"Why that: " + command_line("why", failure->names.front(), session.owner()),
                        "Once more: " + retry_command(failure->names, session.owner())}
          : next_steps(why, {session.owner(), session.rules()});
  for (const std::string& step : steps) out << "  " << step << '\n';
}

void print_then(Session& session, const json::object& why) {
  const Style style = session.style();
  print_wrapped(session.out(), style, verdict_then(why, now()), terminal_width());
  print_facts_then(session.out(), style, why, terminal_width(), now());
  for (const std::string& step : next_steps_then(why, now(), session.owner())) {
    session.out() << "  " << step << '\n';
  }
}

int why_then(Session& session, const std::string& name, const std::string& text) {
  constexpr const char* kForecast = "; wm forecast tells what is to come";
  const auto at = typed_time(text, Direction::past);
  if (!at) {
    const bool future = at.error().message.find("in the future") != std::string::npos;
    return session.complain("--at",
                            {at.error().code, at.error().message + (future ? kForecast : "")});
  }
  if (*at > now()) {
    return session.complain("--at",
                            {ErrorCode::invalid, "'" + text + "' is in the future" + kForecast});
  }
  const auto answer = session.ask("Why", {{"uniqueName", name}, {"at", format_time(*at)}});
  if (!answer) return session.complain(answer.error());
  const json::object& why = object_of(*answer, "why");
  if (session.json()) {
    session.print(why);
  } else {
    print_then(session, why);
  }
  return kDone;
}

int why(Session& session, const std::string& name) {
  const auto answer = session.ask("Why", {{"uniqueName", name}});
  if (!answer) return session.complain(answer.error());
  const json::object& why = object_of(*answer, "why");
  if (session.json()) {
    session.print(why);
    return kDone;
  }
  const auto shown = session.ask("Show", {{"uniqueName", name}});
  if (!shown) return session.complain(shown.error());
  print(session, why, object_of(*shown, "work"));
  return kDone;
}

}  // namespace

Command::Run set_up_why(CLI::App& app, const CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "The job's unique name")->required()->type_name("");
  auto at = std::make_shared<std::string>();
  app.add_option("--at", *at,
                 "Explain that moment instead: 03:00, 2h (ago),\n\"yesterday 03:00\", …")
      ->type_name("TIME");
  app.footer("Example: wm why backup\n         wm why backup --at \"today 03:00\"");
  return [name, at](Session& session) {
    return at->empty() ? why(session, *name) : why_then(session, *name, *at);
  };
}

}  // namespace wm::cli
