// Registers jobs of the three kinds.
#include <memory>

#include "cli/caller.h"
#include "cli/render/work.h"
#include "cli/request_options.h"
#include "core/request_json.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct Registration {
  Registration(CLI::App& app, Offers offers, const CommandLine& line)
      : request(app, offers, line) {}

  RequestOptions request;
  std::string existing;
};

std::shared_ptr<Registration> set_up(CLI::App& app, Offers offers, const CommandLine& line) {
  auto options = std::make_shared<Registration>(app, offers, line);
  options->request.add_names(app,
                             "A task that the configuration declares (wm tasks).\n"
                             "Or give a command at the end, after --");
  app.add_option("--existing", options->existing,
                 "If the name is in use: keep (default), replace,\n"
                 "append, append-or-replace, update or\n"
                 "cancel-and-reenqueue")
      ->group(std::string(word(FieldGroup::kept)))
      ->type_name("POLICY");
  return options;
}

int register_work(Session& session, const Registration& options, const WorkRequest& request) {
  if (request.task_name.empty() && request.command.empty()) {
    return session.complain({ErrorCode::invalid, "name a task, or give a command after --"});
  }
  json::object parameters{{"work", to_json(request)}};
  if (!options.existing.empty()) parameters["existing"] = options.existing;
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  auto answer = client->call("Register", std::move(parameters));
  if (!answer) return session.complain(answer.error());
  json::object work = answer->at("work").as_object();
  const std::string result(answer->at("result").as_string());
  if (const auto doubt = doubt_of_directory(request); !doubt.empty()) session.hint(doubt);
  if (session.json()) {
    work["result"] = result;
    session.print(work);
  } else {
    session.out() << describe_registration(work, result) << '\n';
  }
  return kDone;
}

int register_work(Session& session, const Registration& options, WorkKind kind) {
  const auto request = options.request.read(kind);
  if (!request) return session.complain(request.error());
  const bool lacks_period =
      !options.request.is_given("every") && !options.request.is_given("calendar");
  if (kind == WorkKind::periodic && lacks_period) {
    return session.complain(
        {ErrorCode::invalid, "--every or --calendar is required: how often should it run?"});
  }
  return register_work(session, options, *request);
}

}  // namespace

Command::Run set_up_register_oneoff(CLI::App& app, const CommandLine& line) {
  auto options = set_up(app, kOneoff, line);
  app.footer(
      "Example: wm register-oneoff sync fetchPosts --input user=42 --network connected\n"
      "         wm register-oneoff tidy --charging --after sync -- find /tmp/x -delete");
  return [options](Session& session) { return register_work(session, *options, WorkKind::oneoff); };
}

Command::Run set_up_register_periodic(CLI::App& app, const CommandLine& line) {
  auto options = set_up(app, kPeriodic, line);
  app.footer(
      "Example: wm register-periodic sync --every 1h -- rclone sync ~/a b:a\n"
      "         wm register-periodic report --calendar \"30 8 * * mon-fri\" -- ./report");
  return
      [options](Session& session) { return register_work(session, *options, WorkKind::periodic); };
}

Command::Run set_up_register_processing(CLI::App& app, const CommandLine& line) {
  auto options = set_up(app, kProcessing, line);
  app.footer(
      "It waits for --idle and --charging unless told otherwise (--no-idle,\n"
      "--no-charging), and is stopped when somebody comes back to the machine.\n"
      "Example: wm register-processing index --no-charging -- updatedb");
  return [options](Session& session) {
    return register_work(session, *options, WorkKind::processing);
  };
}

}  // namespace wm::cli
