#include <memory>

#include "cli/work_options.h"

namespace wm::cli {

Command::Run set_up_register_periodic(CLI::App& app, const Trailing& trailing) {
  auto options = std::make_shared<WorkOptions>();
  options->command = trailing;
  add_registration_options(app, *options);
  add_period_options(app, *options);
  app.footer(
      "Example: wm register-periodic sync --every 1h -- rclone sync ~/a b:a\n"
      "         wm register-periodic report --calendar \"30 8 * * mon-fri\" -- ./report");
  return [options](Session& session) {
    if (options->every.empty() && options->calendar.empty()) {
      return session.complain(
          {ErrorCode::invalid, "--every is required, or --calendar: how often is it to run?"});
    }
    return register_work(session, *options, WorkKind::periodic);
  };
}

}  // namespace wm::cli
