#include "core/conditions.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/render/condition_bands.h"
#include "cli/render/facts.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct OverrideOptions {
  std::vector<std::string> values;
  std::string time;
};

std::string source_of(const json::object& condition, TimePoint now) {
  const std::string detail = text_of(condition, "detail");
  std::string text = text_of(condition, "source") + (detail.empty() ? "" : ": " + detail);
  if (const auto until = time_of(condition, "overriddenUntil")) {
    text += ", for " + rough_duration(std::max(*until - now, Duration::zero()));
  }
  return text;
}

std::string value_of(const json::object& condition) {
  const std::string value = text_of(condition, "value");
  return value.empty() ? "unknown" : value;
}

// `Jobs need charging (2).` and `Pretended: network.`, for people.
std::string conditions_in_a_sentence(const json::array& conditions) {
  std::vector<std::string> needed;
  std::vector<std::string> pretended;
  for (const json::value& value : conditions) {
    const json::object& condition = value.as_object();
    const std::string name = printable(text_of(condition, "name"));
    const std::int64_t jobs = number_of(condition, "works");
    if (jobs > 0) needed.push_back(fmt::format("{} ({})", name, jobs));
    const json::value* overridden = condition.if_contains("overridden");
    if (overridden && *overridden == json::value(true)) pretended.push_back(name);
  }
  return (needed.empty() ? "No job needs a condition." : "Jobs need " + join(needed) + ".") +
         (pretended.empty() ? ""
                            : " Pretended: " + join(pretended) + "; wm conditions clear ends it.");
}

void print_conditions(Session& session, const json::array& conditions, bool times) {
  const Style style = session.style();
  const std::size_t width = terminal_width();
  if (session.to_terminal()) {
    for (const std::string& line : wrapped(conditions_in_a_sentence(conditions), width)) {
      session.out() << style.bold(line) << '\n';
    }
  }
  Table table({{"CONDITION"},
               {"VALUE"},
               {"SINCE", nullptr, 0, Table::kWhole},
               {"JOBS", nullptr, 2, Table::kWhole},
               {"SOURCE", nullptr, 1}});
  const TimePoint now = wm::cli::now();
  for (const json::value& value : conditions) {
    const json::object& condition = value.as_object();
    const auto since = time_of(condition, "since");
    table.add({text_of(condition, "name"), value_of(condition),
               !since  ? ""
               : times ? local_time(*since)
                       : relative_time(*since, now),
               std::to_string(number_of(condition, "works")), source_of(condition, now)});
  }
  table.print(session.out(), style, width);
}

int show_answer(Session& session, std::string_view method, json::object parameters,
                bool times = false) {
  const auto answer = session.ask(method, std::move(parameters));
  if (!answer) return session.complain(answer.error());
  const json::array& conditions = array_of(*answer, "conditions");
  if (session.json()) {
    session.print(conditions);
  } else {
    print_conditions(session, conditions, times);
  }
  return kDone;
}

// Prints a line per condition that has changed.
void print_changes(Session& session, const json::array& before, const json::array& after) {
  const TimePoint now = wm::cli::now();
  for (const json::value& value : after) {
    const json::object& condition = value.as_object();
    const auto same = [&](const json::value& other) {
      const json::object& old = other.as_object();
      return text_of(old, "name") == text_of(condition, "name") &&
             value_of(old) == value_of(condition) &&
             source_of(old, now) == source_of(condition, now);
    };
    if (std::ranges::any_of(before, same)) continue;
    session.out() << fmt::format("{}  {:<9}  {:<9}  {}\n", local_time(now),
                                 printable(text_of(condition, "name")), value_of(condition),
                                 printable(source_of(condition, now)));
  }
}

int watch(Session& session, bool times) {
  json::array before;
  const auto done = session.ask_on([&](Client& client) -> Result<> {
    // Each daemon starts its versions again: the first answer may be known already.
    for (std::int64_t version = 0;;) {
      const auto answer = client.call("Conditions", {{"after", version}});
      if (!answer) return std::unexpected(answer.error());
      version = number_of(*answer, "version");
      const json::array& conditions = array_of(*answer, "conditions");
      if (conditions == before) continue;
      if (session.json()) {
        session.print(conditions);
      } else if (before.empty()) {
        print_conditions(session, conditions, times);
      } else {
        print_changes(session, before, conditions);
      }
      session.flush();
      before = conditions;
    }
  });
  return done ? kDone : session.complain(done.error());
}

// The rest of a long line stands below it, indented.
void print_indented(std::ostream& out, const std::string& line, std::size_t width) {
  constexpr std::size_t kIndent = 4;
  std::string before;
  for (const std::string& part : wrapped(line, width > 2 * kIndent ? width - kIndent : 0)) {
    out << before << part << '\n';
    before.assign(kIndent, ' ');
  }
}

