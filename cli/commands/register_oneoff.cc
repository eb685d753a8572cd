#include <memory>

#include "cli/work_options.h"

namespace wm::cli {

Command::Run set_up_register_oneoff(CLI::App& app, const Trailing& trailing) {
  auto options = std::make_shared<WorkOptions>();
  options->command = trailing;
  add_work_options(app, *options);
  app.footer(
      "Example: wm register-oneoff backup --charging -- restic backup ~\n"
      "         wm register-oneoff sync fetchLatestPosts --input userId=user_42");
  return [options](Session& session) { return register_work(session, *options, WorkKind::oneoff); };
}

}  // namespace wm::cli
