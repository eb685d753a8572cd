#include <memory>

#include "cli/work_options.h"

namespace wm::cli {

Command::Run set_up_register_oneoff(CLI::App& app, const Trailing& trailing) {
  auto options = std::make_shared<WorkOptions>();
  options->command = trailing;
  add_registration_options(app, *options);
  add_chain_options(app, *options);
  add_trigger_options(app, *options);
  app.footer(
      "Example: wm register-oneoff sync fetchPosts --input user=42 --network connected\n"
      "         wm register-oneoff tidy --charging --after sync -- find /tmp/x -delete");
  return [options](Session& session) { return register_work(session, *options, WorkKind::oneoff); };
}

}  // namespace wm::cli
