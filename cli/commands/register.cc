// Registers jobs of the three kinds.
#include <memory>

#include "cli/caller.h"
#include "cli/chain_failure.h"
#include "cli/import/job_name.h"
#include "cli/render/work.h"
#include "cli/request_options.h"
#include "cli/shell_words.h"
#include "core/recurrence.h"
#include "core/request_json.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct Registration {
  Registration(CLI::App& app, Offers offers, const CommandLine& line)
      : request(app, offers, line) {}

  RequestOptions request;
  std::string existing;
};

void add_existing(CLI::App& app, Registration& options) {
  app.add_option("--existing", options.existing,
                 "If the name is in use: keep (default), replace,\n"
                 "append, append-or-replace, update or\n"
                 "cancel-and-reenqueue")
      ->group(std::string(word(FieldGroup::kept)))
      ->type_name("POLICY");
}

std::shared_ptr<Registration> set_up(CLI::App& app, Offers offers, const CommandLine& line) {
  auto options = std::make_shared<Registration>(app, offers, line);
  options->request.add_names(app,
                             "A task that the configuration declares (wm tasks).\n"
                             "Or give a command at the end, after --");
  add_existing(app, *options);
  return options;
}

// The program that the command is about: `rsync` in `/usr/bin/rsync -a x y`, and in `sh -c 'rsync
// -a x y'`.
std::string name_of(const std::vector<std::string>& command) {
  constexpr std::size_t kLongest = 64;
  const std::string name = name_of_command(shell_line(command));
  return name.empty() || name.size() > kLongest || has_control(name) ? "job" : name;
}

bool is_another_command(const WorkRequest& request, const json::object& work) {
  return request.command != texts_of(work, "command") ||
         request.task_name != text_of(work, "taskName");
}

int register_work(Session& session, const Registration& options, const WorkRequest& request,
                  json::object parameters = {}) {
  if (request.task_name.empty() && request.command.empty()) {
    return session.complain({ErrorCode::invalid, "name a task, or give a command after --"});
  }
  parameters["work"] = to_json(request);
  if (!options.existing.empty()) parameters["existing"] = options.existing;
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  auto answer = client->call("Register", std::move(parameters));
  if (!answer) return session.complain(answer.error());
  json::object work = answer->at("work").as_object();
  const std::string result(answer->at("result").as_string());
  for (const std::string& doubt : doubts_of(request)) session.hint(doubt);
  if (const auto doubt = doubt_of_time(request); !doubt.empty()) session.hint(doubt);
  if (result == "kept" && options.existing.empty() && is_another_command(request, work)) {
    session.hint("'" + printable(request.unique_name) +
                 "' still has its earlier command: --existing replace takes the new one, another "
                 "name adds a job");
  }
  if (!text_of(work, "failedPrerequisite").empty()) {
    const auto failure = failure_in_chain(session, request.unique_name);
    if (failure)
      session.hint(failure->reason + ": " + retry_command(failure->names, session.owner()));
  }
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

// A job of a command of its own, whose name may be left out.
int register_command(Session& session, const Registration& options, WorkRequest request) {
  if (request.command.empty()) {
    const std::string named =
        request.unique_name.empty() ? "" : ": '" + request.unique_name + "' is the job's name";
    return session.complain({ErrorCode::invalid, "give a command after --" + named});
  }
  if (!options.existing.empty() && request.unique_name.empty()) {
    return session.complain({ErrorCode::invalid, "--existing needs a name"});
  }
  json::object parameters;
  if (request.unique_name.empty()) {
    request.unique_name = name_of(request.command);
    parameters["numbered"] = true;
  }
  return register_work(session, options, request, std::move(parameters));
}

int register_once(Session& session, const Registration& options) {
  const auto request = options.request.read(WorkKind::oneoff);
  return request ? register_command(session, options, *request) : session.complain(request.error());
}

int register_every(Session& session, const Registration& options, const std::string& when) {
  auto request = options.request.read(WorkKind::periodic);
  if (!request) return session.complain(request.error());
  const auto recurrence = parse_recurrence(when);
  if (!recurrence) {
    const std::string both = when + " " + request->unique_name;
    const auto joined = parse_recurrence(both);
    // Any five words may be cron's fields.
    if (!joined || joined->calendar == both) return session.complain(recurrence.error());
    return session.complain(
        {ErrorCode::invalid, "the period is one word: write wm every \"" + both + "\""});
  }
  request->every = recurrence->every.value_or(Duration::zero());
  request->calendar = recurrence->calendar;
  return register_command(session, options, std::move(*request));
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

Command::Run set_up_once(CLI::App& app, const CommandLine& line) {
  auto options = std::make_shared<Registration>(app, kOneoff, line);
  options->request.add_name(app);
  add_existing(app, *options);
  app.footer(
      "Without NAME it is called as its command, with a number if there is such a job.\n"
      "Example: wm once -- rsync -a photos nas:photos\n"
      "         wm once mail --network connected --at \"tomorrow 10:00\" -- ./send");
  return [options](Session& session) { return register_once(session, *options); };
}

Command::Run set_up_every(CLI::App& app, const CommandLine& line) {
  auto options = std::make_shared<Registration>(app, kEvery, line);
  auto when = std::make_shared<std::string>();
  app.add_option("WHEN", *when,
                 "1d, day, 02:30, \"Mon..Fri 09:00\", \"sat,sun noon\",\n"
                 "\"30 2 * * *\", @monthly")
      ->required()
      ->type_name("");
  options->request.add_name(app);
  add_existing(app, *options);
  app.footer(
      "Without NAME it is called as its command, with a number if there is such a job;\n"
      "the same command and period twice are one job.\n"
      "Example: wm every day --charging -- restic backup ~\n"
      "         wm every \"Mon..Fri 09:00\" report -- ./report");
  return [options, when](Session& session) { return register_every(session, *options, *when); };
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
