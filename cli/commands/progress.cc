#include <memory>

#include "cli/command.h"
#include "cli/run_side.h"
#include "cli/whole_number.h"
#include "core/json_reader.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct ProgressOptions {
  std::optional<int> percent;
  std::string data;
};

int progress(Session& session, const ProgressOptions& options) {
  json::object parameters;
  if (options.percent) parameters["percent"] = *options.percent;
  if (!options.data.empty()) {
    auto data = parse_object("--data", options.data);
    if (!data) return session.complain(data.error());
    parameters["data"] = std::move(*data);
  }
  if (parameters.empty()) {
    return session.complain({ErrorCode::invalid, "say how far it is: wm progress 40"});
  }
  return report(session, "SetProgress", std::move(parameters));
}

}  // namespace

Command::Run set_up_progress(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ProgressOptions>();
  app.add_option("PERCENT", options->percent, "How much of the run is done, from 0 to 100")
      ->type_name("")
      ->check(whole_number());
  app.add_option("--data", options->data, "Further details: a JSON object")->type_name("JSON");
  app.footer(
      "For use inside a run. It is shown until the run ends.\n"
      "Example: wm progress 40 --data '{\"step\":\"upload\"}'");
  return [options](Session& session) { return progress(session, *options); };
}

}  // namespace wm::cli