// The bands need all changes before the first line can be printed.
int print_bands_and_changes(Session& session, TimePoint since) {
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  ConditionBands bands(since, wm::cli::now());
  std::vector<std::string> lines;
  const auto done = client->stream("ConditionChanges", {{"since", format_time(since)}},
                                   [&](const json::object& page) {
                                     bands.begin_with(array_of(page, "before"));
                                     for (const json::value& change : array_of(page, "changes")) {
                                       bands.add(change.as_object());
                                       lines.push_back(line_of_change(change.as_object()));
                                     }
                                   });
  if (!done) return session.complain(done.error());
  bands.print(session.out(), session.style(), terminal_width());
  for (const std::string& line : lines) print_indented(session.out(), line, terminal_width());
  if (lines.empty()) session.hint("no changes since then");
  return kDone;
}

int show_changes(Session& session, const std::string& text) {
  const auto since = typed_time(text, Direction::past);
  if (!since) return session.complain("--since", since.error());
  session.page();
  if (session.to_terminal() && !session.json()) return print_bands_and_changes(session, *since);
  const auto count = session.print_pages({"ConditionChanges", {{"since", format_time(*since)}}},
                                         "changes", [&](const json::array& changes) {
                                           for (const json::value& change : changes) {
                                             session.out()
                                                 << line_of_change(change.as_object()) << '\n';
                                           }
                                         });
  if (!count) return session.complain(count.error());
  if (*count == 0 && !session.json()) session.hint("no changes since then");
  return kDone;
}

int override_values(Session& session, const OverrideOptions& options) {
  if (auto all = session.concern_all("an override"); !all) return session.complain(all.error());
  json::object values;
  for (const std::string& pair : options.values) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) {
      return session.complain(
          {ErrorCode::invalid, "'" + pair + "': write KEY=VALUE, for example network=metered"});
    }
    values[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  json::object parameters{{"values", std::move(values)}};
  if (!options.time.empty()) {
    const auto time = parse_duration(options.time);
    if (!time) return session.complain("--for", time.error());
    parameters["forMs"] = time->count();
  }
  return show_answer(session, "OverrideConditions", std::move(parameters));
}

// Each condition with the values that it may be given, `battery=ok|low`, in lines of the help.
std::string overridable() {
  constexpr std::size_t kWidth = 50;
  std::string text;
  std::size_t line = 0;
  for (const ConstraintDef& one : kConstraints) {
    if (one.condition.empty()) continue;
    std::string pair(one.condition);
    if (one.form == ConstraintForm::names) pair += ".NAME";
    pair += '=';
    if (one.form == ConstraintForm::network_type) {
      pair += fmt::format("{}", fmt::join(kNetworkWords, "|"));
    } else {
      pair += fmt::format("{}|{}", one.yes, one.no);
    }
    if (!text.empty()) text += line + pair.size() + 2 > kWidth ? ",\n" : ", ";
    line = text.ends_with('\n') ? 0 : line + 2;
    text += pair;
    line += pair.size();
  }
  return text;
}

}  // namespace

Command::Run set_up_conditions(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<OverrideOptions>();
  app.require_subcommand(0, 1);
  auto* pretend = app.add_subcommand("override", "Pretend, to try jobs out");
  pretend->add_option("CONDITION", options->values, overridable())->required()->type_name("");
  pretend->add_option("--for", options->time, "Pretend only for this long")->type_name("D");
  pretend->footer("Example: wm conditions override network=metered battery=low --for 10m");
  auto watching = std::make_shared<bool>(false);
  auto* watch_flag =
      app.add_flag("--watch", *watching, "Also print a line per change, until Ctrl-C");
  auto since = std::make_shared<std::string>();
  app.add_option("--since", *since,
                 "The changes since then: 2h (ago), yesterday,\nmonday 09:30, 2026-11-23, …")
      ->type_name("TIME")
      ->excludes(watch_flag);
  auto times = std::make_shared<bool>(false);
  app.add_flag("--times", *times, "Print dates and seconds instead of 14m ago");
  auto* clear = app.add_subcommand("clear", "End all overrides");
  clear->footer("Example: wm conditions clear");
  app.footer(
      "Example: wm conditions\n         wm conditions --since yesterday\n"
      "         wm conditions override charging=no --for 10m");
  return [options, pretend, clear, watching, times, since](Session& session) {
    if (pretend->parsed()) return override_values(session, *options);
    if (!since->empty() && !clear->parsed()) return show_changes(session, *since);
    if (*watching && !clear->parsed()) return watch(session, *times);
    if (clear->parsed()) {
      const auto all = session.concern_all("the end of all overrides");
      if (!all) return session.complain(all.error());
    }
    return show_answer(session, clear->parsed() ? "ClearOverrides" : "Conditions", {}, *times);
  };
}

}  // namespace wm::cli
