#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"

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

int show_answer(Session& session, std::string_view method, json::object parameters) {
  const auto answer = session.ask(method, std::move(parameters));
  if (!answer) return session.complain(answer.error());
  const json::array& conditions = array_of(*answer, "conditions");
  if (session.json()) {
    session.print(conditions);
    return kDone;
  }
  Table table({{"CONDITION"}, {"VALUE"}, {"SINCE"}, {"SOURCE"}});
  const TimePoint now = wm::cli::now();
  for (const json::value& value : conditions) {
    const json::object& condition = value.as_object();
    const std::string known = text_of(condition, "value");
    const auto since = time_of(condition, "since");
    table.add({text_of(condition, "name"), known.empty() ? "unknown" : known,
               since ? relative_time(*since, now) : "", source_of(condition, now)});
  }
  table.print(session.out(), session.style(), terminal_width());
  return kDone;
}

int override_values(Session& session, const OverrideOptions& options) {
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
    if (!time) return session.complain(time.error());
    parameters["forMs"] = time->count();
  }
  return show_answer(session, "OverrideConditions", std::move(parameters));
}

}  // namespace

Command::Run set_up_conditions(CLI::App& app, const Trailing&) {
  auto options = std::make_shared<OverrideOptions>();
  app.require_subcommand(0, 1);
  auto* pretend = app.add_subcommand("override", "Pretend, to try work out");
  pretend
      ->add_option("KEY=VALUE", options->values,
                   "network=none|connected|unmetered|metered|roaming,\n"
                   "charging=yes|no, battery=ok|low, storage=ok|low,\n"
                   "idle=yes|no")
      ->required()
      ->type_name("");
  pretend->add_option("--for", options->time, "Only for that long")->type_name("D");
  pretend->footer("Example: wm conditions override network=metered battery=low --for 10m");
  auto* clear = app.add_subcommand("clear", "End all pretending");
  clear->footer("Example: wm conditions clear");
  app.footer("Example: wm conditions\n         wm conditions override charging=no --for 10m");
  return [options, pretend, clear](Session& session) {
    if (pretend->parsed()) return override_values(session, *options);
    return show_answer(session, clear->parsed() ? "ClearOverrides" : "Conditions", {});
  };
}

}  // namespace wm::cli
