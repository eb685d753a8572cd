#include <memory>

#include "cli/work_options.h"

namespace wm::cli {

Command::Run set_up_register_periodic(CLI::App& app, const Trailing& trailing) {
  auto options = std::make_shared<WorkOptions>();
  options->command = trailing;
  add_work_options(app, *options);
  app.add_option("--every,--frequency", options->every, "The period: 15m at the least")
      ->type_name("D")
      ->required()
      ->group("When it may run");
  app.add_option("--flex", options->flex, "Only in that last part of each period")
      ->type_name("D")
      ->group("When it may run");
  app.footer(
      "Example: wm register-periodic sync --every 1h -- rclone sync ~/a b:a\n"
      "         wm register-periodic cleanup cleanupCache --every 1d --charging");
  return
      [options](Session& session) { return register_work(session, *options, WorkKind::periodic); };
}

}  // namespace wm::cli
