#include "cli/global_options.h"

#include "core/version.h"

namespace wm::cli {

std::string version_line() { return "wm " + std::string(kVersion); }

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_flag("--json", options.json, "Print JSON");
  auto* user = app.add_flag("--user", options.user, "Talk to your own daemon");
  app.add_flag("--system", options.system, "Talk to the system's daemon")->excludes(user);
  app.add_option("--socket", options.socket, "Talk to the daemon at this socket")
      ->type_name("PATH");
  app.add_flag("--no-pager", options.no_pager, "Print long output directly, not in a pager");
  app.add_option("--owner", options.owner, "For root: act for this user")->type_name("USER");
  app.add_option_function<std::string>(
         "--color",
         [&options](const std::string& text) {
           const auto choice = parse_word<ColorChoice>(text);
           if (!choice) throw CLI::ValidationError("--color", choice.error().message);
           options.color = *choice;
         },
         "auto (default: on a terminal), always or never")
      ->type_name("WHEN");
  app.set_version_flag("--version", version_line());
  app.footer(
      "Example: wm once hello -- echo Hello\n"
      "         wm logs hello\n"
      "wm COMMAND --help says more about each.");
}

}  // namespace wm::cli
