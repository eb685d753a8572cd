#include <memory>

#include "cli/caller.h"
#include "cli/command.h"
#include "cli/run_side.h"
#include "core/json_reader.h"

namespace wm::cli {
namespace {

int output(Session& session, const std::string& source) {
  const auto text = read_text("JSON", source);
  if (!text) return session.complain(text.error());
  auto object = parse_object("the output", *text);
  if (!object) return session.complain(object.error());
  return report(session, "SetOutput", {{"output", std::move(*object)}});
}

}  // namespace

Command::Run set_up_output(CLI::App& app, const CommandLine&) {
  auto source = std::make_shared<std::string>();
  app.add_option("JSON", *source, "A JSON object; @FILE; - for stdin")->required()->type_name("");
  app.footer(
      "For use inside a run. It becomes the job's output if the run succeeds, like the\n"
      "content of $WM_OUTPUT_FILE.\n"
      "Example: wm output '{\"posts\":3}'");
  return [source](Session& session) { return output(session, *source); };
}

}  // namespace wm::cli
