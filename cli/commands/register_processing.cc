#include <memory>

#include "cli/work_options.h"

namespace wm::cli {

Command::Run set_up_register_processing(CLI::App& app, const Trailing& trailing) {
  auto options = std::make_shared<WorkOptions>();
  options->command = trailing;
  add_registration_options(app, *options);
  add_chain_options(app, *options);
  add_trigger_options(app, *options);
  app.footer(
      "It waits for --idle and --charging unless told otherwise (--no-idle,\n"
      "--no-charging), and is stopped when somebody comes back to the machine.\n"
      "Example: wm register-processing index --no-charging -- updatedb");
  return [options](Session& session) {
    return register_work(session, *options, WorkKind::processing);
  };
}

}  // namespace wm::cli
